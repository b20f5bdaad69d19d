import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCidr, parseIp } from '../../../../shared/core/overlay/addresses.ts';
import { isOverlayDevice } from '../../../../shared/core/overlay/profile.ts';
import { parseAddresses, parseLinks } from '../../../../shared/core/parse/devices.ts';
import { parseFdb } from '../../../../shared/core/parse/fdb.ts';
import { parseNeighbours } from '../../../../shared/core/parse/neighbours.ts';
import type { Parsed } from '../../../../shared/core/parse/parsed.ts';
import { parseRoutes } from '../../../../shared/core/parse/routes.ts';
import { anyFdbEntry, anyNeighbour, anyRoute } from '../../../support/entries.ts';

/** Problems are few, short and printable, whatever was fed in. */
function sound<T>({ value, problems }: Parsed<readonly T[]>): readonly T[] {
  expect(problems.length).toBeLessThanOrEqual(7);
  for (const { message } of problems) expect(message).toMatch(/^[\x20-\x7e]{1,200}$/);
  return value;
}

const CLEAN = { problems: [], understood: 'all' } as const;

/** ip prints the route to a host without its length. */
function asPrinted(destination: string): string {
  return destination.replace(destination.includes(':') ? /\/128$/ : /\/32$/, '');
}

const MAC = /^[0-9a-z]{2}(:[0-9a-z]{2}){5}$/;

describe('what is printed is read back', () => {
  /** What iproute2 prints between the address and the state, none of which matters. */
  const noise = fc.constantFrom('', ' router', ' extern_learn ', ' managed', ' ref 1 used 0/0/0');
  const tail = fc.constantFrom('', ' ', ' proto openr ', '\r');

  test('neighbours, as ip neigh prints them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyNeighbour, noise, tail)), (lines) => {
        const text = lines.map(([{ ip, device, mac, state }, middle, end]) => {
          const lladdr = mac === undefined ? ' ' : ` lladdr ${mac}`;
          return `${ip} dev ${device}${lladdr}${middle} ${state}${end}\n`;
        });
        const value = lines.map(([entry]) => entry);
        expect(parseNeighbours('here', text.join(''), undefined)).toEqual({ value, ...CLEAN });
      }),
    );
  });

  test('neighbours, as ip -j neigh prints them', () => {
    fc.assert(
      fc.property(fc.array(anyNeighbour), (value) => {
        const items = value.map(({ ip, device, mac, state }) => ({
          dst: ip,
          dev: device,
          lladdr: mac,
          router: null,
          state: [state],
        }));
        const parsed = parseNeighbours('here', JSON.stringify(items), undefined);
        expect(parsed).toEqual({ value, ...CLEAN });
      }),
    );
  });

  test('FDB entries, with and without the word dst', () => {
    const word = fc.constantFrom('dst ', '');
    const end = fc.constantFrom(' self permanent', ' self ', ' vni 7 via eth0 self static');
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFdbEntry, word, end)), (lines) => {
        const text = lines.map(
          ([{ mac, device, destination }, dst, rest]) =>
            `${mac} dev ${device} ${dst}${destination}${rest}\n`,
        );
        const value = lines.map(([entry]) => entry);
        expect(parseFdb('here', text.join(''), undefined)).toEqual({ value, ...CLEAN });
      }),
    );
  });

  test('routes, host routes without their length among them', () => {
    const end = fc.constantFrom(' onlink', ' proto static metric 50 onlink', ' pref medium', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(anyRoute, end)), (lines) => {
        const text = lines.map(
          ([{ destination, gateway, device }, rest]) =>
            `${asPrinted(destination)} via ${gateway} dev ${device}${rest}\n`,
        );
        const value = lines.map(([entry]) => entry);
        expect(parseRoutes('here', text.join(''), undefined)).toEqual({ value, ...CLEAN });
      }),
    );
  });
});

describe('links', () => {
  const FLANNEL =
    '9: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN \\    link/ether 62:50:00:00:00:00 brd ff:ff:ff:ff:ff:ff promiscuity 0 \\    vxlan id 1 local 10.60.1.10 dev bond0.120 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535';
  const VLAN =
    '5: bond0.120@bond0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP \\    link/ether 3c:ec:ef:00:01:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 \\    vlan protocol 802.1Q id 120 <REORDER_HDR> addrgenmode eui64';

  test('a VLAN, which has flags of its own, is a link like others', () => {
    const { understood, value, problems } = parseLinks('here', `${VLAN}\n${FLANNEL}\n`);
    expect([understood, problems]).toEqual(['all', []]);
    expect(value.map(({ name }) => name)).toEqual(['flannel.1']);
  });

  test('the interface below a device is that of its line, where the listing has it', () => {
    const underlayIn = (text: string) => parseLinks('here', text).value.map((one) => one.underlay);
    expect(underlayIn(`${VLAN}\n${FLANNEL}\n`)).toEqual([{ device: 'bond0.120', mtu: 1500 }]);
    expect(underlayIn(`${FLANNEL}\n${VLAN}\n`)).toEqual([{ device: 'bond0.120', mtu: 1500 }]);
    expect(underlayIn(`${FLANNEL}\n`)).toEqual([undefined]);
  });

  test('two lines that were joined are not understood', () => {
    expect(parseLinks('here', `${VLAN} ${FLANNEL}\n`).understood).not.toBe('all');
  });
});

describe('whatever is fed in', () => {
  const FOLDER = path.join(import.meta.dirname, '../../../fixtures/iproute2-outputs');
  const outputs = globSync('**/*.{txt,err}', { cwd: FOLDER }).map((file) =>
    readFileSync(path.join(FOLDER, file), 'utf8'),
  );
  const output = fc.constantFrom(...outputs);
  const cut = fc.tuple(output, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
  const mutated = fc
    .tuple(output, fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 20 }))
    .map(([text, edits]) =>
      edits.reduce((left, [at, put]) => {
        const from = at % (left.length + 1);
        return left.slice(0, from) + put + left.slice(from + 1);
      }, text),
    );
  const concatenated = fc.array(cut, { maxLength: 4 }).map((texts) => texts.join(''));
  const interleaved = fc.tuple(output, output).map(([one, two]) => {
    const others = two.split('\n');
    return one
      .split('\n')
      .map((line, at) => line + (others[at] ?? ''))
      .join('\n');
  });
  const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => new TextDecoder().decode(array));
  const json = fc.json({ maxDepth: 4 }).map((text) => `[${text}]`);
  const noise = fc.oneof(cut, mutated, concatenated, interleaved, bytes, json, fc.string());

  test('no parser throws, and no entry holds what no line could mean', () => {
    fc.assert(
      fc.property(noise, fc.constantFrom(undefined, 'flannel.1'), (text, device) => {
        for (const entry of sound(parseNeighbours('here', text, device))) {
          expect(isOverlayDevice(entry.device)).toBe(true);
          expect(parseIp(entry.ip)).toBe(entry.ip);
          expect(entry.mac ?? '00:00:00:00:00:00').toMatch(MAC);
          expect(entry.permanent).toBe(entry.state.includes('PERMANENT'));
        }
        for (const entry of sound(parseFdb('here', text, device))) {
          expect(isOverlayDevice(entry.device)).toBe(true);
          expect(entry.mac).toMatch(MAC);
          expect(parseIp(entry.destination)).toBe(entry.destination);
        }
        for (const entry of sound(parseRoutes('here', text, device))) {
          expect(parseCidr(entry.destination)).toBe(entry.destination);
          expect(parseIp(entry.gateway)).toBe(entry.gateway);
        }
        for (const entry of sound(parseLinks('here', text))) {
          expect(isOverlayDevice(entry.name)).toBe(true);
          expect(entry.mac ?? '00:00:00:00:00:00').toMatch(MAC);
        }
        for (const { device: name, address } of sound(parseAddresses('here', text))) {
          expect(isOverlayDevice(name)).toBe(true);
          expect(parseCidr(address)).toBe(address);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.for([
    ['one line of 4 MB', 'a'.repeat(4_000_000)],
    ['one line of 200,000 words', '10.42.1.0 '.repeat(200_000)],
    ['a million colons', ':'.repeat(1_000_000)],
    ['100,000 lines', 'x\n'.repeat(100_000)],
    ['deep JSON', '['.repeat(100_000)],
  ] as const)('%s is no entry and few problems', ([, text]) => {
    const parsed = [
      parseNeighbours('here', text, 'flannel.1'),
      parseFdb('here', text, 'flannel.1'),
      parseRoutes('here', text, 'flannel.1'),
      parseLinks('here', text),
      parseAddresses('here', text),
    ];
    for (const one of parsed) expect(sound<unknown>(one).length).toBeLessThanOrEqual(1);
  });
});

describe("entries that are none of flannel's", () => {
  test.for([
    ['10.42.31.0 dev flannel.1 proxy', 'an address that the host answers for'],
    ['224.0.0.22 dev flannel.1 lladdr 01:00:5e:00:00:16 NOARP', 'a multicast address'],
    ['10.42.1.0 dev eth0 lladdr 8a:11:11:11:11:02 PERMANENT', 'a neighbour on the underlay'],
  ] as const)('%s: %s', ([line]) => {
    expect(parseNeighbours('here', line, undefined)).toEqual({ value: [], ...CLEAN });
  });

  test.for([
    ['00:00:00:00:00:00 dev flannel.1 dst 192.168.50.2 self permanent', 'a flood entry'],
    ['8a:11:11:11:66:01 dev flannel.1 nhid 12 self permanent', 'a next-hop group'],
    ['8a:11:11:11:11:02 dev flannel.1 vlan 1 master br0 permanent', 'a bridge port'],
  ] as const)('%s: %s', ([line]) => {
    expect(parseFdb('here', line, undefined)).toEqual({ value: [], ...CLEAN });
  });

  test.for([
    ['default via 192.168.50.2 dev eth0', 'the default route'],
    ['blackhole 10.42.8.0/26 proto 80', 'a dead end'],
    ['\tnexthop via 192.168.50.2 dev eth0 weight 1', 'one of several next hops'],
    ['192.168.50.0/24 dev eth0 proto kernel scope link', 'a route without a gateway'],
  ] as const)('%s: %s', ([line]) => {
    expect(parseRoutes('here', `${line}\n`, undefined)).toEqual({ value: [], ...CLEAN });
  });
});

describe('problems', () => {
  test('a line that is not understood is quoted, cut and printable', () => {
    const { value, problems } = parseNeighbours(
      'node1',
      `Err\u0007or ${'x'.repeat(200)}`,
      undefined,
    );
    expect(value).toEqual([]);
    expect(problems).toEqual([
      { where: 'node1', message: `not a neighbour entry: "Err?or ${'x'.repeat(73)}..."` },
    ]);
  });

  test('of many alike the first five are told and the rest is counted', () => {
    const { problems } = parseFdb('node1', 'garbage\n'.repeat(12), undefined);
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)?.message).toBe('7 more lines not understood');
  });

  test('a listing longer than any host prints is read in part, and said to be', () => {
    const line = '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT\n';
    const { value, problems } = parseNeighbours('node1', line.repeat(200_001), undefined);
    expect(value).toHaveLength(200_000);
    expect(problems.at(-1)?.message).toBe('200001 lines; only the first 200000 were read');
  });

  test('a neighbour without a device, where none was asked for, is not guessed at', () => {
    const { value, problems } = parseNeighbours('node1', '10.42.1.0 INCOMPLETE', undefined);
    expect(value).toEqual([]);
    expect(problems[0]?.message).toContain('without its device');
  });

  test('a masked MAC is kept as it stands', () => {
    const line = '10.68.4.0 dev flannel.1 lladdr 82:67:5t:5f:43:3b PERMANENT';
    expect(parseNeighbours('node1', line, undefined).value[0]?.mac).toBe('82:67:5t:5f:43:3b');
  });
});
