import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../../lab/digest-oracle.ts';
import { FLANNEL_HOST, cannotHaveNamespaces, ownNetwork } from './own-namespace.ts';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import { installed, linesOf } from './recorded-tools.ts';
import { links } from './scratch.ts';

const HELD = `
A flannel-v6.1 2001:db8:42::/128
A flannel.1 10.42.0.0/32
D flannel-v6.1 31 UP 1430 8a:66:11:11:11:01 1 fd00:50::1 8473
D flannel.1 30 UP 1450 8a:11:11:11:11:01 1 192.168.50.1 8472
D vxlan.calico 32 DOWN 1500 66:11:11:11:11:01 4096 192.168.50.1 4789
F flannel-v6.1 8a:66:11:11:11:02 fd00:50::2 permanent
F flannel.1 8a:11:11:11:11:02 192.168.50.2 permanent
F flannel.1 8a:11:11:11:11:03 192.168.50.3 dynamic
N flannel-v6.1 2001:db8:42:1:: 8a:66:11:11:11:02 PERMANENT
N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT
N flannel.1 10.42.2.0 8a:11:11:11:11:03 STALE
N flannel.1 10.42.4.0 - -
R eth0 10.42.5.0/24 192.168.50.5 -
R eth0 10.42.7.0/24 192.168.50.2 -
R eth0 10.42.7.0/24 192.168.50.3 -
R flannel-v6.1 2001:db8:42:1::/64 2001:db8:42:1:: onlink
R flannel.1 10.42.1.0/24 10.42.1.0 onlink
R flannel.1 10.42.9.5/32 10.42.9.0 onlink
`;

/** What busybox does not show: the devices' own words, and several gateways of one route. */
const UNSEEN_BY_BUSYBOX = /^R eth0 10\.42\.7\.0\/24/;

describe.skipIf(cannotHaveNamespaces())('real devices', () => {
  test('every entry is read as the kernel holds it', async () => {
    const ended = await runProbe({ action: 'tables', shell: ownNetwork(FLANNEL_HOST) });
    expect(ended.stderr).toBe('');
    expect(tablesOf(ended).toSorted()).toEqual(linesOf(HELD));
  });

  test('the digest is of what the kernel holds', async () => {
    const ended = await runProbe({ action: 'digest', shell: ownNetwork(FLANNEL_HOST) });
    expect(ended.stderr).toBe('');
    expect(tablesOf(ended).toSorted()).toEqual([
      ...linesOf(HELD).filter((line) => line.startsWith('A ')),
      'C flannel.1 192.168.50.1/24',
      'C vxlan.calico 192.168.50.1/24',
      ...linesOf(HELD).filter((line) => line.startsWith('D ')),
      digestOf(linesOf(HELD)),
    ]);
  });

  test('a page says where the hosts are that routes may lead to directly', async () => {
    const shell = ownNetwork(`ip addr add fd00:50::1/64 dev lo nodad\n${FLANNEL_HOST}`);
    const ended = await runProbe({ action: 'tables', wanted: '0/1', shell });
    expect(tablesOf(ended).filter((line) => line.startsWith('C '))).toEqual([
      'C flannel-v6.1 fd00:50::1/64',
      'C flannel.1 192.168.50.1/24',
      'C vxlan.calico 192.168.50.1/24',
    ]);
  });

  test('a host without an overlay device has none, and that is known', async () => {
    const ended = await runProbe({ action: 'tables', shell: ownNetwork('ip link set lo up') });
    expect(tablesOf(ended)).toEqual([]);
  });

  test('the second look brings the lines as they stand', async () => {
    const ended = await runProbe({
      action: 'entries',
      wanted: '10.42.1.0,fd00:50::2,10.42.1.0/24',
      shell: ownNetwork(FLANNEL_HOST),
    });
    expect(tablesOf(ended).filter((line) => /^[^DA]/.test(line))).toEqual([
      'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
      expect.stringMatching(/^V neighbour 10\.42\.1\.0 dev flannel\.1 lladdr 8a:11:11:11:11:02 /),
      'F flannel-v6.1 8a:66:11:11:11:02 fd00:50::2 permanent',
      expect.stringMatching(/^V fdb 8a:66:11:11:11:02 dev flannel-v6\.1 dst fd00:50::2 self /),
      'R flannel.1 10.42.1.0/24 10.42.1.0 onlink',
      expect.stringMatching(/^V route 10\.42\.1\.0\/24 via 10\.42\.1\.0 dev flannel\.1 onlink/),
    ]);
  });

  test('busybox reads the same, as far as it shows it', async ({ skip }) => {
    const busybox = installed('busybox');
    if (busybox === undefined && process.env['CI'] === undefined) skip('busybox is not installed');
    const programs = links({ ip: busybox ?? 'busybox' });
    const shell = ownNetwork(`${FLANNEL_HOST}\nPATH=${programs}:$PATH`);
    const ended = await runProbe({ action: 'tables', shell });
    expect(tablesOf(ended).toSorted()).toEqual(
      linesOf(HELD)
        .filter((line) => !UNSEEN_BY_BUSYBOX.test(line))
        .map((line) => (line.startsWith('D ') ? line.replace(/( \S+){3}$/, ' - - -') : line)),
    );
  });

  test.for([
    ['the host’s own network names the node', '', true],
    ['another network does not', 'unshare --net', false],
    ['a user namespace of its own does not', 'unshare --user --map-root-user', false],
  ] as const)('a kubelet in %s', async ([_title, network, names]) => {
    const kubelet = path.join(links({ kubelet: '/bin/sh' }), 'kubelet');
    const shell = ownNetwork(`
      mount -t proc proc /proc
      ${network} ${kubelet} -c 'sleep 60; :' kubelet --hostname-override=inner &
      until grep -qx kubelet /proc/$!/comm; do sleep 0.05; done`);
    const [host] = payloadOf(await runProbe({ action: 'tables', shell }));
    expect(host === 'host inner').toBe(names);
  });
});
