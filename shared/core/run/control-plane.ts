/**
 * The masters' API servers in a run: they are known only when it is about to decide, and what they do is
 * often the consequence of a fault of the overlay, whose incident then has it among its evidence.
 */
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { diagnoseApis } from '../diagnose/diagnose.ts';
import { accusedIn, type Finding } from '../diagnose/finding.ts';
import type { Facts, RosterEntry } from '../facts.ts';
import { observersOf, statefulNodesOf, subjectsOf } from '../incident/footprint.ts';
import { type Incident, isOpen } from '../incident/incident.ts';
import type { Judgement } from '../judge.ts';
import type { Latency, RememberedApi } from '../latency.ts';
import { timedApis } from '../matrix/api-states.ts';
import type { Matrix } from '../matrix/matrix.ts';

/** As many masters are timed as one command can name. */
const MASTERS_MAX = 50;

/** What the decision is made of besides. */
interface TimedRun {
  readonly facts: Facts;
  readonly judgement: Judgement;
  readonly latencies: readonly Latency[];
  readonly roster: readonly RosterEntry[];
  readonly open: readonly Incident[];
}

/** The judgement with what the API servers show, and what the next run remembers of them. */
export function withApis({ facts, judgement, latencies, roster, open }: TimedRun): {
  readonly judgement: Judgement;
  readonly apis: readonly RememberedApi[];
} {
  const { matrix, findings } = judgement;
  const before = new Map(facts.apis?.map((one) => [one.node, one]));
  const settled = new Set(matrix.settled.members.map(({ node }) => node));
  const heard = new Set(
    judgement.members.flatMap(({ node, observed }) => (observed === undefined ? [] : [node])),
  );
  const isExplained = explainedBy(findings, open);
  const masters = roster
    .filter(({ master }) => master)
    .slice(0, MASTERS_MAX)
    .map(({ node }) => ({
      node,
      before: before.get(node),
      isHeard: heard.has(node),
      isExplained: !settled.has(node) || isExplained(node),
    }));
  const { states, remembered } = timedApis(masters, latencies, facts.limits);
  const whole: Matrix = { ...matrix, settled: { ...matrix.settled, apis: states } };
  return {
    judgement: { ...judgement, matrix: whole, findings: [...findings, ...diagnoseApis(whole)] },
    apis: remembered,
  };
}

/**
 * Whether a fault by which packets are lost may be why a master's API server is slow or silent: the master is
 * among those that lost or are lost, or a whole node is cut off, on which an aggregated API or a webhook may
 * run. That incident stays the explanation until it has resolved.
 */
function explainedBy(
  findings: readonly Finding[],
  incidents: readonly Incident[],
): (master: string) => boolean {
  const lossy = findings.filter(losesPackets);
  const open = incidents.filter((one) => isOpen(one) && losesPackets(one.reported));
  const isAnyCutOff = [...lossy, ...open.map(({ reported }) => reported)].some(
    ({ scope, severity }) => severity === 'critical' && scope !== 'pair',
  );
  if (isAnyCutOff) return () => true;
  const concerned = new Set([
    ...lossy.flatMap((finding) => [
      ...accusedIn(finding),
      ...finding.observers,
      ...finding.cells.map(({ subject }) => subject),
    ]),
    ...open.flatMap(({ footprint }) => [
      ...observersOf(footprint),
      ...subjectsOf(footprint),
      ...statefulNodesOf(footprint),
    ]),
  ]);
  return (master) => concerned.has(master);
}

/** What may go to another node than it is for is lost, where that is critical. */
function losesPackets({ cause, severity }: Pick<Finding, 'cause' | 'severity'>): boolean {
  const { harm } = CAUSE_RULES[cause];
  return harm === 'unreachable' || (harm === 'misdirected' && severity === 'critical');
}
