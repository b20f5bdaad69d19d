import { OVERLAY_DEVICE } from '../../../../lab/machines/flannel.ts';
import type { Host } from '../../../../lab/machines/machine.ts';
import { UNDERLAY_DEVICE } from '../../../../lab/machines/roster.ts';
import { DEVICE_INDEX } from '../../../../lab/machines/simulated/answers.ts';
import { UNDERLAY_BITS } from '../../../../lab/machines/simulated/cluster.ts';
import { type Condition, entriesOf } from '../../../../lab/machines/simulated/conditions.ts';
import { bootIdOf } from '../../../../lab/machines/simulated/hosts.ts';
import { printed } from '../../../../lab/machines/simulated/records.ts';
import type { Table } from '../../../../shared/contract/causes.ts';
import { answering, joined } from '../../../shared/contract/probe/recorded-tools.ts';
import { runProbe } from '../../../shared/contract/probe/run-probe.ts';
import { hostRoot, programs } from '../../../shared/contract/probe/scratch.ts';

/** How long a host's kernel runs, and how long flanneld was behind it, in hundredths of a second. */
const UPTIME_SECONDS = '864000.00';
const FLANNELD_TICKS = 6000;

/** A simulated host, and how it is. */
export interface Shown {
  readonly hosts: readonly Host[];
  readonly host: Host;
  readonly condition: Condition;
}

/** What the real script prints where `ip`, `bridge` and /proc show this host. */
export async function scriptsAnswer(shown: Shown, action: string, wanted = ''): Promise<string> {
  const { stdout, stderr } = await runProbe({
    action,
    wanted,
    path: [toolsOf(shown)],
    root: rootOf(shown),
  });
  if (stderr !== '') throw new Error(`the script complained: ${stderr}`);
  return stdout;
}

function toolsOf(shown: Shown): string {
  const { host, condition } = shown;
  const texts = {
    '-V': 'ip utility, iproute2-6.1.0, libbpf 1.1.2\n',
    '-d -o link show type vxlan': joined(linksOf(host, condition)),
    '-o addr show': joined(addressesOf(host, condition)),
    'neigh show nud all': tableText(shown, 'neighbour'),
    '-4 route show': `default via 172.16.0.1 dev eth0 \n${tableText(shown, 'route') ?? ''}`,
    '-6 route show': '',
  };
  const bridge = { '-V': 'bridge utility, 6.1.0\n', 'fdb show': tableText(shown, 'fdb') };
  return programs({
    ip: answering(readable(texts)),
    bridge: answering(readable(bridge)),
    uname: `echo ${host.name}`,
  });
}

/** The programs refuse what they have no text for. */
function readable(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([words, text]) => (text === undefined ? [] : [[words, text]])),
  );
}

function tableText({ hosts, host, condition }: Shown, table: Table): string | undefined {
  if (condition.unread[table] !== undefined) return undefined;
  return joined(entriesOf(hosts, host, { condition, table }).map(printed));
}

function linksOf(host: Host, { device, mac = host.vtepMac }: Condition): readonly string[] {
  if (device === 'missing') return [];
  const flags = device === 'down' ? 'BROADCAST,MULTICAST' : 'BROADCAST,MULTICAST,UP,LOWER_UP';
  const vxlan = `vxlan id 1 local ${host.underlayIp} dev ${UNDERLAY_DEVICE} srcport 0 0 dstport 8472 nolearning`;
  return [
    `${DEVICE_INDEX}: ${OVERLAY_DEVICE}: <${flags}> mtu 1450 qdisc noqueue state UNKNOWN ` +
      `mode DEFAULT group default \\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff ${vxlan} ttl auto`,
  ];
}

function addressesOf(host: Host, { device }: Condition): readonly string[] {
  const own = [
    String.raw`1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever`,
    `2: eth0    inet ${host.underlayIp}/${UNDERLAY_BITS} brd 172.31.255.255 scope global eth0`,
  ];
  if (device === 'missing') return own;
  const overlay = `${host.tunnelIp}/32 scope global ${OVERLAY_DEVICE}`;
  return [...own, `${DEVICE_INDEX}: ${OVERLAY_DEVICE}    inet ${overlay}`];
}

function rootOf({ host, condition }: Shown): string {
  const agent = `var/lib/amazon/ssm/${host.instanceId}/document/orchestration`;
  return hostRoot({
    'proc/uptime': `${UPTIME_SECONDS} 1000000.00\n`,
    'proc/sys/kernel/random/boot_id': `${bootIdOf(host, condition.boots)}\n`,
    'proc/712/comm': 'flanneld\n',
    'proc/712/stat': `712 (flanneld) S${' 0'.repeat(18)} ${FLANNELD_TICKS} 0 0\n`,
    'etc/cni/net.d/10-canal.conflist': '{}',
    [`sys/class/net/${OVERLAY_DEVICE}/ifindex`]: `${DEVICE_INDEX}\n`,
    [`sys/class/net/${UNDERLAY_DEVICE}/mtu`]: `${condition.underlayMtu}\n`,
    [`${agent}/1/stdout`]: '',
    [`${agent}/2/stdout`]: '',
    [`${agent}/3/stdout`]: '',
    ...(host.master ? { 'etc/kubernetes/admin.conf': '' } : {}),
  });
}
