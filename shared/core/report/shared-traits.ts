import { type Finding, nodeOf } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Member } from '../members/member.ts';
import { enumerate } from '../plain-text.ts';
import { formatDuration } from '../time.ts';

/** How many nodes one line names. */
const NAMES = 10;

/** A restart so long ago may be what broke the tables: the CNI is rolled over many nodes one by one. */
const RESTART_SECONDS = 30 * 60;

/** What has most of a cluster's nodes in common is looked for where at least so many are at fault. */
const NODES = 3;

/**
 * What the nodes of a wide finding have in common, and the others have not: several causes and who has which, a
 * restart of flanneld, a zone, a subnet.
 */
export function sharedTraits(
  { scope, parts = [] }: Finding,
  { members, vteps }: Judgement,
): readonly string[] {
  if (scope !== 'cluster' && scope !== 'group') return [];
  const byCause = groupBy(parts, ({ cause }) => cause);
  const accused = new Set(parts.map(nodeOf));
  if (accused.size < NODES) return [];
  const [some, others] = [
    members.filter(({ node }) => accused.has(node)),
    members.filter(({ node }) => !accused.has(node)),
  ];
  const subnets = new Map(vteps.map(({ node, underlayIp = '' }) => [node, subnetOf(underlayIp)]));
  return [
    ...(byCause.size < 2 ? [] : [...byCause].map(([cause, own]) => causeLine(cause, own))),
    ...restartLines(some, others),
    ...commonLines('zone', { some, others, traitOf: ({ listed }) => listed?.zone }),
    ...commonLines('subnet', { some, others, traitOf: ({ node }) => subnets.get(node) }),
  ];
}

function causeLine(cause: string, parts: readonly Finding[]): string {
  return `${cause}: ${enumerate(parts.map(nodeOf), NAMES)}`;
}

function restartLines(some: readonly Member[], others: readonly Member[]): readonly string[] {
  const ages = agesOf(some);
  const oldest = Math.max(0, ...ages);
  const isShared = ages.length >= NODES && ages.length * 2 > some.length;
  const isOfAll = others.length > 0 && agesOf(others).length === others.length;
  if (!isShared || isOfAll) return [];
  return [
    `flanneld was restarted on ${ages.length} of these ${some.length} nodes within the last ${formatDuration(oldest)}`,
  ];
}

/** Since when flanneld runs, where it was restarted lately; in seconds. */
function agesOf(members: readonly Member[]): readonly number[] {
  return members.flatMap(({ observed }) => {
    const seconds = observed?.host.flanneldSeconds;
    return seconds !== undefined && seconds < RESTART_SECONDS ? [seconds] : [];
  });
}

/** A trait that all of the nodes have and none of the others has. */
function commonLines(
  word: string,
  {
    some,
    others,
    traitOf,
  }: {
    readonly some: readonly Member[];
    readonly others: readonly Member[];
    readonly traitOf: (member: Member) => string | undefined;
  },
): readonly string[] {
  const [trait, ...more] = new Set(some.map(traitOf));
  const isTheirs = others.length > 0 && others.every((one) => traitOf(one) !== trait);
  return trait === undefined || more.length > 0 || !isTheirs
    ? []
    : [`all of these nodes, and no other, are in ${word} ${trait}`];
}

/** The /24 of an IPv4 address: how hosts share a subnet is not reported. */
function subnetOf(underlayIp: string): string | undefined {
  const [, network] = /^(\d+\.\d+\.\d+)\.\d+$/.exec(underlayIp) ?? [];
  return network === undefined ? undefined : `${network}.0/24`;
}
