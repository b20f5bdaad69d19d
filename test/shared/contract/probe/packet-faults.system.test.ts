import { describe, expect, test } from 'vitest';
import { need } from '../latency/need.ts';
import { SHELLS } from './awks.ts';
import { cannotHaveNamespaces, ownNetwork } from './own-namespace.ts';
import { payloadOf, runProbe } from './run-probe.ts';
import { scratchDirectory } from './scratch.ts';

/** This host and two peers, h2 and h3, on one bridge, with devices as flannel makes them. */
const THREE_HOSTS = `
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add eth0 type bridge
ip link set eth0 up
on() { if [ "$1" = h1 ]; then shift; "$@"; else where=$1; shift; ip netns exec "$where" "$@"; fi; }
for n in 2 3; do
  ip netns add h$n
  ip link add port$n type veth peer name eth0 netns h$n
  ip link set port$n master eth0 up
done
for n in 1 2 3; do
  on h$n ip addr add 192.168.50.$n/24 dev eth0
  on h$n ip link set eth0 up
  on h$n ip link add flannel.1 address 8a:11:11:11:11:0$n mtu 1450 type vxlan id 1 local 192.168.50.$n dev eth0 dstport 8472 nolearning
  on h$n ip addr add 10.42.$n.0/32 dev flannel.1
  on h$n ip link set flannel.1 up
  for p in 1 2 3; do
    [ $n = $p ] || {
      on h$n ip neigh add 10.42.$p.0 lladdr 8a:11:11:11:11:0$p dev flannel.1 nud permanent
      on h$n bridge fdb append 8a:11:11:11:11:0$p dst 192.168.50.$p dev flannel.1
      on h$n ip route add 10.42.$p.0/24 via 10.42.$p.0 dev flannel.1 onlink
    }
  done
done
drop() { on "$1" nft "add table inet t; add chain inet t $2 { type filter hook $2 priority 0; }; add rule inet t $2 $3"; }
`;

const TCP = 'udp dport 8472 @th,312,8 6';
const LOST = 'lost lost lost';
const WELL = 'ok ok refused';

/** Something that does not close its connections. */
const LISTENING = 'ip netns exec h2 nc -lk 10256 </dev/null >/dev/null 2>&1 &\nsleep 0.3';

/** What this host says of h2 after that. h3 is always well. */
const FAULTS: Readonly<Record<string, readonly [fault: string, says: string]>> = {
  nothing: ['', WELL],
  'h2 listens': [LISTENING, 'ok ok connected'],
  'h2 drops what comes in': [`drop h2 input 'udp dport 8472 drop'`, LOST],
  'h2 drops what goes out': [`drop h2 output 'udp dport 8472 drop'`, LOST],
  'h2 drops what is large': [
    `drop h2 input 'udp dport 8472 meta length > 1400 drop'`,
    'ok lost refused',
  ],
  'h2 sends no TCP': [`drop h2 output '${TCP} drop'`, 'ok ok lost'],
  'h2 sends TCP but RST': [`drop h2 output '${TCP} @th,504,8 & 4 == 0 drop'`, WELL],
  'h2 rejects ICMP': [
    `drop h2 input 'meta l4proto icmp reject with icmpx type admin-prohibited'`,
    'rejected rejected refused',
  ],
  'h2 rejects the port': [
    `drop h2 input 'tcp dport 10256 reject with icmp type host-prohibited'`,
    'ok ok unreachable',
  ],
  'this host lets no ICMP out': [
    `on h1 nft "add table ip t; add chain ip t output { type filter hook output priority 0; }; add rule ip t output ip daddr 10.42.2.0 icmp type echo-request drop"`,
    'lost lost refused',
  ],
  'a neighbour is missing': ['ip neigh del 10.42.2.0 dev flannel.1', LOST],
  'the FDB entry is missing': [
    'bridge fdb del 8a:11:11:11:11:02 dst 192.168.50.2 dev flannel.1',
    LOST,
  ],
  'the route is missing': ['ip route del 10.42.2.0/24', '- - -'],
  'another device has the route': ['ip route add 10.42.2.0/25 dev eth0', '- - -'],
};

async function said(fault: string, hidden: readonly string[] = []): Promise<readonly string[]> {
  const hide = hidden.map((file) => `[ ! -e ${file} ] || mount --bind /dev/null ${file}\n`);
  const ended = await runProbe({
    action: 'packets',
    wanted: '10.42.2.0,10.42.3.0',
    packets: 'on',
    shell: ownNetwork(`${THREE_HOSTS}${fault}\n${hide.join('')}`),
  });
  return payloadOf(ended)
    .slice(2)
    .map((line) => line.replaceAll(/ok,[\d.]+/g, 'ok'));
}

describe.skipIf(cannotHaveNamespaces())('on real devices', () => {
  test.for(Object.keys(FAULTS))('%s', async (name, { skip }) => {
    need(skip, 'ping', 'nft', 'bash');
    const [fault = '', says = ''] = FAULTS[name] ?? [];
    const lines = await said(fault);
    expect(lines.slice(0, 2)).toEqual([`tried 10.42.2.0 ${says}`, `tried 10.42.3.0 ${WELL}`]);
  });

  test('the device counts what came and went', async ({ skip }) => {
    need(skip, 'ping', 'nft', 'bash');
    const [, , well = ''] = await said('');
    expect(well).toMatch(/^traffic flannel\.1 6 6$/);
    const [, , deaf = ''] = await said(`drop h1 input 'udp dport 8472 drop'`);
    expect(deaf).toMatch(/^traffic flannel\.1 0 [1-9]\d*$/);
  });

  test.for([
    ['no ping', ['/usr/bin/ping', '/usr/bin/busybox'], 'untried untried refused'],
    ['no bash and no nc', ['/usr/bin/bash', '/usr/bin/nc', '/usr/bin/busybox'], 'ok ok untried'],
    ['busybox alone', ['/usr/bin/ping', '/usr/bin/bash', '/usr/bin/nc'], WELL],
    ['no timeout', ['/usr/bin/timeout'], WELL],
  ] as const)('a host with %s', async ([, hidden, says], { skip }) => {
    need(skip, 'ping', 'bash', 'nc', 'busybox');
    // A program may be a link.
    const files = hidden.map((file) => `$(readlink -f ${file})`);
    expect((await said('', files))[0]).toBe(`tried 10.42.2.0 ${says}`);
  });

  test.for([
    ['nc', ['/usr/bin/bash', '/usr/bin/busybox']],
    ['busybox', ['/usr/bin/ping', '/usr/bin/bash', '/usr/bin/nc']],
  ] as const)('a connection by %s', async ([, hidden], { skip }) => {
    need(skip, 'nc', 'busybox');
    const files = hidden.map((file) => `$(readlink -f ${file})`);
    expect((await said(LISTENING, files))[0]).toBe('tried 10.42.2.0 ok ok connected');
    const lost = `drop h2 output '${TCP} drop'`;
    expect((await said(lost, files))[0]).toBe('tried 10.42.2.0 ok ok lost');
  });

  test.for(
    Object.keys(SHELLS).flatMap((shell) => ['TERM', 'KILL'].map((signal) => [shell, signal])),
  )(
    '%s: SIG%s to its group leaves no process and no file',
    async ([name = '', signal], { skip }) => {
      need(skip, 'ping', 'nft', name);
      const shell = { dash: 'dash', bash: 'bash', busybox: 'busybox ash' }[name] ?? 'sh';
      const own = scratchDirectory();
      const layOut = `${THREE_HOSTS}
drop h2 input 'udp dport 8472 drop'
set +e
# A dead process that nobody has buried yet is none.
of_script() {
  cat /proc/[0-9]*/stat 2>/dev/null |
    awk '$3 != "Z" && $2 ~ /^.(dash|bash|busybox|ping|timeout|head|ip)/ { print }'
}
(cd ${own} && TMPDIR=${own} exec setsid ${shell} "$0" >/dev/null 2>&1) &
until grep -qx ping /proc/[0-9]*/comm; do sleep 0.05; done
kill -${signal} -- -$!
wait
sleep 0.5
of_script
find ${own} -type f
echo ended
exit`;
      const { stdout } = await runProbe({
        action: 'packets',
        wanted: '10.42.2.0',
        packets: 'on',
        shell: ownNetwork(layOut),
      });
      expect(stdout).toBe('ended\n');
    },
  );
});
