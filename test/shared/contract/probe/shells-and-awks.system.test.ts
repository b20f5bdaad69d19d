import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { need } from '../latency/need.ts';
import { AWKS, programsOf, SHELLS } from './awks.ts';
import { generatedTables, generatedTools, WITH_IPV6 } from './generated-tables.ts';
import { runProbe } from './run-probe.ts';
import type { Ended, Run } from './run-probe.ts';
import { installed, recordedIproute2 } from './recorded-tools.ts';
import { hostRoot, links } from './scratch.ts';

/** What the probe starts beside `ip` and `bridge`. */
const PROGRAMS = [
  'awk',
  'base64',
  'cat',
  'grep',
  'gzip',
  'head',
  'renice',
  'sh',
  'timeout',
  'tr',
  'uname',
] as const;

const PAIRS = (['dash', 'bash', 'busybox'] as const).flatMap((shell) =>
  AWKS.map((awk) => [shell, awk] as const),
);
const WANTED = '10.42.1.0,8a:11:11:11:11:02,192.168.50.3,10.42.9.5/32';
const ROOT_FILES = {
  'proc/sys/net/ipv6/conf/flannel-v6.1/forwarding': '1\n',
  'proc/712/comm': 'kubelet\n',
  'proc/712/status': 'Name:\tkubelet\nUid:\t0\t0\t0\t0\n',
  'proc/712/cmdline': 'kubelet\0--hostname-override=Node-A\0',
  'proc/713/comm': 'flanneld\n',
  'proc/713/stat': `713 (flanneld) S${' 0'.repeat(18)} 480000 0 0\n`,
  'run/flannel/subnet.env': 'FLANNEL_NETWORK=10.42.0.0/21\nFLANNEL_MTU=1450\n',
} as const;

const ASKED = [
  { action: 'digest' },
  { action: 'tables' },
  { action: 'tables', wanted: '0/3' },
  { action: 'entries', wanted: WANTED },
] as const;

/** All answers of a host, through this shell and the programs in these directories. */
function answers(shell: readonly string[], host: Pick<Run, 'path' | 'root'>): Promise<Ended[]> {
  return Promise.all(ASKED.map((asked) => runProbe({ ...host, ...asked, shell })));
}

function recordedHost(own: string, root = hostRoot(ROOT_FILES)): Pick<Run, 'path' | 'root'> {
  return { path: [own, recordedIproute2('v4.18.0')], root };
}

describe('every shell and awk gives the same answer to the byte', () => {
  test.for(PAIRS)('%s with %s', async ([shell, awk], { skip }) => {
    need(skip, 'dash', 'mawk', shell, awk);
    const reference = await answers(SHELLS.dash, recordedHost(programsOf('mawk', 'dash')));
    expect(reference.map(({ exit }) => exit)).toEqual([0, 0, 0, 0]);
    expect(await answers(SHELLS[shell], recordedHost(programsOf(awk, shell)))).toEqual(reference);
  });

  test('busybox for everything', async ({ skip }) => {
    need(skip, 'busybox', 'dash', 'mawk');
    const busybox = installed('busybox') ?? '';
    const reference = await answers(SHELLS.dash, recordedHost(programsOf('mawk', 'dash')));
    const own = links(Object.fromEntries(PROGRAMS.map((name) => [name, busybox])));
    expect(await answers(SHELLS.busybox, recordedHost(own))).toEqual(reference);
  });

  test('of whatever tables', async ({ skip }) => {
    need(skip, ...Object.keys(SHELLS), ...AWKS);
    const own = AWKS.map((awk) => programsOf(awk));
    const root = hostRoot({ ...ROOT_FILES, ...WITH_IPV6 });
    await fc.assert(
      fc.asyncProperty(generatedTables, async (tables) => {
        const tools = generatedTools(tables);
        const [first, ...others] = await Promise.all(
          own.map((awk) => runProbe({ action: 'digest', path: [awk, tools], root })),
        );
        expect(first?.exit).toBe(0);
        for (const other of others) expect(other).toEqual(first);
      }),
      { numRuns: 10 },
    );
  });
});
