import { describe, expect, test } from 'vitest';
import { runProbe } from './run-probe.ts';
import type { Ended } from './run-probe.ts';
import { installed, recordedIproute2 } from './recorded-tools.ts';
import { hostRoot, links } from './scratch.ts';

const SHELLS = {
  dash: ['dash'],
  bash: ['bash', '--posix'],
  busybox: ['busybox', 'ash'],
} as const;
const AWKS = ['mawk', 'gawk', 'original-awk', 'busybox'] as const;
/** What the probe starts beside `ip` and `bridge`. */
const PROGRAMS = ['awk', 'grep', 'head', 'renice', 'timeout', 'tr', 'uname'] as const;

const PAIRS = Object.values(SHELLS).flatMap((shell) => AWKS.map((awk) => [shell, awk] as const));
const WANTED = '10.42.1.0,8a:11:11:11:11:02,192.168.50.3,10.42.9.5/32';
const ROOT_FILES = {
  'proc/sys/net/ipv6/conf/flannel-v6.1/forwarding': '1\n',
  'proc/712/comm': 'kubelet\n',
  'proc/712/cmdline': 'kubelet\0--hostname-override=Node-A\0',
  'proc/713/comm': 'flanneld\n',
  'proc/713/stat': `713 (flanneld) S${' 0'.repeat(18)} 480000 0 0\n`,
} as const;

function answers(shell: readonly string[], own: readonly string[]): Promise<readonly Ended[]> {
  const path = [...own, recordedIproute2('v4.18.0')];
  const run = { shell, path, root: hostRoot(ROOT_FILES) };
  return Promise.all([
    runProbe({ ...run, action: 'digest' }),
    runProbe({ ...run, action: 'tables' }),
    runProbe({ ...run, action: 'entries', wanted: WANTED }),
  ]);
}

/** Fails, or outside CI leaves the test out, where one of these is not installed. */
function need(skip: (note: string) => void, ...names: readonly string[]): void {
  const missing = names.filter((name) => installed(name) === undefined);
  if (missing.length === 0) return;
  const note = `not installed: ${missing.join(', ')}`;
  if (process.env['CI'] !== undefined) throw new Error(note);
  skip(note);
}

describe('every shell and awk gives the same answer to the byte', () => {
  test.for(PAIRS)('%s with %s', async ([shell, awk], { skip }) => {
    need(skip, 'dash', 'mawk', shell[0], awk);
    const reference = await answers(['dash'], [links({ awk: installed('mawk') ?? '' })]);
    expect(reference.map(({ exit }) => exit)).toEqual([0, 0, 0]);
    expect(await answers(shell, [links({ awk: installed(awk) ?? '' })])).toEqual(reference);
  });

  test('busybox for everything', async ({ skip }) => {
    need(skip, 'busybox', 'dash', 'mawk');
    const busybox = installed('busybox') ?? '';
    const reference = await answers(['dash'], [links({ awk: installed('mawk') ?? '' })]);
    const own = links(Object.fromEntries(PROGRAMS.map((name) => [name, busybox])));
    expect(await answers(['busybox', 'ash'], [own])).toEqual(reference);
  });
});
