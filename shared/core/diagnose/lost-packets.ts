/** Nodes whose packets are lost although every table is right. */
import type { Loss } from '../../contract/report.ts';
import { groupBy, majority } from '../group.ts';
import {
  type Condition,
  NAMED_NODES,
  type Presence,
  type SettledNodes,
} from '../matrix/conditions.ts';
import type { TriedPair } from '../matrix/tried-pairs.ts';
import { type Member, ownDevice } from '../members/member.ts';
import type { DeviceTraffic } from '../overlay/packets.ts';
import { enumerate } from '../plain-text.ts';
import { once } from '../remember.ts';

/** Of fewer pairs nothing is said of a node. */
const PAIRS = 3;

/**
 * Nodes of which half of the pairs or more that were tried are lost, the worst first: a pair that one lost
 * node explains accuses nobody else, unless most of all pairs are lost.
 */
export function losesPackets({ members, tried }: SettledNodes): Condition {
  if (tried === undefined) return { present: new Map(), known: nobodySends(members) };
  const byNode = pairsByNode(tried);
  const observed = new Map(members.map((member) => [member.node, member]));
  const isAcrossZones = areZonesApart(tried, observed);
  const isShown = isNoFilter(tried, { byNode, observed });
  const accused = accusedBy(tried, { byNode, isOfTwo: members.length === 2 }).filter(isShown);
  return {
    present: new Map(
      accused.map((node) => [
        node,
        presenceOf(node, byNode.get(node) ?? [], { observed, isAcrossZones }),
      ]),
    ),
    // Of a node whose losses another one explains it is not known whether it would lose them without.
    known: new Set([
      ...accused,
      ...[...byNode].flatMap(([node, pairs]) =>
        isWell(pairs) || isContradicted(node, pairs) ? [node] : [],
      ),
    ]),
  };
}

/**
 * Where hosts answer and send no packets any more, nothing can show that a loss goes on. Where most are silent,
 * nothing is known.
 */
function nobodySends(members: readonly Member[]): ReadonlySet<string> {
  const answering = members.filter(({ observed }) => observed !== undefined);
  return new Set(answering.length * 2 > members.length ? answering.map(({ node }) => node) : []);
}

/** Of two nodes none can be accused alone: where nothing comes back in either direction, both are, as one fault. */
function accusedBy(
  tried: readonly TriedPair[],
  { byNode, isOfTwo }: { readonly byNode: PairsByNode; readonly isOfTwo: boolean },
): readonly string[] {
  if (isOfTwo) {
    const observers = new Set(tried.map(({ observer }) => observer));
    return observers.size === 2 && tried.every(isLost) ? [...byNode.keys()] : [];
  }
  const isMost = tried.filter(isLost).length * 2 > tried.length;
  return isMost
    ? [...byNode].flatMap(([node, pairs]) => (isHalfLost(pairs) ? [node] : []))
    : lossyNodes(byNode);
}

/**
 * Whether the overlay loses a node's packets, and no firewall on it or on its peers keeps these tests alone from them:
 * half are lost both ways, of its own to nodes that answer others, and of others to it. A host that is too busy to
 * hear of answers still gives them, one that lies is contradicted by them, and one that lets no more tests in still has
 * its own answered. Where nobody answers anybody, devices that received nothing show it.
 */
function isNoFilter(
  tried: readonly TriedPair[],
  { byNode, observed }: { readonly byNode: PairsByNode; readonly observed: MembersByName },
): (node: string) => boolean {
  const answering = new Set(tried.flatMap((pair) => (isLost(pair) ? [] : [pair.subject])));
  const isDeaf = ([node, pairs]: readonly [string, readonly TriedPair[]]): boolean =>
    trafficOf(observed.get(node), pairs)?.received === 0;
  const areDeaf = once(() => [...byNode].filter(isDeaf).length * 2 >= byNode.size);
  return (node) => {
    const pairs = byNode.get(node) ?? [];
    const path = pathOf(pairs.filter(isLost));
    // A card that sums up checksums wrongly lets no connection begin, and all ICMP pass.
    if (path === 'tcp-lost')
      return pairs.every((pair) =>
        pair.observer === node
          ? pair.path === 'tcp-lost' || pair.connection === 'untried'
          : !isLost(pair),
      );
    if (answering.size === 0) return path === 'large-lost' || areDeaf();
    const own = pairs.filter(
      ({ observer, subject }) => observer === node && answering.has(subject),
    );
    const others = pairs.filter(({ subject }) => subject === node);
    return [own, others].every((some) => {
      const lost = some.filter((pair) => pair.path === path).length;
      return lost > 0 && lost * 2 >= some.length;
    });
  };
}

/** What most lost pairs lose. */
function pathOf(lost: readonly TriedPair[]): TriedPair['path'] {
  return majority(lost.map(({ path }) => path)) ?? 'lost';
}

/** Half of enough pairs, in one way and with more than one other node: what is lost with one alone accuses neither. */
function isHalfLost(pairs: readonly TriedPair[]): boolean {
  const all = pairs.filter(isLost);
  const path = pathOf(all);
  const lost = all.filter((pair) => pair.path === path);
  const nodes = new Set(lost.flatMap(({ observer, subject }) => [observer, subject]));
  return pairs.length >= PAIRS && lost.length * 2 >= pairs.length && nodes.size > 2;
}

/** Less than half of enough pairs is lost, or of a few none. */
function isWell(pairs: readonly TriedPair[]): boolean {
  const lost = pairs.filter(isLost).length;
  return pairs.length >= PAIRS ? lost * 2 < pairs.length : lost === 0 && pairs.length > 0;
}

type PairsByNode = ReadonlyMap<string, readonly TriedPair[]>;
type MembersByName = ReadonlyMap<string, Member>;

/**
 * What a node lost was answered as well: some of its own tries and some of others to it came back, or one of its own
 * connections where it loses these alone. What is lost by chance is no suspicion that a later run may confirm.
 */
function isContradicted(node: string, pairs: readonly TriedPair[]): boolean {
  if (pairs.length < PAIRS) return false;
  const whole = pairs.filter((pair) => !isLost(pair));
  if (pathOf(pairs.filter(isLost)) === 'tcp-lost')
    return pairs.some(({ observer, connection }) => observer === node && connection === 'answered');
  return (
    whole.some(({ observer }) => observer === node) && whole.some(({ subject }) => subject === node)
  );
}

/** The pairs of each node, those aside that say nothing of it. */
function pairsByNode(tried: readonly TriedPair[]): PairsByNode {
  const pairs = tried.flatMap((pair) => [
    { node: pair.observer, pair },
    // Where a host sums up checksums wrongly, none of its own connections is answered. Those of others to one
    // node may fail because a firewall closes the port.
    ...(pair.path === 'tcp-lost' ? [] : [{ node: pair.subject, pair }]),
  ]);
  return new Map(
    [...groupBy(pairs, ({ node }) => node)].map(([node, some]) => [
      node,
      saying(
        node,
        some.map(({ pair }) => pair),
      ),
    ]),
  );
}

/**
 * That others reach a node that begins no connection says nothing of these, and more of them reach it where it is
 * suspected: no more of such pairs count than it has of its own.
 */
function saying(node: string, pairs: readonly TriedPair[]): readonly TriedPair[] {
  const own = pairs.filter(({ observer }) => observer === node);
  if (own.length === 0 || own.some(({ path }) => path !== 'tcp-lost')) return pairs;
  const others = pairs.filter(({ observer }) => observer !== node);
  const whole = others.filter((pair) => !isLost(pair)).slice(0, own.length);
  return [...own, ...others.filter(isLost), ...whole];
}

function isLost({ path }: TriedPair): boolean {
  return path !== 'whole';
}

function lossyNodes(byNode: ReadonlyMap<string, readonly TriedPair[]>): readonly string[] {
  const left = new Map(byNode);
  const lossy: string[] = [];
  for (let worst = worstOf(left); worst !== undefined; worst = worstOf(left)) {
    const explained = new Set(left.get(worst));
    lossy.push(worst);
    left.delete(worst);
    const others = new Set([...explained].flatMap(({ observer, subject }) => [observer, subject]));
    for (const node of others) {
      const pairs = left.get(node);
      if (pairs !== undefined)
        left.set(
          node,
          pairs.filter((pair) => !explained.has(pair)),
        );
    }
  }
  return lossy;
}

/** The node with most lost pairs; of equals the one with fewer others, then the first by name. */
function worstOf(byNode: ReadonlyMap<string, readonly TriedPair[]>): string | undefined {
  let worst: { readonly node: string; readonly tried: number; readonly lost: number } | undefined;
  for (const [node, pairs] of byNode) {
    if (!isHalfLost(pairs)) continue;
    const one = { node, tried: pairs.length, lost: pairs.filter(isLost).length };
    const isWorse =
      worst === undefined ||
      one.lost > worst.lost ||
      (one.lost === worst.lost &&
        (one.tried < worst.tried || (one.tried === worst.tried && node < worst.node)));
    if (isWorse) worst = one;
  }
  return worst?.node;
}

/** Whether all pairs in one zone are whole, and all that are lost lead from one zone to another. */
function areZonesApart(tried: readonly TriedPair[], members: ReadonlyMap<string, Member>): boolean {
  const zones = tried.map((pair) => {
    const [one, two] = [pair.observer, pair.subject].map((node) => members.get(node)?.listed?.zone);
    if (one === undefined || two === undefined) return undefined;
    return { isOne: one === two, isWhole: !isLost(pair) };
  });
  const known = zones.filter((one) => one !== undefined);
  return (
    known.length === zones.length &&
    known.every(({ isOne, isWhole }) => isOne === isWhole) &&
    known.some(({ isOne }) => isOne)
  );
}

/** What is lost of a way that carries the rest. */
export const LOSSES = {
  whole: undefined,
  lost: undefined,
  'large-lost': 'large-packets',
  'tcp-lost': 'connections',
} as const satisfies Readonly<Record<TriedPair['path'], Loss | undefined>>;

const WHAT_CAME = {
  all: 'nothing came back',
  'large-packets': 'small packets came back, and large ones did not',
  connections: 'ICMP of any size came back, and no TCP connection was answered',
} as const satisfies Readonly<Record<Loss | 'all', string>>;

function presenceOf(
  node: string,
  pairs: readonly TriedPair[],
  {
    observed,
    isAcrossZones,
  }: { readonly observed: MembersByName; readonly isAcrossZones: boolean },
): Presence {
  const lost = pairs.filter(isLost);
  const loss = LOSSES[pathOf(lost)];
  const peersIn = (some: readonly TriedPair[]): ReadonlySet<string> =>
    new Set(some.map(({ observer, subject }) => (observer === node ? subject : observer)));
  const peers = peersIn(lost);
  const names = enumerate([...peers].toSorted(), NAMED_NODES);
  return {
    beside: [...peers].slice(0, NAMED_NODES),
    affected: peers.size,
    checked: peersIn(pairs).size,
    ...(loss === undefined ? {} : { loss }),
    ...checkOf(node, lost, loss),
    evidence: [
      `in ${lost.length} of ${pairs.length} tries between ${node} and ${names} ${WHAT_CAME[loss ?? 'all']}`,
      ...(loss === undefined ? trafficLines(node, trafficOf(observed.get(node), lost)) : []),
      ...pathMtuLines(lost),
      ...(isAcrossZones ? ['only between zones: all tries within one zone came back'] : []),
    ],
  };
}

/** What its own host then gets back. */
function checkOf(
  node: string,
  lost: readonly TriedPair[],
  loss: Loss | undefined,
): Pick<Presence, 'check'> {
  const ip = lost.find(({ observer }) => observer === node)?.ip;
  if (ip === undefined || loss !== undefined) return {};
  return { check: { command: `ping -c 3 ${ip}`, shows: `bytes from ${ip}` } };
}

function trafficOf(
  member: Member | undefined,
  [first]: readonly TriedPair[],
): DeviceTraffic | undefined {
  const device = first && ownDevice(member?.observed?.tables.devices, first.family);
  return member?.observed?.packets?.traffic.find((one) => one.device === device?.name);
}

/** Where a node loses all, its own device shows whether packets do not arrive or do not leave. */
function trafficLines(node: string, traffic: DeviceTraffic | undefined): readonly string[] {
  if (traffic === undefined) return [];
  const { received, sent } = traffic;
  const text = `${traffic.device} on ${node} received ${received} packets and sent ${sent} meanwhile`;
  if (received === 0 && sent > 0) return [`${text}: nothing arrives there`];
  if (received > 0 && sent === 0) return [`${text}: they arrive, and its answers do not leave`];
  return [text];
}

function pathMtuLines(lost: readonly TriedPair[]): readonly string[] {
  const narrow = new Map(
    lost.flatMap(({ observer, pathMtu }) =>
      pathMtu === undefined ? [] : [[observer, pathMtu] as const],
    ),
  );
  return [...narrow]
    .slice(0, NAMED_NODES)
    .map(([node, mtu]) => `the kernel of ${node} knows that the way carries only ${mtu} bytes`);
}
