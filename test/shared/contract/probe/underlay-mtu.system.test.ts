import { describe, expect, test } from 'vitest';
import { need } from '../latency/need.ts';
import { AWKS, programsOf } from './awks.ts';
import { cannotHaveNamespaces, FLANNEL_HOST, ownNetwork } from './own-namespace.ts';
import { answering } from './recorded-tools.ts';
import { payloadOf, runProbe } from './run-probe.ts';
import { hostRoot, programs } from './scratch.ts';

function host(name: string): string {
  const ip = answering({
    '-V': 'ip utility, iproute2-6.1.0\n',
    '-d -o link show type vxlan': `30: flannel.1: <UP,LOWER_UP> mtu 1450 \\ vxlan id 1 local 192.168.50.1 dev ${name} dstport 8472 \n`,
  });
  return programs({ ip, bridge: '' });
}

const SYS = { 'sys/class/net/flannel.1/ifindex': '30\n', 'sys/class/net/eth0/mtu': '9001\n' };

async function below(run: Parameters<typeof runProbe>[0]): Promise<readonly string[]> {
  return payloadOf(await runProbe(run)).filter((line) => line.startsWith('below '));
}

describe('the interface below a VXLAN device', () => {
  test.for(AWKS)('is in every answer, with its MTU, by %s', async (awk, { skip }) => {
    need(skip, 'dash', awk);
    const path = [programsOf(awk), host('eth0')];
    for (const action of ['digest', 'tables', 'entries'] as const) {
      const run = { action, wanted: action === 'entries' ? '10.42.1.0' : '', path };
      expect(await below({ ...run, root: hostRoot(SYS) })).toEqual(['below flannel.1 eth0 9001']);
    }
  });

  test.for([
    ['the /sys of another network', 'eth0', { ...SYS, 'sys/class/net/flannel.1/ifindex': '7\n' }],
    ['no /sys', 'eth0', {}],
    ['an MTU that is no number', 'eth0', { ...SYS, 'sys/class/net/eth0/mtu': '9001;id\n' }],
    ['a name that leads out of /sys/class/net', '../../x', { ...SYS, 'sys/x/mtu': '9001\n' }],
  ] as const)('is in none with %s', async ([, name, files]) => {
    const run = { action: 'digest', path: [host(name)], root: hostRoot(files) } as const;
    expect(await below(run)).toEqual([]);
  });

  test.skipIf(cannotHaveNamespaces())('is read on real devices', async () => {
    const shell = ownNetwork(`${FLANNEL_HOST}
      ip link set eth0 mtu 1400
      mount -t sysfs sysfs /sys`);
    expect(await below({ action: 'digest', shell })).toEqual([
      'below flannel.1 eth0 1400',
      'below flannel-v6.1 eth0 1400',
    ]);
  });
});
