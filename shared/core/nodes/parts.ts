/** What to ask the masters for, of a list that is not short: few answers, since each reads the whole list anew. */
import {
  leafChecksum,
  leafOf,
  NODE_BUCKETS,
  NODE_LEAVES,
  PART_NODES,
  wantedBuckets,
  wantedLeaves,
} from '../../contract/node-list.ts';
import { groupBy } from '../group.ts';
import { nameInLine, type NodesPart } from '../parse/node-list.ts';
import type { Fetch } from './agree.ts';
import type { RememberedList } from './remembered-list.ts';
import type { Candidate } from './vote.ts';

/** What one answer has room for, and the masters to ask for it. */
export interface Part {
  readonly buckets: readonly number[];
  /** Of these buckets the leaves that changed; undefined where they are asked for as a whole. */
  readonly leaves: ReadonlySet<number> | undefined;
  readonly from: readonly Candidate[];
  /** The parameter of the command. */
  readonly wanted: string;
}

/** The leaves of each master's list, as checksums, by managed-node id. */
type LeavesByMaster = ReadonlyMap<string, readonly string[]>;

/** Leaves that one parameter can name: each takes five characters. */
const LEAVES_OF_PART = 190;

/** Plans what to fetch. `count`: how many nodes the list has. */
export function partsToFetch(
  fetches: readonly Fetch[],
  remembered: RememberedList,
  { count, leaves }: { readonly count: number; readonly leaves: LeavesByMaster },
): readonly Part[] {
  const sizes = sizesOf(count);
  const planned = fetches.map((fetch): PlannedFetch => {
    const changed = changedLeaves(fetch, remembered, leaves);
    const nodes = (changed?.length ?? Infinity) * sizes.leaf;
    const isWhole = changed === undefined || nodes >= sizes.bucket;
    return isWhole ? { fetch, changed: undefined, nodes: sizes.bucket } : { fetch, changed, nodes };
  });
  const alike = groupBy(planned, ({ fetch: { from }, changed }) =>
    [changed === undefined, ...from.map((one) => one.instanceId)].join(' '),
  );
  return [...alike.values()].flatMap((group) => packed(group).map(partOf));
}

/** A bucket to fetch, whole or the leaves of it that changed, and about how many nodes that will bring. */
interface PlannedFetch {
  readonly fetch: Fetch;
  readonly changed: readonly number[] | undefined;
  readonly nodes: number;
}

/** How many nodes a bucket has on average, and a leaf of which a node is known to have changed. */
function sizesOf(count: number): { readonly bucket: number; readonly leaf: number } {
  return { bucket: count / NODE_BUCKETS, leaf: 1 + count / NODE_LEAVES };
}

/** The leaves of a bucket that a master has otherwise than the list; undefined where a master named none. */
function changedLeaves(
  { bucket, from }: Fetch,
  { buckets }: RememberedList,
  leaves: LeavesByMaster,
): readonly number[] | undefined {
  const lists = from.flatMap(({ instanceId }) => [leaves.get(instanceId) ?? []]);
  if (lists.some(({ length }) => length !== NODE_LEAVES)) return undefined;
  const known = groupBy(buckets[bucket] ?? [], (line) => String(leafOfLine(line)));
  return Array.from(
    { length: NODE_LEAVES / NODE_BUCKETS },
    (_, at) => bucket + at * NODE_BUCKETS,
  ).filter((leaf) => {
    const checksum = leafChecksum(known.get(String(leaf)) ?? []);
    return lists.some((list) => list[leaf] !== checksum);
  });
}

function leafOfLine(line: string): number {
  return leafOf(nameInLine(line) ?? '');
}

/** As many of them as one answer has room for, and then the next. */
function packed(planned: readonly PlannedFetch[]): readonly (readonly PlannedFetch[])[] {
  const parts: PlannedFetch[][] = [];
  let [nodes, leaves] = [Infinity, Infinity];
  for (const one of planned) {
    nodes += one.nodes;
    leaves += one.changed?.length ?? 0;
    if (nodes > PART_NODES || leaves > LEAVES_OF_PART) {
      parts.push([]);
      [nodes, leaves] = [one.nodes, one.changed?.length ?? 0];
    }
    parts.at(-1)?.push(one);
  }
  return parts;
}

function partOf(planned: readonly PlannedFetch[]): Part {
  const [first] = planned;
  const buckets = planned.map(({ fetch }) => fetch.bucket);
  const leaves =
    first?.changed === undefined ? undefined : planned.flatMap(({ changed }) => changed ?? []);
  return {
    buckets,
    leaves: leaves && new Set(leaves),
    from: first?.fetch.from ?? [],
    wanted: leaves === undefined ? wantedBuckets(buckets) : wantedLeaves(leaves),
  };
}

/** The whole buckets of a part: what came of their leaves, and of the others what is remembered. */
export function wholeBuckets(
  part: NodesPart,
  { buckets, leaves }: Pick<Part, 'buckets' | 'leaves'>,
  remembered: RememberedList,
): NodesPart {
  if (leaves === undefined) return part;
  const kept = buckets.flatMap((bucket) =>
    (remembered.buckets[bucket] ?? []).filter((line) => !leaves.has(leafOfLine(line))),
  );
  return { ...part, lines: [...part.lines, ...kept] };
}
