/**
 * What becomes of the packets that simulated hosts send each other over the overlay, by what both sides hold:
 * whom a host tries, and what its tools would say. A second reading of the contract.
 */
import type { Table } from '../../../shared/contract/causes.ts';
import { TRIED_PEERS } from '../../../shared/contract/probe.ts';
import type { WordTexts } from '../../../shared/contract/wire.ts';
import type { PacketKind } from '../../damage.ts';
import { type Entry, type HeldEntry, OVERLAY_DEVICE, programmed, VXLAN_BYTES } from '../flannel.ts';
import type { Host } from '../machine.ts';
import { UNDERLAY_DEVICE } from '../roster.ts';
import { contains, numberOf, prefixBits } from './addresses.ts';
import type { Condition } from './conditions.ts';
import { record } from './records.ts';

/** The hosts of a cluster, of which one sends. */
interface Sender {
  readonly hosts: readonly Host[];
  readonly host: Host;
  readonly conditionOf: (host: Host) => Condition;
}

const PEERS_OF_A_ROUND = 3;

/** The records of a host that is asked for a digest. `wanted`: as `packetRound` writes it, or empty. */
export function roundLines(sender: Sender, wanted: string): readonly string[] {
  const [, round, suspects = ''] = /^(\d{1,9})(?:\/(.*))?$/.exec(wanted) ?? [];
  if (round === undefined) return [];
  const number = Number(round);
  return packetLines(sender, chosen(sender, number, suspects.split(',')), number);
}

/** The records of a host that is asked what becomes of packets to these tunnel IPs. */
export function wantedPacketLines(sender: Sender, wanted: string): readonly string[] {
  const own = ownIp(sender, sender.host);
  const ips = wanted.split(',').filter((ip) => ip !== '' && ip !== own);
  return packetLines(sender, [...new Set(ips.slice(0, TRIED_PEERS))]);
}

/**
 * Three peers in the order of their addresses, counted from the host's own place among them, and of the
 * suspects one.
 */
function chosen(sender: Sender, round: number, suspects: readonly string[]): readonly string[] {
  const own = ownIp(sender, sender.host);
  const { count, place, at } = neighbourhoodOf(sender, sender.host);
  const peers = Array.from({ length: Math.min(PEERS_OF_A_ROUND, count) }, (_, number) =>
    at((place + PEERS_OF_A_ROUND * round + number) % count),
  ).filter((ip) => ip !== own);
  const named = suspects.filter((ip) => ip !== '').slice(0, TRIED_PEERS);
  const inTurn = named.map((_, number) => named[(place + round + number) % named.length] ?? '');
  const suspect = inTurn.find((ip) => ip !== own && !peers.includes(ip));
  return [...peers, ...(suspect === undefined ? [] : [suspect])];
}

/** The gateways of a host's overlay routes, in the order in which the kernel lists them: by destination. */
interface Neighbourhood {
  readonly count: number;
  readonly at: (number: number) => string;
  /** How many have a lower address than the host. */
  readonly place: number;
}

function neighbourhoodOf(sender: Sender, host: Host): Neighbourhood {
  const { hosts, conditionOf } = sender;
  const condition = conditionOf(host);
  const { peers, placeOf } = ringOf(hosts);
  const place = placeOf.get(host);
  const besides = condition.besides.flatMap((entry) =>
    entry.table === 'route' ? [{ from: numberOf(entry.destination), ip: entry.gateway }] : [],
  );
  const hasAll = besides.length === 0 && !condition.lost.some(({ table }) => table === 'route');
  if (!knowsRoutes(condition)) return { count: 0, at: () => '', place: 0 };
  if (hasAll && place !== undefined && condition.tunnelIp === undefined) {
    const at = (number: number): string =>
      peers[number < place ? number : number + 1]?.host.tunnelIp ?? '';
    return { count: peers.length - 1, at, place };
  }
  const kept = peers
    .filter((peer) => peer.host !== host && !hasLost(condition, 'route', peer.host))
    .map((peer) => ({ from: peer.number, ip: peer.host.tunnelIp }));
  const routes = [...kept, ...besides].toSorted((one, other) => one.from - other.from);
  const gateways = [...new Set(routes.map(({ ip }) => ip))];
  const own = numberOf(ownIp(sender, host));
  return {
    count: gateways.length,
    at: (number) => gateways[number] ?? '',
    place: gateways.filter((ip) => numberOf(ip) < own).length,
  };
}

/** `ip` shows the routes of the overlay on this host. */
function knowsRoutes({ device, unread }: Condition): boolean {
  return device === 'up' && unread.route === undefined;
}

interface Outcome {
  readonly small: string;
  readonly full: string;
  readonly tcp: WordTexts['connection'];
}

interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** `round` is that in which the others try this host, if they do. */
function packetLines(sender: Sender, ips: readonly string[], round?: number): readonly string[] {
  const tried = ips.map((ip) => ({ ip, trial: trialOf(sender, sender.host, ip) }));
  const lines = tried.map(({ ip, trial }) =>
    record('tried', { ip, ...(trial === undefined ? NOT_TRIED : outcomeOf(trial)) }),
  );
  const own = tried.flatMap(({ trial }) => (trial === undefined ? [] : [trial.ofSender]));
  if (own.length === 0) return lines;
  const others = round === undefined ? [] : triersOf(sender, round);
  const { received, sent } = sum([...own, ...others]);
  return [...lines, record('traffic', { device: OVERLAY_DEVICE, received, sent })];
}

const NOT_TRIED = { small: undefined, full: undefined, tcp: undefined } as const;

const TESTS = ['small', 'full', 'tcp'] as const;

type Test = (typeof TESTS)[number];

/** How often each test sends where nothing answers: an echo each 0.3 s for a second, a SYN again after one. */
const SENT_IN_VAIN = { small: 4, full: 4, tcp: 2 } as const satisfies Readonly<
  Record<Test, number>
>;

const DROPPED_WITH: Readonly<Record<Test, readonly PacketKind[]>> = {
  small: ['all', 'icmp'],
  full: ['all', 'icmp', 'large'],
  tcp: ['all', 'tcp', 'unsummed'],
};

/** No simulated host has a kube-proxy that listens: what comes back of a connection is a reset. */
const PASSES_AS_RESET: PacketKind = 'unsummed';

interface Trial {
  readonly answered: Readonly<Record<Test, boolean>>;
  /** The peer has the packets, and they are for no address of its own. */
  readonly isTurnedAway: boolean;
  /** What this host's underlay carries, less what VXLAN adds, where its device would send more. */
  readonly pathMtu: number | undefined;
  readonly ofSender: Traffic;
  readonly ofPeer: Traffic;
}

/** Undefined where no overlay route of the host leads there. */
function trialOf(sender: Sender, from: Host, ip: string): Trial | undefined {
  const { conditionOf } = sender;
  const condition = conditionOf(from);
  const way = wayTo(sender, from, ip);
  if (!knowsRoutes(condition) || way?.kind !== 'overlay') return undefined;
  const destination = destinationOf(sender, from, way.gateway);
  const peer = arrivalOf(sender, from, destination);
  const back = peer === undefined ? undefined : returnOf(sender, peer, from);
  const pathMtu = condition.underlayMtu - VXLAN_BYTES;
  const isTooBig = pathMtu < condition.mtu;
  const results = TESTS.map((test) => {
    const fits = test !== 'full' || (!isTooBig && isCarriedTo(sender, from, peer?.host));
    const isLet = (end: Host, direction: 'in' | 'out', other: Host | undefined): boolean =>
      !drops(dropsWith(conditionOf(end), other), direction, test);
    const goesOut = destination !== undefined && fits && isLet(from, 'out', peer?.host);
    const goesIn = goesOut && peer !== undefined && isLet(peer.host, 'in', from);
    const goesBack = goesIn && peer.takes && back !== undefined;
    const isSentBack =
      goesBack &&
      !(back.isOverlay && dropsAnswer(dropsWith(conditionOf(peer.host), from), 'out', test));
    const isDropped =
      back?.isOverlay === true && dropsAnswer(dropsWith(condition, peer?.host), 'in', test);
    const answered = isSentBack && back.arrives && !isDropped;
    const packets = answered ? 1 : SENT_IN_VAIN[test];
    return {
      test,
      answered,
      ofSender: { sent: goesOut ? packets : 0, received: answered && back.isOverlay ? packets : 0 },
      ofPeer: { received: goesIn ? packets : 0, sent: isSentBack && back.isOverlay ? packets : 0 },
    };
  });
  const answered = (test: Test): boolean =>
    results.some((one) => one.test === test && one.answered);
  return {
    answered: { small: answered('small'), full: answered('full'), tcp: answered('tcp') },
    isTurnedAway: peer !== undefined && ownIp(sender, peer.host) !== ip,
    pathMtu: isTooBig ? pathMtu : undefined,
    ofSender: sum(results.map(({ ofSender }) => ofSender)),
    ofPeer: sum(results.map(({ ofPeer }) => ofPeer)),
  };
}

/** Whether the interface of the peer takes what a host sends at the full size of its device. */
function isCarriedTo({ conditionOf }: Sender, from: Host, peer: Host | undefined): boolean {
  return peer === undefined || conditionOf(from).mtu + VXLAN_BYTES <= conditionOf(peer).underlayMtu;
}

interface Return {
  /** Else it goes around the overlay, and the host answers for its tunnel IP there. */
  readonly isOverlay: boolean;
  readonly arrives: boolean;
}

/** The way of a peer's answer; undefined where its kernel has none. */
function returnOf(sender: Sender, peer: Arrival, to: Host): Return | undefined {
  const way = wayTo(sender, peer.host, ownIp(sender, to));
  if (way === undefined || way.kind === 'underlay') {
    return way && { isOverlay: false, arrives: true };
  }
  const destination = destinationOf(sender, peer.host, way.gateway);
  if (destination === undefined) return undefined;
  const arrival = arrivalOf(sender, peer.host, destination);
  return { isOverlay: true, arrives: arrival?.host === to && arrival.takes };
}

function outcomeOf({ answered, isTurnedAway, pathMtu }: Trial): Outcome {
  const echo = (test: 'small' | 'full'): string => {
    if (!answered[test]) return 'lost';
    return isTurnedAway ? 'unreachable' : 'ok,0.1';
  };
  const refusal = isTurnedAway ? 'unreachable' : 'refused';
  return {
    small: echo('small'),
    full: pathMtu === undefined ? echo('full') : `toobig,${pathMtu}`,
    tcp: answered.tcp ? refusal : 'lost',
  };
}

/** What a host has of the others that try it in a round, where all hold the routes to all. */
function triersOf(sender: Sender, round: number): readonly Traffic[] {
  const { hosts, host } = sender;
  const { peers, placeOf } = ringOf(hosts);
  const place = placeOf.get(host) ?? 0;
  const count = Math.min(PEERS_OF_A_ROUND, peers.length - 1);
  return Array.from({ length: count }, (_, at) => {
    const behind = ((PEERS_OF_A_ROUND * round + at) % (peers.length - 1)) + 1;
    const trier = peers[(place - behind + peers.length) % peers.length]?.host;
    const trial = trier === undefined ? undefined : trialOf(sender, trier, host.tunnelIp);
    return trial?.ofPeer ?? { received: 0, sent: 0 };
  });
}

type Way =
  | { readonly kind: 'overlay'; readonly gateway: string }
  /** On this interface all hosts answer for all their addresses. */
  | { readonly kind: 'underlay' };

/** By which route a host's kernel sends what is for an address; undefined where by none that leads anywhere. */
function wayTo({ hosts, conditionOf }: Sender, host: Host, ip: string): Way | undefined {
  const condition = conditionOf(host);
  const { besides, obstacles, bridge } = condition;
  if (condition.device !== 'up') return undefined;
  const peer = ringOf(hosts).byTunnelIp.get(ip);
  const isProgrammed = peer !== undefined && peer !== host && !hasLost(condition, 'route', peer);
  const routes = [
    ...besides.filter((entry) => entry.table === 'route'),
    ...(isProgrammed ? [programmed.route(peer)] : []),
  ];
  const ways = [
    ...routes.map(({ destination, gateway }) => ({ range: destination, way: overlayBy(gateway) })),
    ...obstacles.map(({ range, device }) => ({
      range,
      way: device === UNDERLAY_DEVICE ? UNDERLAY : undefined,
    })),
    ...(bridge === undefined ? [] : [{ range: bridge, way: undefined }]),
  ].filter(({ range }) => contains(range, ip));
  const [longest] = ways.toSorted((one, other) => prefixBits(other.range) - prefixBits(one.range));
  return longest?.way;
}

const UNDERLAY: Way = { kind: 'underlay' };

function overlayBy(gateway: string): Way {
  return { kind: 'overlay', gateway };
}

interface Destination {
  readonly mac: string;
  readonly underlayIp: string;
}

/** Where the kernel sends what is for a gateway, as far as neighbours and FDB know. */
function destinationOf(
  { hosts, conditionOf }: Sender,
  host: Host,
  gateway: string,
): Destination | undefined {
  const condition = conditionOf(host);
  const { byTunnelIp, byMac } = ringOf(hosts);
  const ofGateway = { table: 'neighbour', peer: byTunnelIp.get(gateway) } as const;
  const neighbour = heldBy(condition, ofGateway, (entry) =>
    entry.table === 'neighbour' && entry.ip === gateway ? entry : undefined,
  );
  const mac = neighbour?.mac;
  if (mac === undefined) return undefined;
  const fdb = heldBy(condition, { table: 'fdb', peer: byMac.get(mac) }, (entry) =>
    entry.table === 'fdb' && entry.mac === mac ? entry : undefined,
  );
  return fdb === undefined ? undefined : { mac, underlayIp: fdb.destination };
}

/** The entry with some key: one besides, or the one that flannel programs for this peer. */
function heldBy<Held extends Entry>(
  condition: Condition,
  { table, peer }: { readonly table: Held['table']; readonly peer: Host | undefined },
  named: (entry: HeldEntry) => Held | undefined,
): Held | undefined {
  const besides = condition.besides.map(named).find((entry) => entry !== undefined);
  if (besides !== undefined || peer === undefined) return besides;
  return hasLost(condition, table, peer) ? undefined : named(programmed[table](peer));
}

interface Arrival {
  readonly host: Host;
  /** What comes in is for the MAC of its device. */
  readonly takes: boolean;
}

/** The host to whose device it comes. */
function arrivalOf(
  { hosts, conditionOf }: Sender,
  from: Host,
  destination: Destination | undefined,
): Arrival | undefined {
  if (destination === undefined) return undefined;
  const host = ringOf(hosts).byUnderlayIp.get(destination.underlayIp);
  if (host === undefined || host === from) return undefined;
  const { device, mac = host.vtepMac, port } = conditionOf(host);
  if (device !== 'up' || port !== conditionOf(from).port) return undefined;
  return { host, takes: mac === destination.mac };
}

/** What a host drops of the packets from and to another one. */
function dropsWith({ drops: all }: Condition, other: Host | undefined): Condition['drops'] {
  return all.filter(({ between }) => between === undefined || between.includes(other?.name ?? ''));
}

function drops(all: Condition['drops'], direction: 'in' | 'out', test: Test): boolean {
  return all.some((one) => one.direction === direction && DROPPED_WITH[test].includes(one.which));
}

function dropsAnswer(all: Condition['drops'], direction: 'in' | 'out', test: Test): boolean {
  return all.some(
    ({ which, ...one }) =>
      one.direction === direction &&
      which !== PASSES_AS_RESET &&
      DROPPED_WITH[test].includes(which),
  );
}

function ownIp({ conditionOf }: Sender, host: Host): string {
  return conditionOf(host).tunnelIp ?? host.tunnelIp;
}

function hasLost({ lost }: Condition, table: Table, peer: Host): boolean {
  return lost.some((loss) => loss.table === table && loss.peers.includes(peer));
}

function sum(all: readonly Traffic[]): Traffic {
  return all.reduce(
    (one, other) => ({ received: one.received + other.received, sent: one.sent + other.sent }),
    { received: 0, sent: 0 },
  );
}

/** The hosts of a cluster by what packets know of them. */
interface Ring {
  /** In the order of their tunnel IPs. */
  readonly peers: readonly { readonly host: Host; readonly number: number }[];
  readonly placeOf: ReadonlyMap<Host, number>;
  readonly byTunnelIp: ReadonlyMap<string, Host>;
  readonly byUnderlayIp: ReadonlyMap<string, Host>;
  readonly byMac: ReadonlyMap<string, Host>;
}

const known = new WeakMap<readonly Host[], Ring>();

function ringOf(hosts: readonly Host[]): Ring {
  const found = known.get(hosts) ?? ringAnew(hosts);
  known.set(hosts, found);
  return found;
}

function ringAnew(hosts: readonly Host[]): Ring {
  const peers = hosts
    .map((host) => ({ host, number: numberOf(host.tunnelIp) }))
    .toSorted((one, other) => one.number - other.number);
  return {
    peers,
    placeOf: new Map(peers.map(({ host }, place) => [host, place])),
    byTunnelIp: new Map(hosts.map((host) => [host.tunnelIp, host])),
    byUnderlayIp: new Map(hosts.map((host) => [host.underlayIp, host])),
    byMac: new Map(hosts.map((host) => [host.vtepMac, host])),
  };
}
