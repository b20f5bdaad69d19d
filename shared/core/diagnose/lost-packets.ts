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
import { enumerate } from '../plain-text.ts';

/** Of fewer pairs nothing is said of a node. */
const PAIRS = 3;

/**
 * Nodes of which half of the pairs or more that were tried are lost, the worst first: a pair that one lost
 * node explains accuses nobody else.
 */
export function losesPackets({ members, tried }: SettledNodes): Condition {
  // Where nobody sends packets any more, nothing can show that a loss goes on.
  if (tried === undefined) {
    return { present: new Map(), known: new Set(members.map(({ node }) => node)) };
  }
  const byNode = pairsByNode(tried);
  const observed = new Map(members.map((member) => [member.node, member]));
  const isAcrossZones = areZonesApart(tried, observed);
  return {
    present: new Map(
      lossyNodes(byNode).map((node) => [
        node,
        presenceOf(node, byNode.get(node) ?? [], { observed, isAcrossZones }),
      ]),
    ),
    known: new Set([...byNode].flatMap(([node, pairs]) => (pairs.length >= PAIRS ? [node] : []))),
  };
}

/** The pairs of each node, those aside that say nothing of it. */
function pairsByNode(tried: readonly TriedPair[]): ReadonlyMap<string, readonly TriedPair[]> {
  const pairs = tried.flatMap((pair) => [
    { node: pair.observer, pair },
    // Where a host sums up checksums wrongly, none of its own connections is answered. Those of others to one
    // node may fail because a firewall closes the port.
    ...(pair.path === 'tcp-lost' ? [] : [{ node: pair.subject, pair }]),
  ]);
  return new Map(
    [...groupBy(pairs, ({ node }) => node)].map(([node, some]) => [
      node,
      some.map(({ pair }) => pair),
    ]),
  );
}

function isLost({ path }: TriedPair): boolean {
  return path !== 'whole';
}

/** How many pairs of a node are left to explain. */
interface Tally {
  readonly node: string;
  tried: number;
  lost: number;
}

function lossyNodes(byNode: ReadonlyMap<string, readonly TriedPair[]>): readonly string[] {
  const tallies = new Map(
    [...byNode].map(([node, pairs]): [string, Tally] => [
      node,
      { node, tried: pairs.length, lost: pairs.filter(isLost).length },
    ]),
  );
  const explained = new Set<TriedPair>();
  const lossy: string[] = [];
  for (let worst = worstOf(tallies); worst !== undefined; worst = worstOf(tallies)) {
    lossy.push(worst.node);
    tallies.delete(worst.node);
    for (const pair of byNode.get(worst.node) ?? []) {
      if (explained.has(pair)) continue;
      explained.add(pair);
      const other = tallies.get(pair.observer === worst.node ? pair.subject : pair.observer);
      if (other === undefined || (pair.path === 'tcp-lost' && pair.subject === other.node))
        continue;
      other.tried--;
      if (isLost(pair)) other.lost--;
    }
  }
  return lossy;
}

function worstOf(tallies: ReadonlyMap<string, Tally>): Tally | undefined {
  let worst: Tally | undefined;
  for (const one of tallies.values()) {
    if (one.tried < PAIRS || one.lost * 2 < one.tried) continue;
    if (worst === undefined || isWorse(one, worst)) worst = one;
  }
  return worst;
}

function isWorse(one: Tally, two: Tally): boolean {
  if (one.lost !== two.lost) return one.lost > two.lost;
  return one.tried === two.tried ? one.node < two.node : one.tried < two.tried;
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

const LOSSES = {
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
  }: { readonly observed: ReadonlyMap<string, Member>; readonly isAcrossZones: boolean },
): Presence {
  const lost = pairs.filter(isLost);
  const path = majority(lost.map((pair) => pair.path)) ?? 'lost';
  const loss = LOSSES[path];
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
      ...(loss === undefined ? trafficLines(observed.get(node), lost) : []),
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

/** Where a node loses all, its own device shows whether packets do not arrive or do not leave. */
function trafficLines(
  member: Member | undefined,
  [first]: readonly TriedPair[],
): readonly string[] {
  const device = first && ownDevice(member?.observed?.tables.devices, first.family);
  const traffic = member?.observed?.packets?.traffic.find((one) => one.device === device?.name);
  if (member === undefined || traffic === undefined) return [];
  const { received, sent } = traffic;
  const text = `${traffic.device} on ${member.node} received ${received} packets and sent ${sent} meanwhile`;
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
