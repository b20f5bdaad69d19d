import { type Damage, entriesOf } from '../../../lab/crowd/damage.ts';
import { printed, type Table } from '../../../lab/crowd/entries.ts';
import { OVERLAY_DEVICE } from '../../../lab/machines/flannel.ts';
import { type CrowdHost, UNDERLAY_LENGTH } from '../../../lab/crowd/host.ts';
import { answering, joined } from '../../shared/contract/probe/recorded-tools.ts';
import { runProbe } from '../../shared/contract/probe/run-probe.ts';
import { hostRoot, programs } from '../../shared/contract/probe/scratch.ts';

/** When a host's kernel booted, and how long flanneld and the parity tests' clock are behind it. */
export const UPTIME_SECONDS = 864_000.25;
const FLANNELD_TICKS = 6000;

/** A host of a crowd, and what is wrong with it. */
export interface Shown {
  readonly crowd: readonly CrowdHost[];
  readonly host: CrowdHost;
  readonly damage: Damage;
}

/** What the real script prints where `ip`, `bridge` and /proc show this host. */
export async function scriptsAnswer(shown: Shown, action: string, wanted = ''): Promise<string> {
  const { stdout, stderr } = await runProbe({
    action,
    wanted,
    path: [toolsOf(shown)],
    root: rootOf(shown.host),
  });
  if (stderr !== '') throw new Error(`the script complained: ${stderr}`);
  return stdout;
}

function toolsOf(shown: Shown): string {
  const { host, damage } = shown;
  const texts = {
    '-V': 'ip utility, iproute2-6.1.0, libbpf 1.1.2\n',
    '-d -o link show type vxlan': joined(linksOf(host, damage)),
    '-o addr show': joined(addressesOf(host, damage)),
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

function tableText({ crowd, host, damage }: Shown, table: Table): string | undefined {
  if (damage.unread?.[table] !== undefined) return undefined;
  return joined(entriesOf(crowd, host, { damage, table }).map(printed));
}

function linksOf(host: CrowdHost, { device }: Damage): readonly string[] {
  if (device?.kind === 'missing') return [];
  const flags = device?.kind === 'down' ? 'BROADCAST,MULTICAST' : 'BROADCAST,MULTICAST,UP,LOWER_UP';
  const mac = device?.kind === 'renewed' ? device.mac : host.vtepMac;
  const vxlan = `vxlan id 1 local ${host.underlayIp} dev eth0 srcport 0 0 dstport 8472 nolearning`;
  return [
    `${host.deviceIndex}: ${OVERLAY_DEVICE}: <${flags}> mtu 1450 qdisc noqueue state UNKNOWN ` +
      `mode DEFAULT group default \\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff ${vxlan} ttl auto`,
  ];
}

function addressesOf(host: CrowdHost, { device }: Damage): readonly string[] {
  const own = [
    String.raw`1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever`,
    `2: eth0    inet ${host.underlayIp}/${UNDERLAY_LENGTH} brd 172.31.255.255 scope global eth0`,
  ];
  if (device?.kind === 'missing') return own;
  const overlay = `${host.tunnelIp}/32 scope global ${OVERLAY_DEVICE}`;
  return [...own, `${host.deviceIndex}: ${OVERLAY_DEVICE}    inet ${overlay}`];
}

function rootOf(host: CrowdHost): string {
  const agent = `var/lib/amazon/ssm/${host.instanceId}/document/orchestration`;
  return hostRoot({
    'proc/uptime': `${UPTIME_SECONDS} 1000000.00\n`,
    'proc/sys/kernel/random/boot_id': `${host.bootId}\n`,
    'proc/712/comm': 'flanneld\n',
    'proc/712/stat': `712 (flanneld) S${' 0'.repeat(18)} ${FLANNELD_TICKS} 0 0\n`,
    'etc/cni/net.d/10-canal.conflist': '{}',
    [`${agent}/1/stdout`]: '',
    [`${agent}/2/stdout`]: '',
    [`${agent}/3/stdout`]: '',
    ...(host.master ? { 'etc/kubernetes/admin.conf': '' } : {}),
  });
}
