/** What the tried pairs of one node say of it: what most of them lose, and what became of its own tries. */
import type { Loss } from '../../contract/report.ts';
import { groupBy, majority } from '../group.ts';
import type { TriedPair } from '../matrix/tried-pairs.ts';
import { type Member, ownDevice } from '../members/member.ts';
import type { DeviceTraffic } from '../overlay/packets.ts';

export type PairsByNode = ReadonlyMap<string, readonly TriedPair[]>;
export type MembersByName = ReadonlyMap<string, Member>;

/** The pairs of each node, those aside that say nothing of it. */
export function pairsByNode(tried: readonly TriedPair[]): PairsByNode {
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
 * suspected: no more of such pairs count than it has lost connections. A pair in which no large packet counts says
 * nothing of these.
 */
function saying(node: string, pairs: readonly TriedPair[]): readonly TriedPair[] {
  if (pathOf(pairs.filter(isLost)) === 'large-lost')
    return pairs.filter((pair) => isLost(pair) || pair.large !== 'untried');
  const { own, others } = sidesOf(node, pairs);
  if (!beginsNoConnection(own)) return pairs;
  const lost = own.filter(({ path }) => path === 'tcp-lost');
  const whole = others.filter((pair) => !isLost(pair)).slice(0, lost.length);
  return [...lost, ...others.filter(isLost), ...whole];
}

export function isLost({ path }: TriedPair): boolean {
  return path !== 'whole';
}

/** What a node tried itself, and what others tried of it. */
export function sidesOf(
  node: string,
  pairs: readonly TriedPair[],
): Readonly<Record<'own' | 'others', readonly TriedPair[]>> {
  const { own = [], others = [] } = Object.groupBy(pairs, ({ observer }) =>
    observer === node ? 'own' : 'others',
  );
  return { own, others };
}

/** None of a node's own connections is answered, and half or more of them are lost where ICMP is whole. */
export function beginsNoConnection(own: readonly TriedPair[]): boolean {
  const tried = own.filter(({ connection }) => connection !== 'untried');
  const lost = tried.filter(({ path }) => path === 'tcp-lost');
  return (
    lost.length > 0 &&
    lost.length * 2 >= tried.length &&
    tried.every(({ connection }) => connection !== 'answered')
  );
}

/** What most lost pairs lose. */
export function pathOf(lost: readonly TriedPair[]): TriedPair['path'] {
  return majority(lost.map(({ path }) => path)) ?? 'lost';
}

export function trafficOf(
  member: Member | undefined,
  [first]: readonly TriedPair[],
): DeviceTraffic | undefined {
  const device = first && ownDevice(member?.observed?.tables.devices, first.family);
  return member?.observed?.packets?.traffic.find((one) => one.device === device?.name);
}

/** What is lost of a way that carries the rest. */
export const LOSSES = {
  whole: undefined,
  lost: undefined,
  'large-lost': 'large-packets',
  'tcp-lost': 'connections',
} as const satisfies Readonly<Record<TriedPair['path'], Loss | undefined>>;
