import { bucketChecksum, bucketOf, NODE_BUCKETS } from '../../../../shared/contract/node-list.ts';
import {
  agree,
  type Agreement,
  bucketsToFetch,
  type Copy,
} from '../../../../shared/core/nodes/agree.ts';
import { NO_LIST, type RememberedList } from '../../../../shared/core/nodes/remembered-list.ts';
import { type Ballot, type Vote, voteOn } from '../../../../shared/core/nodes/vote.ts';
import { groupBy } from '../../../../shared/core/group.ts';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import { parseIp } from '../../../../shared/core/overlay/addresses.ts';
import {
  lineOfNode,
  nameInLine,
  type NodeChecksums,
} from '../../../../shared/core/parse/node-list.ts';

/** Masters, each with a list of its own, and runs that ask them. */

interface Master {
  readonly node: string;
  readonly nodes: readonly ClusterNode[];
  readonly version: string;
  /** Whether it answers this run. Default: it does. */
  readonly isSilent?: boolean;
  /** What it sends when its parts are fetched, where that is not its list. */
  readonly sends?: readonly ClusterNode[];
}

const MASTER_NAMES = ['master1', 'master2', 'master3'] as const;

/** A node whose other values follow from its address. */
export function node(name: string, address = 1, isControlPlane = false): ClusterNode {
  const ip = parseIp(`10.0.${Math.floor(address / 256)}.${address % 256}`);
  return {
    name,
    uid: `0c5e3f5e-7d0c-4c6e-9a3f-${address.toString(16).padStart(12, '0')}`,
    internalIps: ip === undefined ? [] : [ip],
    podCidrs: [],
    annotated: [],
    isControlPlane,
    createdAt: 0,
  };
}

/** The masters' own nodes and so many others. */
export function clusterOf(masters: number, others: number): readonly ClusterNode[] {
  return [
    ...MASTER_NAMES.slice(0, masters).map((name, at) => node(name, at + 1, true)),
    ...Array.from({ length: others }, (_, at) => node(`node${at}`, at + 10)),
  ];
}

/** Masters that all have this list. */
export function agreeing(
  count: number,
  nodes: readonly ClusterNode[],
  version = '100',
): readonly Master[] {
  return MASTER_NAMES.slice(0, count).map((name) => ({ node: name, nodes, version }));
}

interface Ran extends Agreement {
  readonly vote: Vote;
}

/** One run: the masters are asked, and what changed is fetched of them. */
export function runWith(
  masters: readonly Master[],
  remembered: RememberedList = NO_LIST,
  now = 1000,
): Ran {
  const candidates = masters.map(idOf);
  const answers = masters
    .filter(({ isSilent }) => isSilent !== true)
    .map((master): Ballot => ({ ...idOf(master), list: checksums(master), daemonSets: [] }));
  const vote = voteOn({ candidates, answers, now }, remembered);
  const copies = fetched(masters, bucketsToFetch(vote, remembered));
  return { ...agree(remembered, vote, { copies, now }), vote };
}

/** What the masters send of the buckets that are fetched of them. */
function fetched(
  masters: readonly Master[],
  fetches: ReturnType<typeof bucketsToFetch>,
): readonly Copy[] {
  return masters.flatMap((master) => {
    const { instanceId } = idOf(master);
    const mine = fetches.filter(({ from }) => from.some((one) => one.instanceId === instanceId));
    if (mine.length === 0) return [];
    const sending = { ...master, nodes: master.sends ?? master.nodes };
    const lines = linesByBucket(sending.nodes);
    const list = checksums(sending);
    return mine.map(({ bucket }): Copy => ({
      instanceId,
      buckets: [bucket],
      part: { list, lines: lines.get(String(bucket)) ?? [] },
    }));
  });
}

export function idOf({ node: name }: Pick<Master, 'node'>): { instanceId: string; node: string } {
  return { instanceId: `mi-${name}`, node: name };
}

function checksums({ nodes, version }: Master): NodeChecksums {
  const lines = linesByBucket(nodes);
  return {
    version,
    count: nodes.length,
    isSlow: false,
    checksums: Array.from({ length: NODE_BUCKETS }, (_, bucket) =>
      bucketChecksum(lines.get(String(bucket)) ?? []),
    ),
  };
}

function linesByBucket(nodes: readonly ClusterNode[]): ReadonlyMap<string, readonly string[]> {
  return groupBy(nodes.map(lineOfNode), (line) => String(bucketOf(nameInLine(line) ?? '')));
}

export function namesOn({ buckets }: RememberedList): readonly string[] {
  return buckets
    .flat()
    .flatMap((line) => nameInLine(line) ?? [])
    .toSorted();
}
