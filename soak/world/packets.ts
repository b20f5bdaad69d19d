/** What becomes of the packets that hosts send each other over the overlay, by what both hold, and by chance. */
import { OVERLAY_DEVICE } from '../../lab/machines/flannel.ts';
import { record } from '../../lab/machines/simulated/records.ts';
import { chance } from '../chance.ts';
import type { PacketLoss } from '../story.ts';
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
  if (lines.length === 0) return [];
  const received = isReached(sender) ? 12 : 0;
  return [...lines, record('traffic', { device: OVERLAY_DEVICE, received, sent: 12 })];
}

const NOT_TRIED = { small: undefined, full: undefined, tcp: undefined } as const;

/** Whether anything of others arrives: what they ask, or what they answer. */
function isReached({ host, hosts }: Sender): boolean {
  return hosts.some(
    (other) => other !== host && other.bootedAt !== undefined && passes(other, host, ['all']),
  );
}

/** What a test or its answer is, so that some loss takes it. */
type Which = PacketLoss['which'];

/** Whether nothing loses such packets from one host to the other. */
function passes(from: Host, to: Host, kinds: readonly Which[]): boolean {
  const takes = (end: Host, direction: PacketLoss['direction']): boolean =>
    end.losses.some(
      (loss) =>
        kinds.includes(loss.which) && (loss.direction === direction || loss.direction === 'both'),
    );
  return !takes(from, 'out') && !takes(to, 'in');
}

/** A refusal has a checksum of the kernel's own. */
const TESTS = {
  small: { asks: ['all'], answers: ['all'] },
  full: { asks: ['all', 'large'], answers: ['all', 'large'] },
  refused: { asks: ['all', 'connections'], answers: ['all'] },
  connected: { asks: ['all', 'connections'], answers: ['all', 'connections'] },
} as const satisfies Readonly<
  Record<string, Readonly<Record<'asks' | 'answers', readonly Which[]>>>
>;

function repliesOf({ host, hosts, now }: Sender, ip: string) {
  const peer = arrivalOf(host, ip, hosts);
  const own = host.kernel.device?.tunnelIp ?? '';
  const isWay = peer !== undefined && arrivalOf(peer, own, hosts) === host;
  const comesBack = (test: keyof typeof TESTS, isClosed: boolean): boolean =>
    isWay &&
    !isClosed &&
    passes(host, peer, TESTS[test].asks) &&
    passes(peer, host, TESTS[test].answers) &&
    !isLost([host, peer], chance(test, host.instanceId, ip, now), now);
  const isStrict = peer !== undefined && isStrictNow(peer, now);
  const isDeaf = isStrict || (peer !== undefined && isDeafAlways(peer));
  const isClosed = isStrict || (peer !== undefined && isClosedAlways(peer));
  const connection =
    peer !== undefined && listens(peer) ? ('connected' as const) : ('refused' as const);
  return {
    small: comesBack('small', isDeaf) ? 'ok,0.4' : 'lost',
    full: comesBack('full', isDeaf) ? 'ok,0.6' : 'lost',
    tcp: comesBack(connection, isClosed) ? connection : ('lost' as const),
  };
}

/** Whether the host lets tests in, and has time for them. */
export function answersNow(host: Host, now: number): boolean {
  return !isStrictNow(host, now) && !isOverloaded(host, now);
}

/** Whether a loss is seen in what becomes of the tests between these hosts, and no firewall or load hides it. */
export function wouldShow(
  loss: PacketLoss,
  {
    observer,
    subject,
    now,
  }: { readonly observer: Host; readonly subject: Host; readonly now: number },
): boolean {
  const ends = [observer, subject];
  if (!ends.every((end) => answersNow(end, now))) return false;
  switch (loss.which) {
    case 'all':
      return ends.every((end) => !isDeafAlways(end) || !isClosedAlways(end));
    case 'large':
      return ends.every((end) => !isDeafAlways(end));
    case 'connections':
      return !isDeafAlways(observer) && !isClosedAlways(observer);
  }
}

/** So many hosts answer no ICMP, and so many no connection to kube-proxy's port; on so many it listens. */
const DEAF = 0.1;
const CLOSED = 0.05;
const LISTENING = 0.5;

function isDeafAlways({ instanceId }: Host): boolean {
  return chance('icmp', instanceId) < DEAF;
}

function isClosedAlways({ instanceId }: Host): boolean {
  return chance('health', instanceId) < CLOSED;
}

function listens({ instanceId }: Host): boolean {
  return chance('kube-proxy', instanceId) < LISTENING;
}

/** So many hosts let no test in for a while, as where somebody tries a firewall. */
const STRICT = 0.1;
const WHILE_MS = 1_200_000;

function isStrictNow({ instanceId }: Host, now: number): boolean {
  return chance('strict', instanceId, Math.floor(now / WHILE_MS)) < STRICT;
}

/** One packet in a hundred is lost, whatever its way; from and to an overloaded host every other one, for an hour. */
const LOST = 0.01;
const LOST_UNDER_LOAD = 0.5;
const OVERLOADED = 0.05;
const HOUR_MS = 3_600_000;

function isLost(ends: readonly Host[], drawn: number, now: number): boolean {
  return drawn < (ends.some((end) => isOverloaded(end, now)) ? LOST_UNDER_LOAD : LOST);
}

function isOverloaded({ instanceId }: Host, now: number): boolean {
  return chance('load', instanceId, Math.floor(now / HOUR_MS)) < OVERLOADED;
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
