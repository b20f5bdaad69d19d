/** What the masters' lists have in common: a vote on each bucket of the list. */
import { NODE_BUCKETS } from '../../contract/node-list.ts';
import { groupBy } from '../group.ts';
import type { DaemonSet } from '../overlay/restart.ts';
import type { ClusterNode } from '../overlay/vtep.ts';
import type { NodeChecksums } from '../parse/node-list.ts';
import { isComplete, nodesOn, OLD_SECONDS, type RememberedList } from './remembered-list.ts';

/** A managed host with an admin kubeconfig: a master by its own account. */
export interface Candidate {
  /** The managed-node id. */
  readonly instanceId: string;
  /** The node name by which it is known. */
  readonly node: string;
}

/** A master's list, as this run got it. */
export interface Ballot extends Candidate {
  readonly list: NodeChecksums;
  readonly daemonSets: readonly DaemonSet[];
}

/** What became of one bucket. */
type BucketVote =
  | { readonly kind: 'agreed'; readonly checksum: string; readonly by: readonly Ballot[] }
  /** No checksum has a majority. */
  | { readonly kind: 'disputed' }
  /** Too few masters answered. */
  | { readonly kind: 'silent' };

export interface Vote {
  /** Masters that count. */
  readonly voters: readonly Candidate[];
  /** Those of them that answered with a list that counts: one that is not older than the remembered one. */
  readonly ballots: readonly Ballot[];
  /** Those of them that answered with an older list. */
  readonly older: readonly Ballot[];
  /** How many runs in a row, with this one, most of all voters have been among `older`. */
  readonly olderRuns: number;
  /** Older lists count: etcd was restored. */
  readonly isRestored: boolean;
  /** Nobody whom the remembered list calls control plane is there any more, and all candidates count. */
  readonly areReplaced: boolean;
  /** Hosts with an admin kubeconfig that answered, and that the list does not call control plane. */
  readonly strangers: readonly Ballot[];
  readonly buckets: readonly BucketVote[];
  /** Masters, by managed-node id, that differ from a majority. */
  readonly dissenting: readonly string[];
  readonly daemonSets: readonly DaemonSet[];
}

/**
 * Counts the masters' lists, bucket by bucket. A checksum counts that more than half of the masters have
 * which answered, where these are at least half of all that count. An API server may answer from an old
 * cache: a list older than the remembered one does not count. Where most of all masters report older ones in
 * `RESTORED_RUNS` runs in a row, etcd was restored from a backup: then these count. Where for an hour none of
 * the masters on the list was among the candidates, all of them were replaced at once: then the candidates count
 * as for a first list. Until then any host with a kubeconfig could take the list over.
 */
export function voteOn(
  {
    candidates,
    answers,
    now,
  }: {
    readonly candidates: readonly Candidate[];
    readonly answers: readonly Ballot[];
    /** Epoch milliseconds. */
    readonly now: number;
  },
  remembered: RememberedList,
): Vote {
  const known = votersAmong(candidates, remembered);
  const areReplaced = known.length === 0 && now - remembered.answeredAt >= REPLACED_MS;
  const voters = areReplaced ? candidates : known;
  const ids = new Set(voters.map(({ instanceId }) => instanceId));
  const reported = answers.filter(({ instanceId }) => ids.has(instanceId));
  const older = reported.filter(({ list }) => isOlder(list.version, remembered.version));
  const isMostOlder = older.length * 2 > voters.length;
  const olderRuns = isMostOlder ? (remembered.olderRuns ?? 0) + 1 : 0;
  const isRestored = olderRuns >= RESTORED_RUNS;
  const ballots = isRestored ? reported : reported.filter((ballot) => !older.includes(ballot));
  const isQuorum = ballots.length > 0 && ballots.length * 2 >= voters.length;
  const buckets = Array.from({ length: NODE_BUCKETS }, (_, bucket): BucketVote =>
    isQuorum ? voteOnBucket(ballots, bucket) : { kind: 'silent' },
  );
  const dissenting = ballots.filter((ballot) =>
    buckets.some((vote) => vote.kind === 'agreed' && !vote.by.includes(ballot)),
  );
  const daemonSets = majorityOf(ballots, (ballot) => JSON.stringify(ballot.daemonSets));
  return {
    voters,
    ballots,
    older,
    olderRuns,
    isRestored,
    areReplaced,
    strangers: answers.filter(({ instanceId }) => !ids.has(instanceId)),
    buckets,
    dissenting: dissenting.map(({ instanceId }) => instanceId),
    daemonSets: (isQuorum && daemonSets?.by[0]?.daemonSets) || remembered.daemonSets,
  };
}

/** A list without any of its masters is a problem in each report from then on. */
const REPLACED_MS = OLD_SECONDS * 1000;

/** No cache of most masters stays old for so long, with a run a minute. */
const RESTORED_RUNS = 5;

function voteOnBucket(ballots: readonly Ballot[], bucket: number): BucketVote {
  const found = majorityOf(ballots, ({ list }) => list.checksums[bucket] ?? '');
  return found === undefined
    ? { kind: 'disputed' }
    : { kind: 'agreed', checksum: found.value, by: found.by };
}

/** The value that more than half of them have, and who they are. */
function majorityOf(
  ballots: readonly Ballot[],
  valueOf: (ballot: Ballot) => string,
): { readonly value: string; readonly by: readonly Ballot[] } | undefined {
  const found = [...groupBy(ballots, valueOf)].find(([, by]) => by.length * 2 > ballots.length);
  return found && { value: found[0], by: found[1] };
}

/** The candidates that the list agreed so far calls control plane; before there is one, all of them. */
function votersAmong(
  candidates: readonly Candidate[],
  remembered: RememberedList,
): readonly Candidate[] {
  return isComplete(remembered) ? controlPlaneAmong(candidates, nodesOn(remembered)) : candidates;
}

/**
 * The candidates that a list calls control plane: by instance id where the list has it, else by name,
 * which counts where one candidate alone has it. Some clusters label no node; there a candidate counts
 * that is on the list.
 */
export function controlPlaneAmong(
  candidates: readonly Candidate[],
  nodes: readonly ClusterNode[],
): readonly Candidate[] {
  const labelled = nodes.filter(({ isControlPlane }) => isControlPlane === true);
  const masters = labelled.length > 0 ? labelled : nodes;
  const byInstance = new Set(masters.map(({ instanceId }) => instanceId));
  const byName = new Map(masters.map((node) => [node.name, node]));
  const claims = groupBy(candidates, ({ node }) => node);
  return candidates.filter(({ instanceId, node }) => {
    if (byInstance.has(instanceId)) return true;
    const named = byName.get(node);
    // An instance of EC2 goes by the same id in both. A host that was registered by hand (mi-) does not.
    const isOther = isEc2(instanceId) && isEc2(named?.instanceId ?? '');
    return named !== undefined && !isOther && claims.get(node)?.length === 1;
  });
}

function isEc2(instanceId: string): boolean {
  return /^i-[0-9a-f]{8,17}$/.test(instanceId);
}

/** Decimal numbers of any length. */
export function isOlder(version: string, than: string): boolean {
  const [one, two] = [version, than].map((text) => text.replace(/^0+/, ''));
  if (one === undefined || two === undefined) return false;
  return one.length === two.length ? one < two : one.length < two.length;
}
