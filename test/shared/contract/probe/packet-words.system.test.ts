import { readdirSync, readFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { GRAMMARS } from '../../../../shared/contract/wire.ts';
import { ANSWERED, CONNECTIONS, packetTools } from './packet-tools.ts';
import { payloadOf, runProbe } from './run-probe.ts';
import { hostRoot, programs, scratchDirectory } from './scratch.ts';

interface Tools {
  readonly ping?: string;
  readonly bash?: string;
  /** Programs before all others. */
  readonly first?: Readonly<Record<string, string>>;
}

/** What a host says of one peer, `small full tcp`. */
async function said({ first = {}, ...tools }: Tools): Promise<string> {
  const [line = ''] = await records({ first, ...tools }, '10.42.1.0');
  return line.replace('tried 10.42.1.0 ', '');
}

async function records(
  { first = {}, ...tools }: Tools,
  wanted: string,
): Promise<readonly string[]> {
  const peers = [1, 2, 3, 4, 5, 6, 7].map((at) => `10.42.${at}.0`);
  const path = [programs(first), packetTools({ own: ['10.42.9.0'], peers, ...tools })];
  const ended = await runProbe({
    action: 'packets',
    wanted,
    packets: 'on',
    path,
    root: hostRoot({}),
  });
  expect(ended.stderr).toBe('');
  const lines = payloadOf(ended).filter((line) => line.startsWith('tried '));
  for (const line of lines) expect(line).toMatch(GRAMMARS.get('tried')?.line ?? /^$/);
  return lines;
}

function saying(text: string, exit = 1): string {
  return `printf '%b' '${text.replaceAll("'", String.raw`'\''`)}'; exit ${exit}`;
}

const PING = 'PING 10.42.1.0 (10.42.1.0) 56(84) bytes of data.\\n';
const LOST =
  '--- ping statistics ---\\n4 packets transmitted, 0 received, 100% packet loss, time 900ms\\n';

describe('what `ping` prints', () => {
  test.for([
    ['64 bytes from 10.42.1.0: icmp_seq=1 ttl=64 time=0.044 ms\\n', 0, 'ok,0.0'],
    ['64 bytes from 10.42.1.0: icmp_seq=3 ttl=64 time=1234 ms\\n', 0, 'ok,1234.0'],
    ['64 bytes from 10.42.1.0: seq=0 ttl=64 time=0.149 ms\\n', 0, 'ok,0.1'],
    // The peer can forge it.
    ['64 bytes from 10.42.1.0: seq=0 ttl=64 time=63072000000 ms\\n', 0, 'ok,999999.0'],
    [LOST, 1, 'lost'],
    ['ping: local error: message too long, mtu=1350\\n', 1, 'toobig,1350'],
    ['ping: local error: message too long, mtu: 1330\\n', 1, 'toobig,1330'],
    ['From 10.42.9.0 icmp_seq=1 Frag needed and DF set (mtu = 1350)\\n', 1, 'toobig,1350'],
    ['ping: local error: message too long\\n', 1, 'toobig'],
    ['From 10.42.1.0 icmp_seq=1 Packet filtered\\n', 1, 'rejected'],
    ['From 10.42.9.0 icmp_seq=1 Destination Host Unreachable\\n', 1, 'unreachable'],
    ['From 10.42.8.0 icmp_seq=1 Packet filtered\\n', 1, 'unreachable'],
    ['ping: connect: Network is unreachable\\n', 2, 'unreachable'],
    ['ping: sendmsg: Operation not permitted\\n', 1, 'denied'],
  ] as const)('%j, exit %i, is %s', async ([text, exit, word]) => {
    const more = word === 'lost' || word.startsWith('ok') ? '' : LOST;
    expect(await said({ ping: saying(`${PING}${text}${more}`, exit) })).toBe(
      `${word} ${word} connected`,
    );
  });

  test.for([
    ["ping: invalid option -- 'M'\\n", 2],
    ['', 127],
    ['', 0],
    ['64 bytes from 10.42.1.0: icmp_seq=1 ttl=64\\n', 0],
    ['64 bytes from 10.42.1.0: time=x ms\\n', 0],
    ['tried 10.42.1.0 ok,0.1 ok,0.1 connected\\nvtepwatch 1 end 5 5\\n@complete\\n', 0],
    ['small 10.42.1.0 64 bytes from 10.42.1.0\\npeer 10.42.2.0 flannel.1\\n', 0],
    ['\\033[31m\\0302\\0240* ? [a-z] \\\\c $(reboot) `reboot`\\n', 0],
  ] as const)('%j, exit %i, says nothing of the peer', async ([text, exit]) => {
    expect(await said({ ping: saying(text, exit) })).toBe('untried untried connected');
  });

  test('megabytes of it say nothing either', async () => {
    expect(await said({ ping: `exec yes '4 packets trans'` })).toBe('untried untried connected');
  });

  test('nothing, as it does not end: it is killed', async () => {
    const nap = `60.${randomInt(1e9)}`;
    expect(await said({ ping: `exec sleep ${nap}` })).toBe('untried untried connected');
    expect(commandLines()).not.toContain(`sleep\0${nap}\0`);
  });

  test('nothing, as it heeds no signal and starts what does not end: nobody waits for that', async () => {
    const begin = performance.now();
    const ping = `trap '' TERM INT HUP; sleep 20`;
    expect(await said({ ping })).toBe('untried untried connected');
    expect(performance.now() - begin).toBeLessThan(15_000);
  });
});

describe('what a connection says', () => {
  test('is a word of its own for each end', async () => {
    const wanted = [1, 2, 3, 4, 5, 6].map((at) => `10.42.${at}.0`).join(',');
    const lines = await records({ bash: CONNECTIONS }, wanted);
    expect(lines.map((line) => line.split(' ')[4])).toEqual([
      'connected',
      'refused',
      'unreachable',
      'denied',
      'lost',
      'untried',
    ]);
  });

  test.for([
    ['nc: connect to 10.42.1.0 port 10256 (tcp) failed: Connection refused', 1, 'refused'],
    ['nc: connect to 10.42.1.0 port 10256 (tcp) timed out: Operation now in progress', 1, 'lost'],
    ['nc: connect to 10.42.1.0 port 10256 (tcp) failed: No route to host', 1, 'unreachable'],
    ['Connection to 10.42.1.0 10256 port [tcp/*] succeeded!', 0, 'connected'],
    ["nc: invalid option -- 'z'", 1, 'untried'],
  ] as const)('by `nc`, without `timeout`: %s', async ([text, exit, word]) => {
    const first = { timeout: 'exit 127', nc: saying(text, exit) };
    expect(await said({ first })).toBe(`ok,0.4 ok,0.4 ${word}`);
  });

  test.for([
    ["nc: can't connect to remote host (10.42.1.0): Connection refused", 'refused'],
    ["nc: can't connect to remote host (10.42.1.0): Connection timed out", 'lost'],
    ["nc: can't connect to remote host (10.42.1.0): No route to host", 'unreachable'],
  ] as const)('by the `nc` of busybox: %s', async ([text, word]) => {
    const help = `[ "$*" != --help ] || exec echo 'BusyBox v1.35.0 multi-call binary.'`;
    const first = { timeout: 'exit 127', nc: `${help}\n${saying(text)}` };
    expect(await said({ first })).toBe(`ok,0.4 ok,0.4 ${word}`);
  });
});

test('a `ping` of busybox is asked a second time where it had no answer', async () => {
  const marks = scratchDirectory();
  const ping = `
    case $1 in -V) echo 'BusyBox v1.35.0 multi-call binary.'; exit 1 ;; esac
    for peer; do :; done
    if mkdir ${marks}/"$(echo "$*" | tr -c 'a-z0-9\\n' _)" 2>/dev/null; then
      printf '1 packets transmitted, 0 packets received\\n'
      exit 1
    fi
    ${ANSWERED}`;
  expect(await said({ first: { ping } })).toBe('ok,0.4 ok,0.4 connected');
  expect(readdirSync(marks)).toHaveLength(2);
});

test('without any tool nothing is tried', async () => {
  const none = 'exit 127';
  const first = { ping: none, nc: none, timeout: none, busybox: none };
  const line = await said({ first });
  expect(line).toBe('untried untried untried');
});

function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    });
}
