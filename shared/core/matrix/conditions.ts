/**
 * What is wrong with nodes themselves, whatever others hold of them: an MTU unlike all others, a MAC
 * address that two nodes have. No cell of the matrix needs to be wrong for it.
 */
import type { Severity } from '../../contract/causes.ts';
import type { Loss, LossPlace } from '../../contract/report.ts';
import type { ResponseTime } from '../latency.ts';
import type { Member } from '../members/member.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { remember } from '../remember.ts';
import type { ApiState } from './api-states.ts';
import type { TriedPair } from './tried-pairs.ts';

/** The nodes that are checked, with all that is known of them besides what they hold of each other. */
export interface SettledNodes {
  readonly members: readonly Member[];
  readonly vteps: readonly Vtep[];
  /** Nodes for which at least three others, and most of all, hold another MAC address than their own device has. */
  readonly contradicted: ReadonlySet<string>;
  /** The pairs that hosts tried with packets; undefined where no host tried any. */
  readonly tried?: readonly TriedPair[] | undefined;
  /** How the API servers of masters answer; known once they were timed, just before the decision. */
  readonly apis?: ReadonlyMap<string, ApiState>;
}

/** Which of the nodes are in some state. Of a node that is not `known`, a run cannot say it. */
export interface Condition {
  readonly present: ReadonlyMap<string, Presence>;
  readonly known: ReadonlySet<string>;
}

/** What shows that a node is in a state. */
export interface Presence {
  /** The nodes that contradict it, as the other one with the same address: a few names. */
  readonly beside: readonly string[];
  /** How many nodes it may cut off from this one; default all that could check it. */
  readonly affected?: number;
  /** Of how many nodes that can be said; default all that could check it. */
  readonly checked?: number;
  /** Of packets that are lost although all tables are right: which, where it is not all of them. */
  readonly loss?: Loss;
  /** And where, as far as it shows. */
  readonly lossAt?: LossPlace;
  /** Where it does less harm than its cause may do. */
  readonly severity?: Severity;
  /** It may as well be one of those beside it that is wrong: there is no command that changes anything. */
  readonly isUndecided?: true;
  /** It explains what this node holds of those beside it, and nothing that others hold. */
  readonly isOfRow?: true;
  /** One line a fact, for people. */
  readonly evidence: readonly string[];
  /** What the node shows once it is over. */
  readonly check?: { readonly command: string; readonly shows: string };
  /** What ends it on this node's host. */
  readonly removals?: readonly Removal[];
  /** How long its API server took. */
  readonly response?: ResponseTime;
}

/** A command for root on the node's own host. */
export interface Removal {
  readonly command: string;
  /** The nodes of whose pod CIDRs its tokens are a part: without these confirmed there is no command. */
  readonly of: readonly string[];
}

export type FindCondition = (nodes: SettledNodes) => Condition;

/** Three answers, never two. */
export type ConditionAnswer = 'present' | 'absent' | 'unknown';

/** How many names of nodes one line of evidence has, and how many stand beside a node. */
export const NAMED_NODES = 8;

const found = new WeakMap<SettledNodes, (find: FindCondition) => Condition>();

/** The nodes that are in a state; each is looked for once. */
export function conditionOf(nodes: SettledNodes, find: FindCondition): Condition {
  const known = found.get(nodes) ?? remember((one: FindCondition) => one(nodes));
  found.set(nodes, known);
  return known(find);
}

export function answerOf({ present, known }: Condition, node: string): ConditionAnswer {
  if (present.has(node)) return 'present';
  return known.has(node) ? 'absent' : 'unknown';
}

/** These nodes as they are now: which of the members are settled does not change with a second look. */
export function settledAgain(
  before: SettledNodes,
  members: readonly Member[],
  vteps: readonly Vtep[],
): SettledNodes {
  const settled = new Set(before.members.map(({ node }) => node));
  return {
    members: members.filter(({ node }) => settled.has(node)),
    vteps: vteps.filter(({ node }) => settled.has(node)),
    contradicted: before.contradicted,
  };
}
