import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ANSWER_END } from '../../../../shared/contract/wire.ts';
import { need } from '../latency/need.ts';
import { cannotHaveNamespaces } from './own-namespace.ts';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import type { Ended } from './run-probe.ts';
import { answering, installed, recordedIproute2 } from './recorded-tools.ts';
import { hostRoot, links, programs, scratchDirectory } from './scratch.ts';

const ALL_UNKNOWN = ['device', 'neighbour', 'fdb', 'route'] as const;
const IPROUTE2 = `[ "$*" != -V ] || exec echo 'ip utility, iproute2-6.1.0'\n`;
/** On a host where `ip`, after having told its version, and `bridge` do this. */
function tables(ip: string, bridge = 'true'): Promise<Ended> {
  return asked('tables', ip, bridge);
}

function asked(action: string, ip: string, bridge: string): Promise<Ended> {
  const own = programs({ ip: IPROUTE2 + ip, bridge });
  return runProbe({ action, path: [own], root: hostRoot({}) });
}

/** Whether this machine runs a program with these words. */
function runs(...words: readonly string[]): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => commandLineOf(pid) === words.join('\0') + '\0');
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function unknown(reason: string): readonly string[] {
  return ALL_UNKNOWN.map((table) => `U ${table} ${reason}`);
}

function outcomeOf({ exit, stdout, stderr }: Ended): object {
  return { exit, sealed: stdout.includes(ANSWER_END), complains: stderr.startsWith('vtepwatch: ') };
}

/** What has no end is ended by its size, or on a slow machine by time: then every table is unknown. */
function saysNothing(ended: Ended): boolean {
  if (ended.exit !== 0) return isDeepStrictEqual(outcomeOf(ended), NO_ANSWER);
  const told = tablesOf(ended).filter((line) => !/^S 0 0 0 0 0 A+$/.test(line));
  return isDeepStrictEqual(told, unknown('timeout'));
}

const NO_ANSWER = { exit: 1, sealed: false, complains: true } as const;

describe('a table that cannot be read is unknown, not empty', () => {
  test.skipIf(cannotHaveNamespaces())('when there is no `ip` and no `bridge`', async () => {
    const empty = scratchDirectory();
    const hide = `
      mount --bind ${empty} /usr/sbin
      mkdir ${empty}/bin && cp -a /usr/bin/. ${empty}/bin && rm -f ${empty}/bin/ip
      mount --bind ${empty}/bin /usr/bin
      exec sh -c "$0"`;
    const ended = await runProbe({ action: 'tables', shell: ['unshare', '-m', 'sh', '-c', hide] });
    expect(tablesOf(ended)).toEqual(unknown('missing'));
    expect(payloadOf(ended)).toContain('tools none -');
  });

  test('when they are not what their names say', async () => {
    const own = programs({ ip: 'echo 0.0.0.0/0', bridge: 'echo CNI bridge plugin v1.1.1 >&2' });
    const ended = await runProbe({ action: 'tables', path: [own], root: hostRoot({}) });
    expect(tablesOf(ended)).toEqual(unknown('unrecognised'));
  });

  const shells = ['dash', 'bash', 'busybox'] as const;
  const limiters = ['/usr/bin/timeout 0.5', 'busybox timeout 1'] as const;

  test.for(shells.flatMap((shell) => limiters.map((limiter) => [limiter, shell] as const)))(
    'when they hang, which `%s` ends under %s',
    async ([limiter, shell], { skip }) => {
      need(skip, shell, ...(limiter.startsWith('busybox') ? ['busybox'] : []));
      const nap = `60.${randomInt(1e9)}`;
      const own = programs({
        timeout: `shift; exec ${limiter} "$@"`,
        ip: `${IPROUTE2}exec sleep ${nap}`,
        bridge: `exec sleep ${nap}`,
      });
      const sh = links({ sh: installed(shell) ?? shell });
      const ended = await runProbe({ action: 'tables', path: [own, sh], root: hostRoot({}) });
      expect(tablesOf(ended)).toEqual(unknown('timeout'));
      expect(runs('sleep', nap)).toBe(false);
    },
  );

  test('when only the last hangs, the others are known', async () => {
    const neighbour = 'echo "10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT"';
    const own = programs({
      timeout: 'shift; exec /usr/bin/timeout 2 "$@"',
      ip: `${IPROUTE2}case $* in neigh*) ${neighbour} ;; *route*) exec sleep 60 ;; esac`,
      bridge: 'true',
    });
    const ended = await runProbe({ action: 'tables', path: [own], root: hostRoot({}) });
    expect(tablesOf(ended)).toEqual([
      'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
      'U route timeout',
    ]);
  });

  test('when they fail', async () => {
    expect(tablesOf(await tables('exit 2', 'exit 255'))).toEqual([
      'U device exit-2',
      'U neighbour exit-2',
      'U fdb exit-255',
      'U route exit-2',
    ]);
  });

  test('when they are killed', async () => {
    expect(tablesOf(await tables('kill -9 $$', 'kill -9 $$'))).toEqual(unknown('exit-137'));
  });

  test('when the kernel says that it changed meanwhile', async () => {
    const complaint = 'echo "Dump was interrupted and may be inconsistent." >&2';
    expect(tablesOf(await tables(complaint, complaint))).toEqual(unknown('interrupted'));
  });

  test.for([
    '[{"dst":"10.42.1.0","dev":"flannel.1"}]',
    '\u001B[36m10.42.1.0\u001B[0m dev flannel.1',
    `${ANSWER_END} 5 5`,
    '$(touch pwned) `touch pwned` ; touch pwned',
  ])('when they print %j', async (line) => {
    const print = `printf '%s\\n' '${line}'`;
    expect(tablesOf(await tables(print, print))).toEqual(unknown('unrecognised'));
  });

  test('when half of it came before the failure', async () => {
    const ended = await tables(
      'echo "10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT"; exit 1',
    );
    expect(tablesOf(ended)).toEqual([
      'U device exit-1',
      'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
      'U neighbour exit-1',
      'U route exit-1',
    ]);
  });
});

describe('a digest of what cannot be read is of nothing', () => {
  const nothing = `S 0 0 0 0 0 ${'A'.repeat(1280)}`;

  test.for(['exit 2', 'kill -9 $$', 'echo nonsense'])(
    'where `ip` and `bridge` do `%s`',
    async (does) => {
      const lines = tablesOf(await asked('digest', does, does));
      expect(lines.map((line) => line.replace(/^(U \w+) .*/, '$1'))).toEqual([
        ...ALL_UNKNOWN.map((table) => `U ${table}`),
        nothing,
      ]);
    },
  );

  test('what its entries hold beyond addresses stays there, and nothing is run', async () => {
    const mark = path.join(scratchDirectory(), 'run');
    const nasty = `\\033]0;x\\007\\302\\240$(touch\${IFS}${mark})`;
    const ended = await asked(
      'digest',
      `case $* in
        neigh*) printf '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 STALE proto ${nasty}\\n' ;;
        *route*) printf '10.42.2.0/24 via 10.42.2.0 dev ${nasty}\\n' ;;
      esac`,
      'true',
    );
    expect(ended.stdout).toMatch(/^[\n -~]*$/);
    expect(tablesOf(ended)[0]).toMatch(/^S 1 0 0 1 0 [\w-]{1280}$/);
    expect(existsSync(mark)).toBe(false);
  });

  test.for(['10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT', 'nonsense'])(
    'no end of `%s` says nothing in a digest',
    async (line) => {
      expect(saysNothing(await asked('digest', `exec yes '${line}'`, 'true'))).toBe(true);
    },
  );
});

describe('a hostile host', () => {
  test('what looks like the end inside an answer is not the end', async () => {
    const line = `10.42.1.0 dev flannel.1 ${ANSWER_END} 5 5`;
    const ip = answering({
      '-V': 'ip utility, iproute2-6.1.0\n',
      'neigh show nud all': `${line}\n${ANSWER_END} 5 5\n`,
    });
    const ended = await runProbe({
      action: 'entries',
      wanted: '10.42.1.0',
      path: [programs({ ip })],
      root: hostRoot({}),
    });
    expect(payloadOf(ended).join('\n')).not.toContain(ANSWER_END);
    expect(payloadOf(ended)).toContain('U neighbour unrecognised');
  });

  test.for(['@end 0', '@end 0\nhost other', '@begin route'])(
    'a mark of the script’s own, %j, gives no answer',
    async (mark) => {
      expect(outcomeOf(await tables(`printf '%s\\n' '${mark}'`))).toEqual(NO_ANSWER);
    },
  );

  test('nothing but printable ASCII is passed on, and nothing is run', async () => {
    const mark = path.join(scratchDirectory(), 'run');
    const touch = `touch\${IFS}${mark}`;
    const nasty = `\\033]0;x\\007\\000\\377\\302\\240$(${touch})\`${touch}\`;${touch}`;
    const ended = await tables(`
      printf '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 STALE proto ${nasty}\\n'
      printf '10.42.2.0/24 via 10.42.2.0 dev ${nasty}\\n'`);
    expect(ended.stdout).toMatch(/^[\n -~]*$/);
    expect(tablesOf(ended)).toContain('N flannel.1 10.42.1.0 8a:11:11:11:11:02 STALE');
    expect(tablesOf(ended).join('\n')).toContain(`$(${touch})`);
    expect(existsSync(mark)).toBe(false);
  });

  test.for([
    ['print', 'in lines'],
    ['printf', 'in one line'],
  ] as const)(
    'ten million bytes of nonsense, by awk’s %s %s, are an unknown table',
    async ([word]) => {
      const nonsense = `exec awk 'BEGIN { while (n++ < 1000000) ${word} "nonsense! " }'`;
      const ended = await tables(`case $* in neigh*) ${nonsense} ;; esac`);
      expect(tablesOf(ended)).toEqual(['U neighbour unrecognised']);
    },
  );

  test('ten million bytes of entries give no answer', async () => {
    const entries = `while (n++ < 200000) print "10.42.1." n % 250 " dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT"`;
    expect(
      outcomeOf(await tables(`case $* in neigh*) exec awk 'BEGIN { ${entries} }' ;; esac`)),
    ).toEqual(NO_ANSWER);
  });

  test.for(['10.42.1.0 dev flannel.1 PERMANENT', '10.42.1.0 dev eth0', 'nonsense'])(
    'no end of `%s` says nothing',
    async (line) => {
      const own = programs({ ip: `${IPROUTE2}exec yes '${line}'` });
      expect(saysNothing(await runProbe({ action: 'tables', path: [own] }))).toBe(true);
    },
  );

  test.for([
    ['ip', `exec yes ${'x'.repeat(200)}`],
    ['bridge', String.raw`exec tr '\0' x </dev/zero`],
  ] as const)('no end of what `%s` prints says nothing', async ([program, endless]) => {
    const own = programs({ ip: `${IPROUTE2}true`, bridge: 'true', [program]: endless });
    expect(saysNothing(await runProbe({ action: 'tables', path: [own] }))).toBe(true);
  });

  test.for(['exit 2', 'kill -9 $$', 'exit 194', 'echo nonsense'])(
    'an awk that does `%s` gives no answer',
    async (awk) => {
      const own = [recordedIproute2('v6.1.0'), programs({ awk })];
      const ended = await runProbe({ action: 'tables', path: own, root: hostRoot({}) });
      expect(ended.exit === 0 || ended.exit === 1).toBe(true);
      expect(() => payloadOf(ended)).toThrow(/the probe ended|not a complete answer/);
    },
  );

  test.for(['\u001B[31m', '\u00E9', '\t'])('a fact with %j in it gives no answer', async (text) => {
    const root = hostRoot({ 'proc/sys/kernel/random/boot_id': `0c5e${text}3f5e\n` });
    const ended = await runProbe({ action: 'tables', path: [recordedIproute2('v6.1.0')], root });
    expect(outcomeOf(ended)).toMatchObject({ exit: 1, sealed: false });
  });

  test('an unknown action gives no answer', async () => {
    expect(outcomeOf(await runProbe({ action: 'reboot' }))).toEqual(NO_ANSWER);
  });

  test('nothing is left behind', async () => {
    const [home, temporary] = [scratchDirectory(), scratchDirectory()];
    await runProbe({ action: 'tables', env: { HOME: home, TMPDIR: temporary } });
    expect([...readdirSync(home), ...readdirSync(temporary)]).toEqual([]);
  });
});
