/** The list of nodes as it is remembered from run to run: lines by bucket, and when each was agreed on. */
import { bucketChecksum, bucketOf, NODE_BUCKETS } from '../../contract/node-list.ts';
import type { Problem } from '../../contract/report.ts';
import type { DaemonSet } from '../overlay/restart.ts';
import type { ClusterNode } from '../overlay/vtep.ts';
import { lineOfNode, nameInLine, nodeInLine } from '../parse/node-list.ts';
import { formatDuration } from '../time.ts';

/** Who reported the list: the masters' majority, or the cluster's API by a kubeconfig. */
export type ListSource = 'masters' | 'kubeconfig';

export interface RememberedList {
  readonly source: ListSource;
  /** By bucket: the lines of its nodes (`contract/node-list.ts`). */
  readonly buckets: readonly (readonly string[])[];
  /** By bucket: when its lines were last agreed on, epoch milliseconds; 0 before they ever were. */
  readonly agreedAt: readonly number[];
  /** When anybody who counts last reported a list, epoch milliseconds. */
  readonly answeredAt: number;
  /** The greatest `resourceVersion` that a majority had. */
  readonly version: string;
  readonly daemonSets: readonly DaemonSet[];
  /** Whether the masters need four times as long for it as others do. */
  readonly isSlow: boolean;
  /** Masters, by managed-node id, that differed from the majority in the last run. */
  readonly dissenting: readonly string[];
  /** Runs in a row in which most of all masters that count reported an older version. */
  readonly olderRuns?: number | undefined;
}

const BUCKETS = Array.from({ length: NODE_BUCKETS }, (_, bucket) => bucket);

/** Before anything is known. */
export const NO_LIST: RememberedList = {
  source: 'masters',
  buckets: BUCKETS.map(() => []),
  agreedAt: BUCKETS.map(() => 0),
  answeredAt: 0,
  version: '0',
  daemonSets: [],
  isSlow: false,
  dissenting: [],
};

/** Whether all of it was agreed on once: a list of which a part is missing is none. */
export function isComplete({ agreedAt }: RememberedList): boolean {
  return agreedAt.every((at) => at > 0);
}

export function checksumsOf({ buckets }: RememberedList): readonly string[] {
  return buckets.map(bucketChecksum);
}

/** The nodes of which all values are understood. */
export function nodesOn({ buckets }: RememberedList): readonly ClusterNode[] {
  return buckets.flatMap((lines) => lines.map(nodeInLine).filter((node) => node !== undefined));
}

/** Nodes that are on the list, and of which a value is not understood. */
export function unknownOn({ buckets }: RememberedList): readonly string[] {
  return buckets.flatMap((lines) =>
    lines
      .filter((line) => nodeInLine(line) === undefined)
      .flatMap((line) => nameInLine(line) ?? []),
  );
}

/** The list that Kubernetes returned to this run. */
export function listFromKubernetes(
  nodes: readonly ClusterNode[],
  now: number,
  daemonSets: readonly DaemonSet[] = [],
): RememberedList {
  const buckets = BUCKETS.map((): string[] => []);
  for (const node of nodes) buckets[bucketOf(node.name)]?.push(lineOfNode(node));
  return {
    ...NO_LIST,
    source: 'kubeconfig',
    buckets,
    daemonSets,
    agreedAt: BUCKETS.map(() => now),
    answeredAt: now,
  };
}

/** How long ago the oldest part of the list was agreed on. */
export function ageSeconds({ agreedAt }: RememberedList, now: number): number {
  return Math.max(0, now - Math.min(...agreedAt)) / 1000;
}

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/** A list may be old for so long before each report has a problem about it. */
export const OLD_SECONDS = HOUR_SECONDS;

/** A list on which nobody has reported for so long is dropped. */
const SILENT_SECONDS = DAY_SECONDS;

/**
 * The list if it still counts. It is dropped where nobody has reported on it for a day, or a part of it
 * was not agreed on for `rosterDays`.
 */
export function unlessExpired(
  list: RememberedList | undefined,
  { now, rosterDays }: { readonly now: number; readonly rosterDays: number },
): { readonly list: RememberedList | undefined; readonly problems: readonly Problem[] } {
  if (list === undefined) return { list, problems: [] };
  const silent = (now - list.answeredAt) / 1000;
  if (silent > SILENT_SECONDS) {
    return dropped(`nobody has reported it for ${formatDuration(silent)}`);
  }
  const age = ageSeconds(list, now);
  if (!isComplete(list) || age <= rosterDays * DAY_SECONDS) return { list, problems: [] };
  return dropped(`it is ${formatDuration(age)} old`);
}

function dropped(why: string): ReturnType<typeof unlessExpired> {
  return { list: undefined, problems: [{ where: WHERE, message: `it is dropped: ${why}` }] };
}

/** What a problem with the list is about. */
export const WHERE = 'node list';

/** A list that is old is still used, and each report has a problem about it. */
export function oldList(list: RememberedList, now: number): readonly Problem[] {
  const age = ageSeconds(list, now);
  if (age <= OLD_SECONDS) return [];
  const message = `it is ${formatDuration(age)} old: nodes that joined or left since are not known`;
  return [{ where: WHERE, message }];
}
