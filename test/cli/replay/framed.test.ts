import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELD, replayed } from './replayed.ts';

/** Four nodes with all entries, and one dead route that plays no part here. */
const CAPTURE = path.join(FIELD, 'ghost-route-over-own-pods');

/** The node of which the tests remove every neighbour entry. */
const LOST = 'kubeadm-3';

const FILES = ['ip-neigh.txt', 'bridge-fdb.txt', 'ip-route.txt', 'ip-link.txt', 'ip-addr.txt'];

const COMMANDS: Readonly<Record<string, string>> = {
  'ip-neigh.txt': 'ip neigh',
  'bridge-fdb.txt': 'bridge fdb',
  'ip-route.txt': 'ip route',
  'ip-link.txt': 'ip -d -o link',
  'ip-addr.txt': 'ip -o addr',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-framed-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What is decided of a capture in which all hosts lost one neighbour, and every file was pasted so. */
async function saidOf(pasted: (text: string, command: string) => string | Uint8Array) {
  const capture = path.join(folder, 'capture');
  rmSync(capture, { recursive: true, force: true });
  cpSync(CAPTURE, capture, { recursive: true });
  for (const host of readdirSync(capture).filter((name) => name.startsWith('kubeadm-'))) {
    for (const file of FILES) {
      const place = path.join(capture, host, file);
      const text = readFileSync(place, 'utf8');
      const lost = file === 'ip-neigh.txt' ? text.replace(/^10\.244\.3\.0 .*\n/m, '') : text;
      writeFileSync(place, pasted(lost, COMMANDS[file] ?? ''));
    }
  }
  return await replayed(capture);
}

describe('a lost neighbour is found in what was pasted', () => {
  test.for<readonly [string, (text: string, command: string) => string | Uint8Array]>([
    ['as it is', (text) => text],
    ["between Markdown's fences", (text) => `\`\`\`\n${text}\`\`\`\n`],
    ['with the trace of a script', (text, command) => `+ ${command}\n${text}`],
    ['under headings', (text, command) => `=== ${command} ===\n${text}`],
    ['under headings with a name', (text, command) => `--- host1: ${command} ---\n${text}`],
    ["under Ansible's heading", (text) => `host1 | CHANGED | rc=0 >>\n${text}`],
    [
      'from script(1)',
      (text) => `Script started on 2026-11-02\n${text}\nScript done on 2026-11-02\n`,
    ],
    ['after words of sudo', (text) => `sudo: unable to resolve host host1: Unknown\n${text}`],
    ['after a question of sudo', (text) => `[sudo] password for ubuntu: \n${text}`],
    [
      'after words of ssh',
      (text) =>
        `Warning: Permanently added '192.0.2.1' (ED25519) to the list of known hosts.\n${text}`,
    ],
    ['after words of kubectl', (text) => `Defaulted container "a" out of: a, b (init)\n${text}`],
    ['between prompts, the last one without an end', (text, command) => `$ ${command}\n${text}$ `],
    ['indented', (text) => text.replaceAll(/^(?=.)/gm, '    ')],
    ['as a quotation', (text) => text.replaceAll(/^/gm, '> ')],
    ['by PowerShell', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ])('%s', async ([, pasted]) => {
    const { incidents } = await saidOf(pasted);
    expect(incidents).toContainEqual(
      expect.objectContaining({ cause: 'neighbour-missing', subject: LOST }),
    );
  });
});

describe('a lost neighbour makes no healthy cluster', () => {
  test.for<readonly [string, (text: string, command: string) => string]>([
    ['in the middle of a pager', (text) => text.replace('\n', '\n--More--\n')],
    ['after the words of a login', (text) => `Welcome to Ubuntu 22.04.3 LTS\n${text}`],
    ['where the kernel broke off', (text) => `${text}Dump terminated\n`],
    ['where the command failed at its end', (text) => `${text}exit status 255\n`],
    [
      'under a heading of a part',
      (text, command) => `=== ${command} show to 10.244.1.0 ===\n${text}`,
    ],
  ])('%s', async ([, pasted]) => {
    const { verdict, checked } = await saidOf(pasted);
    expect(verdict).not.toBe('healthy');
    expect(checked?.unchecked).toContainEqual({
      node: LOST,
      reason: 'no other node showed what it holds of it',
    });
  });
});

test('hosts of which every file is empty are unknown, and no device is missing', async () => {
  const { verdict, incidents, problems } = await saidOf(() => '');
  expect({ verdict, incidents }).toEqual({ verdict: 'unjudged', incidents: [] });
  expect(problems).toContainEqual({
    where: LOST,
    message: 'all that was captured of it is empty, so nothing of it is known: capture it again',
  });
});
