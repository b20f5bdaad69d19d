/** The node list as a run uses it. */
import type { ClusterNode } from '../overlay/vtep.ts';
import {
  ageSeconds,
  isComplete,
  type ListSource,
  nodesOn,
  type RememberedList,
  unknownOn,
} from './remembered-list.ts';
import type { Vote } from './vote.ts';

export interface KnownNodes {
  readonly kind: 'read';
  /** The nodes that were on the list before the tables were read, and after. Those on both are checked. */
  readonly before: readonly ClusterNode[];
  readonly after: readonly ClusterNode[];
  /** Nodes of which the list does not say enough now, with why: they are not checked. */
  readonly unsettled?: ReadonlyMap<string, string>;
  /** Undefined of a capture. */
  readonly origin?: ListOrigin;
}

/** Where a list came from. */
interface ListOrigin {
  readonly source: ListSource;
  /** How long ago its oldest part was confirmed. */
  readonly ageSeconds: number;
  /** Masters whose lists counted in this run, and those that count and did not answer. */
  readonly voters: readonly string[];
  readonly silent: readonly string[];
}

/** What a run makes of a list. */
interface ListOfRun {
  /** As earlier runs agreed on it; undefined where this is the first one. */
  readonly remembered: RememberedList | undefined;
  readonly list: RememberedList;
  readonly unsettled: ReadonlyMap<string, string>;
  readonly vote: Vote | undefined;
  readonly now: number;
}

const NOT_UNDERSTOOD = 'a value that the node list has of it is not understood';

/** The nodes of a list that is complete. */
export function knownNodes({ remembered, list, unsettled, vote, now }: ListOfRun): KnownNodes {
  const after = [...nodesOn(list), ...unknownOn(list).map(nodeNamed)];
  const before =
    remembered === undefined || !isComplete(remembered)
      ? after
      : [...nodesOn(remembered), ...unknownOn(remembered).map(nodeNamed)];
  const unknown = unknownOn(list).map((name) => [name, NOT_UNDERSTOOD] as const);
  const answered = new Set(vote?.ballots.map(({ instanceId }) => instanceId));
  const silent = vote?.voters.filter(({ instanceId }) => !answered.has(instanceId)) ?? [];
  return {
    kind: 'read',
    before,
    after,
    unsettled: new Map([...unknown, ...unsettled]),
    origin: {
      source: list.source,
      ageSeconds: ageSeconds(list, now),
      voters: vote?.ballots.map(({ node }) => node) ?? [],
      silent: silent.map(({ node }) => node),
    },
  };
}

function nodeNamed(name: string): ClusterNode {
  return { name, internalIps: [], podCidrs: [], annotated: [] };
}
