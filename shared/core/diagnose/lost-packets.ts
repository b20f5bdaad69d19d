/** Nodes whose packets are lost although every table is right. */
import type { Condition, SettledNodes } from '../matrix/conditions.ts';
import type { TriedPair } from '../matrix/tried-pairs.ts';
import { groupBy } from '../group.ts';
import type { Member } from '../members/member.ts';
import { once } from '../remember.ts';
import { presenceOf } from './lost-evidence.ts';
import {
  beginsNoConnection,
  isLost,
  type MembersByName,
  type PairsByNode,
  pairsByNode,
  pathOf,
  sidesOf,
  trafficOf,
} from './lost-pairs.ts';

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
  const apart = zoneApart(tried, observed);
  const isAcrossZones = apart !== undefined;
  const isShown = isNoFilter(tried, { byNode, observed });
  const accused =
    apart ?? accusedBy(tried, { byNode, isOfTwo: members.length === 2 }).filter(isShown);
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
        isWell(node, pairs) || isContradicted(node, pairs) ? [node] : [],
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
 * its own answered. A device that received nothing shows it as well: it counts what a firewall of its host drops.
 */
function isNoFilter(
  tried: readonly TriedPair[],
  { byNode, observed }: { readonly byNode: PairsByNode; readonly observed: MembersByName },
): (node: string) => boolean {
  const answering = new Set(tried.flatMap((pair) => (isLost(pair) ? [] : [pair.subject])));
  const isDeaf = (node: string, pairs: readonly TriedPair[]): boolean =>
    trafficOf(observed.get(node), pairs)?.received === 0;
  const areDeaf = once(
    () => [...byNode].filter(([node, pairs]) => isDeaf(node, pairs)).length * 2 >= byNode.size,
  );
  return (node) => {
    const pairs = byNode.get(node) ?? [];
    const path = pathOf(pairs.filter(isLost));
    // A card that sums up checksums wrongly lets no connection begin, and all ICMP pass.
    const { own, others } = sidesOf(node, pairs);
    if (path === 'tcp-lost')
      return beginsNoConnection(own) && others.filter(isLost).length * 2 <= others.length;
    if (answering.size === 0) return path === 'large-lost' || areDeaf();
    if (isDeaf(node, pairs) && own.every(isLost) && others.length > 0 && others.every(isLost))
      return true;
    const answered = own.filter(({ subject }) => answering.has(subject));
    return [answered, others].every((some) => {
      const lost = some.filter((pair) => pair.path === path).length;
      return lost > 0 && lost * 2 >= some.length;
    });
  };
}

/** Half of enough pairs, in one way and with more than one other node: what is lost with one alone accuses neither. */
function isHalfLost(pairs: readonly TriedPair[]): boolean {
  const all = pairs.filter(isLost);
  const path = pathOf(all);
  const lost = all.filter((pair) => pair.path === path);
  const nodes = new Set(lost.flatMap(({ observer, subject }) => [observer, subject]));
  return pairs.length >= PAIRS && lost.length * 2 >= pairs.length && nodes.size > 2;
}

/**
 * Less than half of enough pairs is lost, and not all that it tried itself, or of a few none. Or most of what it tried
 * itself came back, so that packets pass both ways: others may be kept from it by a firewall before these tests.
 */
function isWell(node: string, pairs: readonly TriedPair[]): boolean {
  const lost = pairs.filter(isLost).length;
  if (pairs.length < PAIRS) return lost === 0 && pairs.length > 0;
  const { own } = sidesOf(node, pairs);
  const whole = own.filter((pair) => !isLost(pair)).length;
  if (whole >= 2 && whole * 2 > own.length) return true;
  return lost * 2 < pairs.length && (own.length === 0 || whole > 0);
}

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

/**
 * The nodes of a zone of which all pairs with other zones are lost, in both directions, and of whose own some came
 * back: those that lost something. Of several such zones the smallest. Undefined where much else is lost besides.
 */
function zoneApart(
  tried: readonly TriedPair[],
  members: MembersByName,
): readonly string[] | undefined {
  const zoneOf = (node: string): string | undefined => members.get(node)?.listed?.zone;
  const between = tried.filter(({ observer, subject }) => zoneOf(observer) !== zoneOf(subject));
  const sizes = groupBy(members.keys(), (node) => zoneOf(node) ?? '');
  const zones = [...sizes.keys()].filter((zone) => zone !== '');
  if (zones.length < 2 || zones.length < sizes.size) return undefined;
  const isApart = (zone: string): boolean => {
    const out = between.filter(({ observer }) => zoneOf(observer) === zone);
    const into = between.filter(({ subject }) => zoneOf(subject) === zone);
    const isWithin = tried.some(
      (pair) => !isLost(pair) && zoneOf(pair.observer) === zone && zoneOf(pair.subject) === zone,
    );
    const isCut = out.length > 0 && into.length > 0 && out.length + into.length >= PAIRS;
    return isWithin && isCut && [...out, ...into].every(isLost);
  };
  const [zone] = zones
    .filter(isApart)
    .toSorted((one, two) => (sizes.get(one)?.length ?? 0) - (sizes.get(two)?.length ?? 0));
  if (zone === undefined) return undefined;
  const [of = [], besides = []] = [true, false].map((isOf) =>
    tried.filter(
      (pair) => isLost(pair) && [pair.observer, pair.subject].map(zoneOf).includes(zone) === isOf,
    ),
  );
  if (besides.length * MOSTLY > of.length) return undefined;
  const nodes = of.flatMap(({ observer, subject }) => [observer, subject]);
  return [...new Set(nodes)].filter((node) => zoneOf(node) === zone);
}

/** So many times as much is lost of a zone as besides, where its loss explains what is lost. */
const MOSTLY = 4;
