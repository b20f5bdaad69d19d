import { PAGE_ENTRIES } from '../contract/probe.ts';
import type { Member } from './expect/member.ts';
import type { Judgement } from './judge.ts';
import { deviceFamily, type Digest, type Vtep } from './overlay.ts';

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

/** Whom to read in full at once, and in how many pages each. */
export interface Reading {
  /** Managed-node ids. */
  readonly instanceIds: readonly string[];
  readonly pages: number;
}

/** How many pages are fetched at most: each is a call of its own, so that hosts in full cost time. */
export const PAGES_IN_ALL = 100;

/**
 * Entries that a host may well have for each node of the cluster: three of each family, and what flannel
 * before 0.24.1 leaves behind whenever a peer boots. More are read as far as they fit.
 */
const ENTRIES_PER_NODE = 30;

/**
 * Of these nodes, as many as can be read at once: each host costs a call a page, and all are asked
 * for as many pages as the largest of them needs. How large its tables are a host says itself: one that
 * claims more than the others comes last and takes nobody's place, and none fills a run's memory.
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

function sizeOf({ counts, orphans }: Digest): number {
  return counts.neighbour + counts.fdb + counts.route + counts.direct + orphans;
}

/** Calico's routes are of blocks that no node's spec tells. */
function isIncomplete({ underlayIp, tunnelIp, mac, podCidr }: Vtep, isCalico: boolean): boolean {
  const parts = isCalico ? [underlayIp, tunnelIp, mac] : [underlayIp, tunnelIp, mac, podCidr];
  return parts.includes(undefined);
}
