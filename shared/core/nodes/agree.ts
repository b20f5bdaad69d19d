/** The list that the masters agree on: what is remembered, this run's vote, and the copies it fetched. */
import { bucketChecksum, bucketOf, NODE_BUCKETS } from '../../contract/node-list.ts';
import type { Problem } from '../../contract/report.ts';
import { enumerate } from '../plain-text.ts';
import { nameInLine, type NodesPart } from '../parse/node-list.ts';
import {
  checksumsOf,
  isComplete,
  NO_LIST,
  nodesOn,
  type RememberedList,
  WHERE,
} from './remembered-list.ts';
import { type Ballot, type Candidate, controlPlaneAmong, isOlder, type Vote } from './vote.ts';

/** A bucket that changed, and the masters to fetch it from: the first two of those that agree on it. */
export interface Fetch {
  readonly bucket: number;
  readonly from: readonly Candidate[];
}

/** What one master sent of some buckets. */
export interface Copy {
  readonly instanceId: string;
  readonly buckets: readonly number[];
  readonly part: NodesPart;
}

/** How many masters must have sent the same lines. Where one master alone counts, it counts. */
const COPIES = 2;

/** The buckets on which the masters agree, and which are not the remembered ones. */
export function bucketsToFetch(vote: Vote, remembered: RememberedList): readonly Fetch[] {
  const known = checksumsOf(remembered);
  return vote.buckets.flatMap((one, bucket) =>
    one.kind === 'agreed' && one.checksum !== known[bucket]
      ? [{ bucket, from: one.by.slice(0, COPIES) }]
      : [],
  );
}

export interface Agreement {
  /** What the next run remembers. */
  readonly list: RememberedList;
  /** Names of which it is not known whether and how they are on the list now, with why. */
  readonly unsettled: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** Makes the list of this run. `copies` are what came of `bucketsToFetch`. */
export function agree(
  remembered: RememberedList,
  vote: Vote,
  { copies, now }: { readonly copies: readonly Copy[]; readonly now: number },
): Agreement {
  const known = checksumsOf(remembered);
  const wanted = new Map(bucketsToFetch(vote, remembered).map((fetch) => [fetch.bucket, fetch]));
  const outcomes = vote.buckets.map((one, bucket): Outcome => {
    const lines = remembered.buckets[bucket] ?? [];
    const fetch = wanted.get(bucket);
    if (fetch !== undefined) return fetched(lines, fetch, copies);
    switch (one.kind) {
      case 'agreed':
        return { lines, isAgreed: true, unsettled: [], differing: [] };
      case 'silent':
        return { lines, isAgreed: false, unsettled: [], differing: [] };
      case 'disputed': {
        const isSeen = vote.ballots.some(({ list }) => list.checksums[bucket] !== known[bucket]);
        return { lines, isAgreed: false, unsettled: isSeen ? namesIn(lines) : [], differing: [] };
      }
    }
  });
  const list: RememberedList = {
    source: 'masters',
    buckets: outcomes.map(({ lines }) => lines),
    agreedAt: outcomes.map(({ isAgreed }, bucket) =>
      isAgreed ? now : (remembered.agreedAt[bucket] ?? 0),
    ),
    answeredAt: vote.ballots.length > 0 ? now : remembered.answeredAt,
    version: newerVersion(remembered, vote),
    daemonSets: vote.daemonSets,
    isSlow: vote.ballots.some((ballot) => ballot.list.isSlow),
    dissenting: vote.dissenting,
    ...(vote.olderRuns === 0 || vote.isRestored ? {} : { olderRuns: vote.olderRuns }),
  };
  const unsettled = outcomes.flatMap((outcome) => outcome.unsettled);
  const agreement = {
    list,
    unsettled: new Map(unsettled.map((name) => [name, UNSETTLED] as const)),
    problems: [
      ...dissent(vote, remembered),
      ...olderLists(vote, remembered),
      ...withoutVote(vote),
      ...replaced(vote),
      ...differences(outcomes.flatMap(({ differing }) => differing)),
    ],
  };
  if (!isComplete(list)) return agreement;
  return isComplete(remembered)
    ? unlessAbdicated(agreement, vote, remembered)
    : unlessForeign(agreement, vote);
}

const UNSETTLED = 'the node list changed, and the masters have not yet agreed on its part';

interface Outcome {
  readonly lines: readonly string[];
  readonly isAgreed: boolean;
  readonly unsettled: readonly string[];
  /** Names of which two masters sent different lines. */
  readonly differing: readonly string[];
}

/** A bucket as its copies have it: whole where they are equal, else the nodes on which they agree. */
function fetched(before: readonly string[], fetch: Fetch, copies: readonly Copy[]): Outcome {
  const own = copies
    .filter(({ instanceId, buckets }) => {
      const isAsked = fetch.from.some((master) => master.instanceId === instanceId);
      return isAsked && buckets.includes(fetch.bucket);
    })
    .map(({ part }) => ({
      checksum: part.list.checksums[fetch.bucket],
      lines: part.lines.filter((line) => bucketOf(nameInLine(line) ?? '') === fetch.bucket),
    }))
    .filter(({ checksum, lines }) => checksum === bucketChecksum(lines));
  const [one, other = one] = own;
  if (one === undefined || other === undefined || own.length < fetch.from.length) {
    return { lines: before, isAgreed: false, unsettled: namesIn(before), differing: [] };
  }
  if (one.checksum === other.checksum) {
    return { lines: one.lines, isAgreed: true, unsettled: [], differing: [] };
  }
  const common = new Set(one.lines).intersection(new Set(other.lines));
  const settled = new Set(namesIn([...common]));
  const open = [...before, ...one.lines, ...other.lines].filter(
    (line) => !settled.has(nameInLine(line) ?? ''),
  );
  const kept = before.filter((line) => !settled.has(nameInLine(line) ?? ''));
  return {
    lines: [...common, ...kept],
    isAgreed: false,
    unsettled: [...new Set(namesIn(open))],
    differing: [...new Set(namesIn(one.lines))]
      .filter((name) => !settled.has(name) && namesIn(other.lines).includes(name))
      .toSorted(),
  };
}

function namesIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => nameInLine(line) ?? []);
}

/**
 * The least version of a majority, so that no master alone can name one that all others are older than.
 * It never goes back, but where etcd was restored.
 */
function newerVersion({ version }: RememberedList, { ballots, buckets, isRestored }: Vote): string {
  const agreeing = ballots.filter((ballot) =>
    buckets.every((one) => one.kind !== 'agreed' || one.by.includes(ballot)),
  );
  const least = agreeing
    .map(({ list }) => list.version)
    .reduce<string | undefined>(
      (found, one) => (found === undefined || isOlder(one, found) ? one : found),
      undefined,
    );
  return least === undefined || (isOlder(least, version) && !isRestored) ? version : least;
}

/** How many names a problem has. */
const NAMES = 10;

/** A master that differs in one run may only have heard of a change first; after two runs a problem names it. */
function dissent(vote: Vote, { dissenting }: RememberedList): readonly Problem[] {
  const twice = vote.ballots.filter(
    ({ instanceId }) => vote.dissenting.includes(instanceId) && dissenting.includes(instanceId),
  );
  return twice.map((ballot) => {
    const parts = vote.buckets.filter((one) => one.kind === 'agreed' && !one.by.includes(ballot));
    return {
      where: ballot.node,
      message: `its node list differs from that of most masters in ${parts.length} of ${NODE_BUCKETS} parts`,
    };
  });
}

/** A master whose cache is old catches up with the next run; after two runs a problem says so of most masters. */
function olderLists(
  { older, olderRuns, isRestored }: Vote,
  { version }: RememberedList,
): readonly Problem[] {
  if (olderRuns < 2) return [];
  const names = enumerate(
    older.map(({ node }) => node),
    NAMES,
  );
  const what = `${names} report an older list than the remembered one, which is of resourceVersion ${version}`;
  const message = isRestored
    ? `${what}: etcd was restored, and their list is used`
    : `${what}: the remembered one is used; if etcd was restored, theirs is used in some runs`;
  return [{ where: WHERE, message }];
}

/** Anybody may leave a kubeconfig on a host: who is not control plane by the list has no vote. */
function withoutVote({ strangers }: Vote): readonly Problem[] {
  return strangers.map(({ node }) => ({
    where: node,
    message:
      'it has an admin kubeconfig, and the node list does not call it control plane: its node list does not count',
  }));
}

function replaced({ areReplaced, ballots }: Vote): readonly Problem[] {
  if (!areReplaced || ballots.length === 0) return [];
  const names = enumerate(
    ballots.map(({ node }) => node),
    NAMES,
  );
  const message = `none of its masters was there for an hour: it is that of ${names} from now on`;
  return [{ where: WHERE, message }];
}

function differences(names: readonly string[]): readonly Problem[] {
  if (names.length === 0) return [];
  return [{ where: WHERE, message: `the masters differ about ${enumerate(names, NAMES)}` }];
}

/**
 * A first list counts if it calls control plane at least half of the masters that answered, and only
 * masters that agree on all of it. A host that has an admin kubeconfig and is no master is reported,
 * and does not count from now on.
 */
function unlessForeign(agreement: Agreement, { ballots, dissenting }: Vote): Agreement {
  const agreeing = ballots.filter(({ instanceId }) => !dissenting.includes(instanceId));
  const known = controlPlaneAmong(agreeing, nodesOn(agreement.list));
  const strange = agreeing.filter((ballot) => !known.includes(ballot)).map(({ node }) => node);
  const problems = [...agreement.problems];
  if (strange.length > 0) {
    const message = `it does not call control plane ${enumerate(strange, NAMES)}, which reported it`;
    problems.push({ where: WHERE, message });
  }
  if (known.length * 2 >= ballots.length) return { ...agreement, problems };
  problems.push({ where: WHERE, message: 'the first list is not used: too few masters are on it' });
  return { list: NO_LIST, unsettled: new Map(), problems };
}

/**
 * A later list on which none of the masters that reported it is control plane would leave nobody to correct
 * it. The remembered one stands, and what differs is unknown.
 */
function unlessAbdicated(
  agreement: Agreement,
  { ballots }: Vote,
  remembered: RememberedList,
): Agreement {
  const { list } = agreement;
  if (ballots.length === 0 || controlPlaneAmong(ballots, nodesOn(list)).length > 0)
    return agreement;
  const { buckets, version } = remembered;
  const isSame = buckets.map(
    (lines, bucket) => bucketChecksum(lines) === bucketChecksum(list.buckets[bucket] ?? []),
  );
  const differing = buckets.filter((_, bucket) => isSame[bucket] === false);
  const unsettled = [...agreement.unsettled.keys(), ...differing.flatMap(namesIn)];
  const agreedAt = list.agreedAt.map((at, bucket) =>
    isSame[bucket] === true ? at : (remembered.agreedAt[bucket] ?? 0),
  );
  return {
    list: { ...list, buckets, agreedAt, version },
    unsettled: new Map(unsettled.map((name) => [name, UNSETTLED])),
    problems: [
      ...agreement.problems,
      { where: WHERE, message: 'it is not used: none of the masters that reported it is on it' },
    ],
  };
}

/** What a second look at a node list says of the nodes on it. */
export interface LaterNames {
  /** Nodes whose part of the list has changed since. */
  readonly changed: ReadonlySet<string>;
  /** Nodes whose part of the list could not be read again. */
  readonly unread: ReadonlySet<string>;
}

/** Compares a list with a later vote, which may have come in part or not at all. */
export function namesLater(list: RememberedList, later: Vote): LaterNames {
  const known = checksumsOf(list);
  const isSame = ({ list: { checksums } }: Ballot, bucket: number): boolean =>
    checksums[bucket] === known[bucket];
  const namesWhere = (isSo: (vote: Vote['buckets'][number], bucket: number) => boolean) =>
    new Set(
      later.buckets.flatMap((one, bucket) =>
        isSo(one, bucket) ? namesIn(list.buckets[bucket] ?? []) : [],
      ),
    );
  return {
    changed: namesWhere((one, bucket) => {
      switch (one.kind) {
        case 'silent':
          return false;
        case 'agreed':
          return one.checksum !== known[bucket];
        case 'disputed':
          return !later.ballots.every((ballot) => isSame(ballot, bucket));
      }
    }),
    unread: namesWhere(({ kind }) => kind === 'silent'),
  };
}
