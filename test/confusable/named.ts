import type { Cause } from '../../shared/contract/causes.ts';
import type { Finding } from '../../shared/core/diagnose/finding.ts';
import { judge } from '../../shared/core/judge.ts';
import { nextRoster } from '../../shared/core/members/roster.ts';
import { cluster, type Cluster } from '../support/cluster.ts';
import { INJECTED, type Injected, type Injection, INJECTIONS, type Target } from './injections.ts';

/** What is known besides the hosts' own answers. */
const KNOWLEDGE = ['a node list', 'earlier runs', 'neither'] as const;

type Knowledge = (typeof KNOWLEDGE)[number];

/**
 * `right`: the cause is named for its node, whether or not it is known who is wrong. `unknown`: nothing is, or
 * another cause that says that this is not known. `wrong`: another cause.
 */
type Outcome = 'right' | 'wrong' | 'unknown';

/** Causes that look alike. */
export const PAIRS: readonly (readonly [Injected, Injected])[] = [
  ['mac-drift', 'stale-mac'],
  ['mac-drift', 'duplicate-mac'],
  ['stale-mac', 'duplicate-mac'],
  ['mac-drift', 'neighbours-flushed'],
  ['duplicate-mac', 'neighbours-flushed'],
  ['duplicate-mac', 'fdb-missing'],
  ['underlay-moved', 'duplicate-underlay'],
  ['underlay-moved', 'fdb-missing'],
  ['duplicate-mac', 'underlay-moved'],
  ['tunnel-ip-drift', 'duplicate-pod-cidr'],
  ['tunnel-ip-drift', 'bridge-mismatch'],
  ['duplicate-pod-cidr', 'duplicate-mac'],
  ['duplicate-pod-cidr', 'stale-mac'],
  ['never-programmed', 'annotation-missing'],
  ['never-programmed', 'entries-missing'],
  ['device-missing', 'tables-empty'],
  ['device-down', 'neighbours-and-routes-lost'],
  ['neighbours-flushed', 'neighbours-and-routes-lost'],
  ['tables-empty', 'never-programmed'],
  ['overlap', 'route-missing'],
  ['overlap', 'ghost-entry'],
  ['neighbour-missing', 'neighbour-not-permanent'],
  ['neighbour-missing', 'fdb-missing'],
  ['vxlan-mismatch', 'mtu-mismatch'],
];

/** Large enough that two nodes at fault, with those that they concern, are no half of it. */
const SIZE = 12;
const WELL = cluster(SIZE);
const EARLIER = nextRoster(WELL.facts(), judge(WELL.facts()));

/** The nodes to which the first and the second fault of a pair happen, each with one that it concerns. */
const TARGETS = [target('node3', 'node5'), target('node4', 'node6')] as const;

function target(node: string, other: string): Target {
  return { node: WELL.vtepOf(node), other: WELL.vtepOf(other) };
}

/** What each of these faults, all there at once, is called. */
export function namedAs(
  injected: readonly Injected[],
  knowledge: Knowledge,
): readonly { readonly cause: Injected; readonly outcome: Outcome; readonly said: string }[] {
  const faults = injected.flatMap((cause, at) => {
    const on = TARGETS[at];
    const injection: Injection = INJECTIONS[cause];
    return on === undefined ? [] : [{ cause, injection, on }];
  });
  const damaged = faults.reduce<Cluster>(
    (seen, { injection, on }) => injection.damage(seen, on),
    WELL,
  );
  const listed = damaged.listed((node) => {
    const own = faults.find(({ on }) => on.node.node === node.name);
    return own?.injection.listedAs?.(node, own.on) ?? node;
  });
  const facts = knowledge === 'a node list' ? listed.facts() : damaged.facts();
  const { findings } = judge(knowledge === 'neither' ? facts : { ...facts, roster: EARLIER });
  return faults.map(({ cause, on }) => {
    const about = findings.filter((finding) => isAbout(finding, on.node.node));
    return {
      cause,
      outcome: outcomeOf(cause, about),
      said: about.map((one) => `${one.cause} ${one.name}`).join('; '),
    };
  });
}

/** Whether a finding accuses the node, or is of a pair with it. */
function isAbout({ name, subject, observers, scope }: Finding, node: string): boolean {
  if (scope === 'cluster') return true;
  return subject === node || name === node || (scope === 'pair' && observers.includes(node));
}

/** A cause whose page asks which of two is wrong. */
const ASKING: ReadonlySet<Cause> = new Set(['mac-mismatch']);

function outcomeOf(cause: Injected, about: readonly Finding[]): Outcome {
  const isNamed = (one: Finding): boolean => one.cause === cause || one.otherCauses.includes(cause);
  const isSure = (one: Finding): boolean => one.isUndecided !== true && !ASKING.has(one.cause);
  if (about.some((one) => isSure(one) && !isNamed(one))) return 'wrong';
  return about.some(isNamed) ? 'right' : 'unknown';
}

/** How often each cause was named right, wrong and not at all: alone, and in its pairs. */
function outcomesOf(knowledge: Knowledge) {
  const alone = INJECTED.flatMap((cause) => namedAs([cause], knowledge));
  const paired = PAIRS.flatMap((pair) => namedAs(pair, knowledge));
  return INJECTED.map((cause) => ({
    cause,
    alone: alone.filter((one) => one.cause === cause).map(({ outcome }) => outcome),
    paired: paired.filter((one) => one.cause === cause).map(({ outcome }) => outcome),
  }));
}

/** The table of all outcomes, as text. */
export function outcomeTable(): string {
  const rows = KNOWLEDGE.flatMap((knowledge) => [
    `with ${knowledge === 'neither' ? 'neither a node list nor earlier runs' : knowledge}`,
    row('cause', ['alone', 'right', 'wrong', 'unknown']),
    ...outcomesOf(knowledge).map(({ cause, alone, paired }) =>
      row(cause, [alone.join(), ...OUTCOMES.map((one) => String(countOf(paired, one)))]),
    ),
    '',
  ]);
  return rows.join('\n');
}

const OUTCOMES = ['right', 'wrong', 'unknown'] as const;

function countOf(outcomes: readonly Outcome[], wanted: Outcome): number {
  return outcomes.filter((one) => one === wanted).length;
}

function row(name: string, columns: readonly string[]): string {
  return `  ${name.padEnd(28)}${columns.map((text) => text.padEnd(9)).join('')}`.trimEnd();
}
