import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../../lab/digest-oracle.ts';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import { hostRoot, programs } from './scratch.ts';
import {
  RECORDED_IPROUTE2,
  answering,
  linesOf,
  recorded,
  recordedIproute2,
  withDevice,
} from './recorded-tools.ts';

const DUAL_STACK = { 'proc/sys/net/ipv6/conf/flannel-v6.1/forwarding': '1\n' } as const;

/** Written by hand from the recordings, which differ in form alone. */
const HELD = `
D flannel.1 3 UP 1450 8a:11:11:11:11:01 1 192.168.50.1 8472
D flannel-v6.1 4 UP 1430 8a:66:11:11:11:01 1 fd00:50::1 8472
D vxlan.calico 8 DOWN 1450 66:11:11:11:11:01 4096 192.168.50.1 4789
A flannel.1 10.42.0.0/32
N flannel.1 10.42.10.0 8a:11:11:11:22:10 REACHABLE
N flannel.1 10.42.12.0 8a:11:11:11:22:12 PROBE
N flannel.1 10.42.34.0 8a:11:11:11:22:34 PERMANENT
N flannel.1 10.42.17.0 - -
N flannel.1 10.42.14.0 - FAILED
N flannel.1 10.42.16.0 - INCOMPLETE
N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT
N flannel.1 10.42.33.0 - INCOMPLETE
N flannel.1 10.42.11.0 8a:11:11:11:22:11 STALE
N flannel.1 10.42.30.0 8a:11:11:11:22:30 PERMANENT
N flannel.1 10.42.13.0 8a:11:11:11:22:13 PROBE
N flannel.1 10.42.32.0 8a:11:11:11:22:32 PERMANENT
N flannel-v6.1 2001:db8:42:1:: 8a:66:11:11:11:02 PERMANENT
F flannel.1 8a:11:11:11:33:05 192.168.50.6 permanent
F flannel.1 8a:11:11:11:33:03 192.168.50.5 static
F flannel.1 8a:11:11:11:33:02 192.168.50.5 dynamic
F flannel.1 8a:11:11:11:33:01 192.168.50.4 permanent
F flannel.1 00:00:00:00:00:00 192.168.50.2 permanent
F flannel.1 00:00:00:00:00:00 192.168.50.3 permanent
F flannel.1 8a:11:11:11:11:02 192.168.50.2 permanent
F flannel-v6.1 8a:66:11:11:11:02 fd00:50::2 permanent
R flannel.1 10.42.1.0/24 10.42.1.0 onlink
R eth0 10.42.5.0/24 192.168.50.2 -
R flannel.1 10.42.6.0/24 10.42.6.0 onlink
R eth0 10.42.7.0/24 192.168.50.2 -
R eth0 10.42.7.0/24 192.168.50.3 -
R flannel.1 10.42.9.5/32 10.42.9.0 onlink
R flannel-v6.1 2001:db8:42:1::/64 2001:db8:42:1:: onlink
`;

/** The same host, seen by busybox: without `-d`, `nud all`'s entries and `bridge`. */
const HELD_BY_BUSYBOX = `
D flannel.1 3 UP 1450 8a:11:11:11:11:01 - - -
D flannel-v6.1 4 UP 1430 8a:66:11:11:11:01 - - -
D vxlan.calico 8 DOWN 1450 66:11:11:11:11:01 - - -
A flannel.1 10.42.0.0/32
N flannel.1 10.42.10.0 8a:11:11:11:22:10 REACHABLE
N flannel.1 10.42.12.0 8a:11:11:11:22:12 PROBE
N flannel.1 10.42.34.0 8a:11:11:11:22:34 PERMANENT
N flannel.1 10.42.14.0 - FAILED
N flannel.1 10.42.16.0 - INCOMPLETE
N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT
N flannel.1 10.42.33.0 - INCOMPLETE
N flannel.1 10.42.11.0 8a:11:11:11:22:11 STALE
N flannel.1 10.42.30.0 8a:11:11:11:22:30 PERMANENT
N flannel.1 10.42.13.0 8a:11:11:11:22:13 PROBE
N flannel.1 10.42.32.0 8a:11:11:11:22:32 PERMANENT
N flannel-v6.1 2001:db8:42:1:: 8a:66:11:11:11:02 PERMANENT
U fdb missing
R flannel.1 10.42.1.0/24 10.42.1.0 onlink
R eth0 10.42.5.0/24 192.168.50.2 -
R flannel.1 10.42.6.0/24 10.42.6.0 onlink
R flannel.1 10.42.9.5/32 10.42.9.0 onlink
`;

describe('recorded outputs', () => {
  test.for(RECORDED_IPROUTE2)('iproute2 %s reads as what the host held', async (version) => {
    const path = [recordedIproute2(version)];
    const ended = await runProbe({ action: 'tables', path, root: hostRoot(DUAL_STACK) });
    expect(tablesOf(ended)).toEqual(linesOf(HELD));
    expect(payloadOf(ended)).toContain(`tools iproute2 ${version.slice(1)}`);
  });

  test.for(RECORDED_IPROUTE2)(
    'iproute2 %s has the digest of what the host held',
    async (version) => {
      const path = [recordedIproute2(version)];
      const ended = await runProbe({ action: 'digest', path, root: hostRoot(DUAL_STACK) });
      expect(tablesOf(ended).at(-1)).toBe(digestOf(linesOf(HELD)));
    },
  );

  test('busybox 1.35 reads as the same host, as far as it shows it', async () => {
    const path = [
      programs({
        ip: answering({
          '-V': 'BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1) multi-call binary.\n\nUsage: ip\n',
          '-o link show': recorded('busybox-1.35', 'link-o'),
          '-o addr show': recorded('iproute2-v4.11.0', 'addr-o'),
          'neigh show nud all': recorded('busybox-1.35', 'neigh-all'),
          '-4 route show': recorded('busybox-1.35', 'route-all'),
        }),
        bridge: 'echo "bridge: applet not found" >&2; exit 127',
      }),
    ];
    const ended = await runProbe({ action: 'tables', path, root: hostRoot({}) });
    expect(tablesOf(ended)).toEqual(linesOf(HELD_BY_BUSYBOX));
    expect(payloadOf(ended)).toContain('tools busybox 1.35.0');
    const digest = await runProbe({ action: 'digest', path, root: hostRoot({}) });
    expect(tablesOf(digest).at(-1)).toBe(digestOf(linesOf(HELD_BY_BUSYBOX)));
  });

  test('what the first look at the links shows before it fails, the second does not repeat', async () => {
    const links = recorded('iproute2-v7.1.0', 'link-o-d');
    const ip = `
      case "$*" in
        -V) echo 'ip utility, iproute2-7.1.0' ;;
        '-d -o link show type vxlan') cat; exit 1 ;;
        '-o link show') cat ;;
      esac <<'LINKS'\n${links}LINKS`;
    const path = [programs({ ip, bridge: 'true' })];
    expect(tablesOf(await runProbe({ action: 'tables', path, root: hostRoot({}) }))).toEqual(
      linesOf(HELD).filter((line) => line.startsWith('D ')),
    );
  });

  test('a release named by its date is a version too', async () => {
    const ip = answering({ '-V': 'ip utility, iproute2-ss170501\n' });
    const ended = await runProbe({ action: 'tables', path: [programs({ ip })] });
    expect(payloadOf(ended)).toContain('tools iproute2 ss170501');
  });

  test('what was not recorded: a device without carrier, a gateway of the other family', async () => {
    const [link = ''] = linesOf(recorded('iproute2-v7.1.0', 'link-o-d'));
    const ip = answering({
      '-V': 'ip utility, iproute2-7.1.0\n',
      '-d -o link show type vxlan': link.replace(
        '<BROADCAST,MULTICAST,UP,LOWER_UP>',
        '<NO-CARRIER,UP>',
      ),
      '-o addr show': '',
      'neigh show nud all': '',
      '-4 route show': '10.42.1.0/24 nhid 8 via inet6 fe80::1 dev eth0 proto bgp metric 20 \n',
    });
    const bridge = answering({ '-V': 'bridge utility, 7.1.0\n', 'fdb show': '' });
    const path = [programs({ ip, bridge })];
    expect(tablesOf(await runProbe({ action: 'tables', path, root: hostRoot({}) }))).toEqual([
      'D flannel.1 3 DOWN 1450 8a:11:11:11:11:01 1 192.168.50.1 8472',
      'R eth0 10.42.1.0/24 fe80::1 -',
    ]);
  });

  // The recordings of `nud all` and of IPv6 are of one device, and the probe asks for all.
  test.for(RECORDED_IPROUTE2)('in iproute2 %s, one device and all differ by `dev`', (version) => {
    const folder = `iproute2-${version}`;
    const all = linesOf(recorded(folder, 'neigh-all'));
    const one = withDevice(recorded(folder, 'neigh-dev'), 'flannel.1');
    expect(all.filter((line) => line.includes(' dev flannel.1 '))).toEqual(one);
  });
});
