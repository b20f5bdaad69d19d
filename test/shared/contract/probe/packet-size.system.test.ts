import { expect, test } from 'vitest';
import { packetRound } from '../../../../shared/contract/probe.ts';
import { packetTools } from './packet-tools.ts';
import { payloadOf, runProbe } from './run-probe.ts';
import { hostRoot } from './scratch.ts';

/** What `ListCommandInvocations` returns of an answer, without the digits of counts that faked tables leave out. */
const ROOM = 2500 - 20;
const PEERS = 5000;

const hex = (number: number): string => number.toString(16);
const PEERS4 = Array.from(
  { length: PEERS },
  (_, at) => `10.${100 + Math.floor(at / 250)}.${at % 250}.0`,
);
const PEERS6 = Array.from(
  { length: PEERS },
  (_, at) => `2001:db8:abcd:${hex(0x1000 + at)}:ffff:ffff:ffff:ffff`,
);
const SUSPECT = PEERS6.at(-1) ?? '';

/** The longest words: a reply that took long, a path that carries less, and a host that nobody reaches. */
const PING = `
  case $* in
    *' -s 56 '*) echo "64 bytes from $peer: icmp_seq=1 ttl=64 time=999999.4 ms" ;;
    *) echo "ping: local error: message too long, mtu=65535" ;;
  esac`;
const BASH = `echo 'bash: connect: No route to host'; exit 1`;

test('an answer with packets has room, of two families and 5,000 peers, whatever became of them', async () => {
  const label = 'n'.repeat(63);
  const root = hostRoot({
    'proc/sys/net/ipv6/conf/flannel-v6.1/forwarding': '1\n',
    'proc/sys/kernel/hostname': `${[label, label, label, 'n'.repeat(61)].join('.')}\n`,
    'proc/net/dev': ['flannel.1', 'flannel-v6.1']
      .map((device) => `${device}: 1 99999999999 3 4 5 6 7 8 9 99999999999 11\n`)
      .join(''),
    'sys/class/net/flannel.1/ifindex': '3\n',
    'sys/class/net/flannel-v6.1/ifindex': '4\n',
    'sys/class/net/bond0.4094-long/mtu': '65535\n',
    'etc/kubernetes/super-admin.conf': '',
    'etc/kubernetes/admin.conf': '',
    'run/flannel/subnet.env': 'FLANNEL_NETWORK=10.0.0.0/8\nFLANNEL_IPV6_NETWORK=2001:db8::/32\n',
  });
  const path = [
    packetTools({
      own: ['10.99.255.0', '2001:db8:abcd:fff::'],
      peers: [...PEERS4, ...PEERS6],
      ping: PING,
      bash: BASH,
    }),
  ];
  const ended = await runProbe({
    action: 'digest',
    wanted: packetRound(1, [SUSPECT]),
    packets: 'on',
    path,
    root,
  });
  const lines = payloadOf(ended);
  const tried = lines.filter((line) => line.startsWith('tried '));
  expect(tried).toHaveLength(4);
  for (const line of tried) expect(line).toMatch(/ ok,999999\.0 toobig,65535 unreachable$/);
  expect(lines.filter((line) => line.startsWith('below '))).toHaveLength(2);
  expect(lines.some((line) => line.startsWith('cut '))).toBe(true);
  expect(ended.stdout.length).toBeLessThan(ROOM);
});
