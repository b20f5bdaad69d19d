import { PAGE_ENTRIES } from '../../contract/probe.ts';
import type { Member } from '../members/member.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Digest } from '../overlay/vtep.ts';
import { isKnown } from '../overlay/entries.ts';
import { deviceFamily } from '../overlay/profile.ts';

/**
 * How many hosts are read in full where only the peers know a VTEP, or where most differ from what is
 * known: fewer do not outvote what earlier runs saw.
 */
const WITNESSES = 3;

/**
 * Nodes whose tables a run must read in full to check more, the most useful first, without those in
 * `asked`. Where only the peers know a VTEP, or where most hosts differ from what is known, a few
 * witnesses are read first, and the digests are judged again. Otherwise it is one of each group whose
 * digests differ in the same unexplained way. Empty where nothing would be learned.
 */
export function nodesToRead(
  judgement: Judgement,
  asked: ReadonlySet<string> = new Set(),
): readonly string[] {
  const digested = judgement.members.filter(({ observed }) => observed?.digest !== undefined);
  const unread = digested.filter(
    ({ node, observed }) => observed?.kind === 'digest' && !asked.has(node),
  );
  const representatives = judgement.matrix.unexplained.flatMap(
    (group) => group.find((node) => !asked.has(node)) ?? [],
  );
  const hasWitness = digested.some(({ observed }) => observed?.kind === 'tables');
  if (hasWitness) return representatives;
  if (needsWitnesses(judgement)) {
    return acrossSubnets(unread.toSorted(mostTablesFirst))
      .slice(0, WITNESSES)
      .map(({ node }) => node);
  }
  const { unexplained, unlistedUnderlays } = judgement.matrix;
  if (unexplained.flat().length * 2 <= digested.length) return representatives;
  if (unlistedUnderlays.size === 0) return representatives.slice(0, WITNESSES);
  // One witness would not outvote what earlier runs saw.
  return unexplained
    .toSorted((one, two) => two.length - one.length)
    .flat()
    .filter((node) => !asked.has(node))
    .slice(0, WITNESSES);
}

function needsWitnesses({ vteps, profile }: Judgement): boolean {
  return vteps.some((vtep) => !isKnown(vtep, profile));
}

/**
 * The first of each subnet before the second of any. Hosts of one subnet may route to each other directly:
 * then they hold no tunnel entries for one another, and only a host of another subnet can speak for them.
 */
function acrossSubnets(members: readonly Member[]): readonly Member[] {
  const subnets = [
    ...groupBy(members, ({ observed }) => observed?.digest?.subnets.join(' ') ?? '').values(),
  ];
  const longest = Math.max(0, ...subnets.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => at).flatMap((at) =>
    subnets.flatMap((subnet) => subnet[at] ?? []),
  );
}

function mostTablesFirst(one: Member, two: Member): number {
  return tablesOf(two) - tablesOf(one);
}

function tablesOf({ observed }: Member): number {
  return observed?.digest?.tables.size ?? 0;
}

/** Which hosts to read in full at once, and in how many pages each. */
export interface Reading {
  /** Managed-node ids. */
  readonly instanceIds: readonly string[];
  readonly pages: number;
}

/** Pages fetched at most in one reading: each is a call of its own. */
export const PAGES_IN_ALL = 100;

/**
 * Entries that a host may well hold for each node of the cluster: three of each family, and the FDB
 * entries that flannel before 0.24.1 leaves behind whenever a peer boots. More are read as far as they fit.
 */
const ENTRIES_PER_NODE = 30;

/**
 * As many of these nodes as can be read at once. Each host costs a call a page, and all are asked for
 * as many pages as the largest of them needs. The size of its tables is the host's own claim, so the
 * hosts that claim most come last and displace no other, and no claim can exhaust a run's memory.
 */
export function readingOf(nodes: readonly string[], { members }: Judgement): Reading {
  const named = new Set(nodes);
  const ids = new Map(members.map(({ node, observed }) => [node, observed?.host.instanceId]));
  const most = 1 + Math.ceil((ENTRIES_PER_NODE * members.length) / PAGE_ENTRIES.ipv4);
  const needs = new Map(
    members
      .filter(({ node }) => named.has(node))
      .map((member) => [member.node, Math.min(pagesOf(member), most)]),
  );
  const sized = nodes
    .map((node) => ({ node, pages: needs.get(node) ?? 1 }))
    .toSorted((one, two) => one.pages - two.pages);
  const fitting = sized.filter(({ pages }, at) => pages * (at + 1) <= PAGES_IN_ALL);
  return {
    instanceIds: fitting.flatMap(({ node }) => ids.get(node) ?? []),
    pages: fitting.at(-1)?.pages ?? 1,
  };
}

function pagesOf({ observed }: Member): number {
  const { digest, tables } = observed ?? {};
  if (digest === undefined) return 1;
  const isIpv6 = tables?.devices?.some(({ name }) => deviceFamily(name) === 'ipv6') === true;
  return Math.max(1, Math.ceil(sizeOf(digest) / PAGE_ENTRIES[isIpv6 ? 'ipv6' : 'ipv4']));
}

function sizeOf({ counts, ghosts }: Digest): number {
  return counts.neighbour + counts.fdb + counts.route + counts.direct + ghosts;
}
