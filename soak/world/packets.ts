/** What becomes of the packets that hosts send each other over the overlay, by what both hold, and by chance. */
import { OVERLAY_DEVICE } from '../../lab/machines/flannel.ts';
import { record } from '../../lab/machines/simulated/records.ts';
import { chance } from '../chance.ts';
import type { Host } from './host.ts';

/** A host that sends packets at one moment. */
interface Sender {
  readonly host: Host;
  /** All that ever were. */
  readonly hosts: readonly Host[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The records of a host that is asked for a round: `ROUND/IP,IP`. */
export function roundLines(sender: Sender, wanted: string): readonly string[] {
  const [round = '', suspects = ''] = wanted.split('/');
  if (round === '') return [];
  const peers = gatewaysOf(sender.host);
  const own = sender.host.kernel.device?.tunnelIp ?? '';
  const place = peers.filter((ip) => numberOf(ip) < numberOf(own)).length;
  const tried = new Set(
    [0, 1, 2].flatMap((at) => peers[(place + 3 * Number(round) + at) % peers.length] ?? []),
  );
  const named = suspects.split(',').filter((ip) => ip !== '');
  const suspect = named
    .map((_, at) => named[(place + Number(round) + at) % named.length] ?? '')
    .find((ip) => ip !== own && !tried.has(ip));
  return packetLines(sender, [...tried, ...(suspect === undefined ? [] : [suspect])]);
}

/** The records of a host that is asked to try these tunnel IPs. */
export function wantedPacketLines(sender: Sender, wanted: string): readonly string[] {
  const own = sender.host.kernel.device?.tunnelIp;
  return packetLines(
    sender,
    wanted.split(',').filter((ip) => ip !== '' && ip !== own),
  );
}

function packetLines(sender: Sender, ips: readonly string[]): readonly string[] {
  const peers = new Set(gatewaysOf(sender.host));
  const lines = ips.map((ip) =>
    record('tried', { ip, ...(peers.has(ip) ? repliesOf(sender, ip) : NOT_TRIED) }),
  );
  return lines.length === 0
    ? []
    : [...lines, record('traffic', { device: OVERLAY_DEVICE, received: 12, sent: 12 })];
}

const NOT_TRIED = { small: undefined, full: undefined, tcp: undefined } as const;

function repliesOf({ host, hosts, now }: Sender, ip: string) {
  const peer = arrivalOf(host, ip, hosts);
  const own = host.kernel.device?.tunnelIp ?? '';
  const isWay = peer !== undefined && arrivalOf(peer, own, hosts) === host;
  const answers = (test: string, isClosed: boolean): boolean =>
    isWay && !isClosed && !isLost([host, peer], chance(test, host.instanceId, ip, now), now);
  const isStrict =
    peer !== undefined && chance('strict', peer.instanceId, Math.floor(now / WHILE_MS)) < STRICT;
  const isDeaf = isStrict || (peer !== undefined && chance('icmp', peer.instanceId) < DEAF);
  const isClosed = isStrict || (peer !== undefined && chance('health', peer.instanceId) < CLOSED);
  return {
    small: answers('small', isDeaf) ? 'ok,0.4' : 'lost',
    full: answers('full', isDeaf) ? 'ok,0.6' : 'lost',
    tcp: answers('tcp', isClosed) ? ('refused' as const) : ('lost' as const),
  };
}

/** So many hosts answer no ICMP, and so many no connection to kube-proxy's port. */
const DEAF = 0.1;
const CLOSED = 0.05;

/** So many hosts let no test in for a while, as where somebody tries a firewall. */
const STRICT = 0.1;
const WHILE_MS = 1_200_000;

/** One packet in a hundred is lost, whatever its way; from and to an overloaded host every other one, for an hour. */
const LOST = 0.01;
const LOST_UNDER_LOAD = 0.5;
const OVERLOADED = 0.05;
const HOUR_MS = 3_600_000;

function isLost(ends: readonly Host[], drawn: number, now: number): boolean {
  const isLoaded = ends.some(
    ({ instanceId }) => chance('load', instanceId, Math.floor(now / HOUR_MS)) < OVERLOADED,
  );
  return drawn < (isLoaded ? LOST_UNDER_LOAD : LOST);
}

/** The host whose device takes what this one sends to a tunnel IP. */
function arrivalOf(from: Host, ip: string, hosts: readonly Host[]): Host | undefined {
  const { kernel } = from;
  const neighbour = kernel.find('neighbour', ip);
  const mac = neighbour?.table === 'neighbour' ? neighbour.mac : undefined;
  const fdb = mac === undefined ? undefined : kernel.find('fdb', mac);
  if (fdb?.table !== 'fdb' || !gatewaysOf(from).includes(ip)) return undefined;
  return hosts.find(({ underlayIp, bootedAt, kernel: { device } }) => {
    const isThere = underlayIp === fdb.destination && bootedAt !== undefined;
    const isOpen = device?.isDown !== true && device?.port === kernel.device?.port;
    return isThere && isOpen && device?.mac === mac && device?.tunnelIp === ip;
  });
}

/** The gateways of its overlay routes, in the order of their addresses. */
function gatewaysOf({ kernel }: Host): readonly string[] {
  if (kernel.device === undefined || kernel.device.isDown === true) return [];
  return kernel
    .entries()
    .flatMap((entry) => (entry.table === 'route' ? [entry.gateway] : []))
    .toSorted((one, two) => numberOf(one) - numberOf(two));
}

function numberOf(ip: string): number {
  return ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
