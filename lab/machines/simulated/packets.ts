/**
 * What becomes of the packets that simulated hosts send each other over the overlay, by what both sides hold:
 * whom a host tries, and what its tools would say. A second reading of the contract.
 */
import type { Table } from '../../../shared/contract/causes.ts';
import { TRIED_PEERS } from '../../../shared/contract/probe.ts';
import type { WordTexts } from '../../../shared/contract/wire.ts';
import type { PacketKind } from '../../damage.ts';
import { type Entry, OVERLAY_DEVICE, OVERLAY_MTU_BYTES, programmed } from '../flannel.ts';
import type { Host } from '../machine.ts';
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
  const { host } = sender;
  const own = ownIp(sender, host);
  const gateways = gatewaysOf(sender, host);
  const place = gateways.filter((ip) => numberOf(ip) < numberOf(own)).length;
  const count = Math.min(PEERS_OF_A_ROUND, gateways.length);
  const peers = Array.from(
    { length: count },
    (_, at) => gateways[(place + PEERS_OF_A_ROUND * round + at) % gateways.length] ?? '',
  );
  const named = suspects.filter((ip) => ip !== '').slice(0, TRIED_PEERS);
  const first = place + round;
  const inTurn = named.map((_, at) => named[(first + at) % named.length] ?? '');
  const suspect = inTurn.find((ip) => ip !== own && !peers.includes(ip));
  return [...peers, ...(suspect === undefined ? [] : [suspect])];
}

/** The gateways of a host's overlay routes, in the order in which the kernel lists them: by destination. */
function gatewaysOf({ hosts, conditionOf }: Sender, host: Host): readonly string[] {
  const condition = conditionOf(host);
  if (condition.device !== 'up' || condition.unread.route !== undefined) return [];
  const gone = new Set([host, ...lostPeers(condition, 'route')]);
  const besides = condition.besides.flatMap((entry) =>
    entry.table === 'route' ? [{ from: numberOf(entry.destination), ip: entry.gateway }] : [],
  );
  const kept = ringOf(hosts).peers.flatMap((peer) =>
    gone.has(peer.host) ? [] : [{ from: peer.number, ip: peer.host.tunnelIp }],
  );
  const routes = [...kept, ...besides];
  if (besides.length > 0) routes.sort((one, other) => one.from - other.from);
  return [...new Set(routes.map(({ ip }) => ip))];
}

interface Told {
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
    record('tried', { ip, ...(trial === undefined ? NOT_TRIED : toldOf(trial)) }),
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
  tcp: ['all', 'tcp'],
};

interface Trial {
  readonly answered: Readonly<Record<Test, boolean>>;
  /** The peer has the packets, and they are for no address of its own. */
  readonly isTurnedAway: boolean;
  /** What carries no more bytes on this host, where its device would. */
  readonly pathMtu: number | undefined;
  readonly ofSender: Traffic;
  readonly ofPeer: Traffic;
}

/** Undefined where no overlay route of the host leads there. */
function trialOf(sender: Sender, from: Host, ip: string): Trial | undefined {
  const gateway = gatewayTo(sender, from, ip);
  if (gateway === undefined) return undefined;
  const { conditionOf } = sender;
  const own = ownIp(sender, from);
  const leaves = destinationOf(sender, from, gateway);
  const peer = arrivalOf(sender, from, leaves);
  const back = peer === undefined ? undefined : gatewayTo(sender, peer, own);
  const returns =
    peer !== undefined && back !== undefined ? destinationOf(sender, peer, back) : undefined;
  const comesBack = peer !== undefined && arrivalOf(sender, peer, returns) === from;
  const { mtu } = conditionOf(from);
  const pathMtu = mtu > OVERLAY_MTU_BYTES ? OVERLAY_MTU_BYTES : undefined;
  const results = TESTS.map((test) => {
    const isTooBig = test === 'full' && pathMtu !== undefined;
    const goesOut = leaves !== undefined && !isTooBig && !drops(conditionOf(from), 'out', test);
    const goesIn = goesOut && peer !== undefined && !drops(conditionOf(peer), 'in', test);
    const goesBack = goesIn && returns !== undefined && !drops(conditionOf(peer), 'out', test);
    const answered = goesBack && comesBack && !drops(conditionOf(from), 'in', test);
    const packets = answered ? 1 : SENT_IN_VAIN[test];
    return {
      test,
      answered,
      ofSender: { sent: goesOut ? packets : 0, received: answered ? packets : 0 },
      ofPeer: { received: goesIn ? packets : 0, sent: goesBack ? packets : 0 },
    };
  });
  const answered = (test: Test): boolean =>
    results.some((one) => one.test === test && one.answered);
  return {
    answered: { small: answered('small'), full: answered('full'), tcp: answered('tcp') },
    isTurnedAway: peer !== undefined && ownIp(sender, peer) !== ip,
    pathMtu,
    ofSender: sum(results.map(({ ofSender }) => ofSender)),
    ofPeer: sum(results.map(({ ofPeer }) => ofPeer)),
  };
}

/** No simulated host has a kube-proxy that listens. */
function toldOf({ answered, isTurnedAway, pathMtu }: Trial): Told {
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

/** What a host has of the others that try it in a round, each of which hosts the same peers. */
function triersOf(sender: Sender, round: number): readonly Traffic[] {
  const { hosts, host } = sender;
  const { peers } = ringOf(hosts);
  const place = peers.findIndex((peer) => peer.host === host);
  const count = Math.min(PEERS_OF_A_ROUND, peers.length - 1);
  return Array.from({ length: count }, (_, at) => {
    const behind = ((PEERS_OF_A_ROUND * round + at) % (peers.length - 1)) + 1;
    const trier = peers[(place - behind + peers.length) % peers.length]?.host;
    const trial = trier === undefined ? undefined : trialOf(sender, trier, host.tunnelIp);
    return trial?.ofPeer ?? { received: 0, sent: 0 };
  });
}

/** The gateway of the overlay route that leads to this address; undefined where another leads there, or none. */
function gatewayTo({ hosts, conditionOf }: Sender, host: Host, ip: string): string | undefined {
  const condition = conditionOf(host);
  const { device, unread, besides, obstacles, bridge } = condition;
  if (device !== 'up' || unread.route !== undefined) return undefined;
  const peer = ringOf(hosts).byTunnelIp.get(ip);
  const isProgrammed =
    peer !== undefined && peer !== host && !lostPeers(condition, 'route').includes(peer);
  const routes = [
    ...(isProgrammed ? [programmed.route(peer)] : []),
    ...besides.filter((entry) => entry.table === 'route'),
  ].filter(({ destination }) => contains(destination, ip));
  const [longest] = routes.toSorted(
    (one, other) => prefixBits(other.destination) - prefixBits(one.destination),
  );
  if (longest === undefined) return undefined;
  const inTheWay = [
    ...obstacles.map(({ range }) => range),
    ...(bridge === undefined ? [] : [bridge]),
  ];
  const isTaken = inTheWay.some(
    (range) => contains(range, ip) && prefixBits(range) >= prefixBits(longest.destination),
  );
  return isTaken ? undefined : longest.gateway;
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
  const neighbour = heldBy(condition, 'neighbour', byTunnelIp.get(gateway), (entry) =>
    entry.table === 'neighbour' && entry.ip === gateway ? entry : undefined,
  );
  const mac = neighbour?.mac;
  if (mac === undefined) return undefined;
  const fdb = heldBy(condition, 'fdb', byMac.get(mac), (entry) =>
    entry.table === 'fdb' && entry.mac === mac ? entry : undefined,
  );
  return fdb === undefined ? undefined : { mac, underlayIp: fdb.destination };
}

/** The entry with some key: one besides, or the one that flannel programs for this peer. */
function heldBy<Held extends Entry>(
  condition: Condition,
  table: Held['table'],
  peer: Host | undefined,
  named: (entry: Entry) => Held | undefined,
): Held | undefined {
  const besides = condition.besides.map(named).find((entry) => entry !== undefined);
  if (besides !== undefined || peer === undefined) return besides;
  return lostPeers(condition, table).includes(peer) ? undefined : named(programmed[table](peer));
}

/** The host whose device takes what is sent there. */
function arrivalOf(
  { hosts, conditionOf }: Sender,
  from: Host,
  destination: Destination | undefined,
): Host | undefined {
  if (destination === undefined) return undefined;
  const peer = ringOf(hosts).byUnderlayIp.get(destination.underlayIp);
  if (peer === undefined || peer === from) return undefined;
  const { device, mac = peer.vtepMac, port } = conditionOf(peer);
  const takes = device === 'up' && mac === destination.mac && port === conditionOf(from).port;
  return takes ? peer : undefined;
}

function drops({ drops: all }: Condition, direction: 'in' | 'out', test: Test): boolean {
  return all.some((one) => one.direction === direction && DROPPED_WITH[test].includes(one.which));
}

function ownIp({ conditionOf }: Sender, host: Host): string {
  return conditionOf(host).tunnelIp ?? host.tunnelIp;
}

function lostPeers({ lost }: Condition, table: Table): readonly Host[] {
  return lost.filter((loss) => loss.table === table).flatMap(({ peers }) => peers);
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
  readonly byTunnelIp: ReadonlyMap<string, Host>;
  readonly byUnderlayIp: ReadonlyMap<string, Host>;
  readonly byMac: ReadonlyMap<string, Host>;
}

const known = new WeakMap<readonly Host[], Ring>();

function ringOf(hosts: readonly Host[]): Ring {
  const found = known.get(hosts) ?? {
    peers: hosts
      .map((host) => ({ host, number: numberOf(host.tunnelIp) }))
      .toSorted((one, other) => one.number - other.number),
    byTunnelIp: new Map(hosts.map((host) => [host.tunnelIp, host])),
    byUnderlayIp: new Map(hosts.map((host) => [host.underlayIp, host])),
    byMac: new Map(hosts.map((host) => [host.vtepMac, host])),
  };
  known.set(hosts, found);
  return found;
}
