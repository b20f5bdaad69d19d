import type { Member } from './expect/member.ts';
import type { Judgement } from './judge.ts';
import type { Digest, Vtep } from './overlay.ts';

/**
 * How many hosts are read in full for what no source but the peers tells: a majority needs three.
 */
const WITNESSES = 3;

/**
 * Nodes whose tables a run must read in full to judge more than it does, the most telling first; none of
 * those that it has `asked` already. Where a VTEP is not known without its peers, or where most hosts
 * differ from what is known, a few are read for that, and the digests are looked at again. Otherwise
 * one of each group whose digests differ in the same unexplained way. None where nothing would be
 * learned.
 */
export function nodesToRead(
  judgement: Judgement,
  asked: ReadonlySet<string> = new Set(),
): readonly string[] {
  const digested = judgement.members.filter(({ observed }) => observed?.digest !== undefined);
  const unread = digested.filter(({ node, observed }) => !observed?.inFull && !asked.has(node));
  const telling = judgement.matrix.unexplained.flatMap(
    (group) => group.find((node) => !asked.has(node)) ?? [],
  );
  const isTold = digested.some(({ observed }) => observed?.inFull);
  if (isTold) return telling;
  if (needsWitnesses(judgement)) {
    return unread
      .toSorted(mostTablesFirst)
      .slice(0, WITNESSES)
      .map(({ node }) => node);
  }
  const differing = judgement.matrix.unexplained.flat().length;
  return differing * 2 > digested.length ? telling.slice(0, WITNESSES) : telling;
}

function needsWitnesses({ members, vteps }: Judgement): boolean {
  const isCalico = members.some(({ observed }) =>
    observed?.tables.devices?.some(({ name }) => name.startsWith('vxlan')),
  );
  return vteps.some((vtep) => isIncomplete(vtep, isCalico));
}

function mostTablesFirst(one: Member, two: Member): number {
  return tablesOf(two) - tablesOf(one);
}

function tablesOf({ observed }: Member): number {
  return observed?.digest?.tables.size ?? 0;
}

/**
 * Entries of which a page in 24,000 bytes has room: packed, one takes about 15 bytes, nearly all of
 * them its random MAC, and pages differ in size by some percent.
 */
const ENTRIES_PER_PAGE = 1300;

/** In how many pages the tables of these nodes must be asked for. */
export function pagesFor(nodes: readonly string[], { members }: Judgement): number {
  const named = new Set(nodes);
  const sizes = members
    .filter(({ node }) => named.has(node))
    .map(({ observed }) => observed?.digest)
    .map((digest) => (digest === undefined ? 0 : sizeOf(digest)));
  return Math.max(1, Math.ceil(Math.max(0, ...sizes) / ENTRIES_PER_PAGE));
}

function sizeOf({ counts, orphans }: Digest): number {
  return counts.neighbour + counts.fdb + counts.route + counts.direct + orphans;
}

/** Calico's routes are of blocks that no node's spec tells. */
function isIncomplete({ underlayIp, tunnelIp, mac, podCidr }: Vtep, isCalico: boolean): boolean {
  const parts = isCalico ? [underlayIp, tunnelIp, mac] : [underlayIp, tunnelIp, mac, podCidr];
  return parts.includes(undefined);
}
