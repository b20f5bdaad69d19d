import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELD, replayed } from './replayed.ts';

const HEALTHY = path.join(FIELD, 'arp-n-healthy');
const HOSTS = ['host1', 'host2', 'host3', 'host4'] as const;

/** What `ip neigh` would have printed there. */
const NEIGHBOURS = ['10.1.1.0', '10.1.2.0', '10.1.3.0', '10.1.4.0'].map(
  (ip, at) => `${ip} dev flannel.1 lladdr ee:36:00:00:00:0${at + 1} PERMANENT `,
);

let work = '';
let capture = '';
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-capture-'));
  capture = path.join(work, 'capture');
  cpSync(HEALTHY, capture, { recursive: true });
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

function original(host: string, file: string): string {
  if (file !== 'ip-neigh.txt') return readFileSync(path.join(HEALTHY, host, file), 'utf8');
  const own = HOSTS.findIndex((name) => name === host);
  const others = NEIGHBOURS.filter((_, at) => at !== own);
  return [...others, '10.10.10.254 dev eno16777736 lladdr 00:00:5e:00:53:a6 REACHABLE ', ''].join(
    '\n',
  );
}

/** What replay says where one file of one host has another text. */
async function saidOf(host: string, file: string, text: string) {
  const place = path.join(capture, host, file);
  writeFileSync(place, text);
  try {
    return await replayed(capture);
  } finally {
    writeFileSync(place, original(host, file));
  }
}

const FILES = ['ip-neigh.txt', 'bridge-fdb.txt', 'ip-route.txt', 'ip-link.txt', 'ip-addr.txt'];

describe('a healthy capture in which one listing was damaged', () => {
  const place = fc.tuple(fc.constantFrom(...HOSTS), fc.constantFrom(...FILES));
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('cut line' as const), line: fc.nat(), at: fc.nat() }),
    fc.record({ kind: fc.constant('cut listing' as const), line: fc.nat(), at: fc.nat() }),
    fc.record({ kind: fc.constant('joined' as const), line: fc.nat(), at: fc.nat() }),
    fc.record({ kind: fc.constant('inserted' as const), line: fc.nat(), text: anyLine() }),
    fc.record({ kind: fc.constant('coloured' as const), line: fc.nat(), at: fc.nat() }),
  );

  test('shows no fault', async () => {
    await fc.assert(
      fc.asyncProperty(place, damage, async ([host, file], done) => {
        const report = await saidOf(host, file, damaged(original(host, file), done));
        expect(report.incidents).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('shows no device that lost its address, where the addresses end before those of the underlay', async () => {
    const [loopback = '', underlay = ''] = original('host1', 'ip-addr.txt').split('\n');
    const cut = `${loopback}\n${underlay}`;
    const lifetime = ' preferred_lft forever';
    expect(cut.endsWith(lifetime)).toBe(true);
    for (const text of [
      `${loopback}\n`,
      loopback.slice(0, -5),
      cut,
      cut.slice(0, -lifetime.length),
    ]) {
      expect((await saidOf('host1', 'ip-addr.txt', text)).incidents).toEqual([]);
    }
  });

  test('is told, and says what to capture again, unless all of it was read all the same', async () => {
    for (const at of [3, 12, 25, 40]) {
      const text = damaged(original('host2', 'ip-neigh.txt'), {
        kind: 'cut line',
        line: 1,
        at,
      });
      const { problems } = await saidOf('host2', 'ip-neigh.txt', text);
      expect(problems).toContainEqual({
        where: 'host2/ip-neigh.txt',
        message: 'understood in part, so what it lacks is unknown: capture all of "ip neigh"',
      });
    }
  });
});

type Damage =
  | {
      readonly kind: 'cut line' | 'cut listing' | 'joined' | 'coloured';
      readonly line: number;
      readonly at: number;
    }
  | { readonly kind: 'inserted'; readonly line: number; readonly text: string };

function damaged(text: string, damage: Damage): string {
  const lines = text.split('\n').slice(0, -1);
  const at = damage.line % lines.length;
  const line = lines[at] ?? '';
  const [before, after] = [lines.slice(0, at), lines.slice(at + 1)];
  const ended = (all: readonly string[]): string => all.map((one) => `${one}\n`).join('');
  switch (damage.kind) {
    case 'cut line':
      return ended([...before, cutInside(line, damage.at), ...after]);
    case 'cut listing':
      return ended(before) + cutInside(line, damage.at);
    case 'joined':
      return ended([
        ...before,
        line.slice(0, line.length - (damage.at % 12)) + (after[0] ?? ''),
        ...after.slice(1),
      ]);
    case 'inserted':
      return ended([...before, damage.text, line, ...after]);
    case 'coloured':
      return ended([...before, coloured(line, damage.at), ...after]);
  }
}

/** The line without its end: at least the last word is cut, or gone. */
function cutInside(line: string, at: number): string {
  const last = line.trimEnd().lastIndexOf(' ');
  return line.slice(0, 1 + (at % (last + 1)));
}

/** As `ip -c` colours addresses, devices and states; some terminals lose the escape character. */
function coloured(line: string, at: number): string {
  const [start, end] = [
    ['\u001B[36m', '\u001B[0m'],
    ['\u001B[1;34m', '\u001B[m\u001B[K'],
    ['^[[35m', '^[[0m'],
    ['[32m', '[0m'],
  ][at % 4] ?? ['', ''];
  return line.replaceAll(
    /[0-9a-f.:/]{8,}|PERMANENT|flannel\.1/g,
    (word) => `${start}${word}${end}`,
  );
}

/** What gets into a paste. */
const PASTED = `...
[...]
--More--
$ ip neigh
root@host2:~# ip neigh | head
# bridge fdb
sh-4.2$ ip route
/ # ip -d link
[ec2-user@ip-10-0-0-1 ~]$ 
~ > exit

-bash: bridge: command not found
Dump terminated
RTNETLINK answers: Success
Error: either "dev" is duplicate, or "vxlan" is garbage.
Cannot find device "x"`.split('\n');

function anyLine(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...PASTED), fc.string({ maxLength: 60 }));
}
