import { wakes } from '../../contract/causes.ts';
import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { type FreshFinding, isDueFresh, sinceOf } from './due.ts';
import { footprintOf, uncheckedOf, union } from './footprint.ts';
import { type Incident, type ReportIdentity, isOpen } from './incident.ts';
import type { Plan } from './plan.ts';
import { relapsedIn, reopened } from './relapse.ts';
import { type Circumstances, isConfirmed, type Step } from './step.ts';

/** What this run has opened has its key, which no second one of the same run may take. */
export function stepsOfFresh(
  fresh: readonly Extract<Plan, { kind: 'fresh' }>[],
  incidents: readonly Incident[],
  circumstances: Circumstances,
): readonly Step[] {
  const steps: Step[] = [];
  const taken = [...incidents];
  for (const plan of fresh) {
    const step = stepOfFresh(plan, taken, circumstances);
    steps.push(step);
    if (step.next?.phase === 'open') taken.push(step.next);
  }
  return steps;
}

function stepOfFresh(
  { finding, parts }: Extract<Plan, { kind: 'fresh' }>,
  incidents: readonly Incident[],
  circumstances: Circumstances,
): Step {
  const { now, matrix, report } = circumstances;
  const whole = { finding, parts };
  if (!isDueFresh(finding, parts, circumstances))
    return suspected(whole, 'patience', circumstances);
  if (!isConfirmed(finding, circumstances)) return suspected(whole, 'unconfirmed', circumstances);
  const relapse = relapsedIn(finding, incidents, now);
  const again = relapse === undefined ? {} : reopened(relapse, now);
  const name = relapse?.name ?? freeName(finding, incidents);
  const identity = {
    key: relapse?.key ?? keyOf(finding, name, circumstances),
    scope: relapse?.scope ?? finding.scope,
    name,
    phase: 'open',
    since: sinceOf(parts, now),
    ...again,
  } as const;
  const reported = report(finding, { ...identity, ...notSeenBefore(parts) });
  const pages = wakes(finding);
  const reason = relapse === undefined ? reasonToOpen(finding) : 'relapsed';
  const next: Incident = {
    ...identity,
    footprint: withUnchecked(finding, parts, matrix),
    reported,
    reason,
    steadyRuns: 0,
    paged: pages ? finding.severity : undefined,
    pagedNodes: pages ? finding.missingPeers : undefined,
    pagedAs: pages ? { cause: finding.cause, cells: finding.cells.length } : undefined,
    accused: accusedBy(finding),
  };
  const announcement = {
    kind: 'opened',
    reason,
    pages,
    incident: reported,
    before: undefined,
  } as const;
  return { key: identity.key, reason, next, reported, announcement };
}

function reasonToOpen({ scope, parts = [] }: Finding): IncidentReason {
  switch (scope) {
    case 'group':
      return 'group-formed';
    case 'cluster':
      return new Set(parts.map(({ cause }) => cause)).size > 1 ? 'several-causes' : 'cluster-wide';
    case 'pair':
    case 'subject':
    case 'observer':
      return 'confirmed';
  }
}

function accusedBy({ scope, parts = [] }: Finding): Incident['accused'] {
  if (scope !== 'group') return undefined;
  return parts.every((part) => part.scope === 'observer') ? 'observers' : 'subjects';
}

function keyOf(finding: Finding, name: string, { cluster }: Circumstances): string {
  return `${cluster}/${finding.scope}/${name}`;
}

/** A later fault of the same name has a key of its own while the earlier incident is open. */
function freeName({ scope, name }: Finding, incidents: readonly Incident[]): string {
  const taken = incidents.filter((one) => isOpen(one) && one.scope === scope);
  return freeOf(name, new Set(taken.map((one) => one.name)));
}

/** The name or key itself, or the first of `name/2`, `name/3`, … that is not taken. */
export function freeOf(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}/${number}`;
  return free;
}

/** No page went out for it: it has the key under which it would open now. */
export function suspected(
  { finding, parts }: { readonly finding: Finding; readonly parts: readonly FreshFinding[] },
  reason: IncidentReason,
  circumstances: Circumstances,
): Step {
  const { now, matrix, report } = circumstances;
  const { scope, name } = finding;
  const identity = {
    key: keyOf(finding, name, circumstances),
    scope,
    name,
    phase: 'suspected',
    since: sinceOf(parts, now),
  } as const;
  const reported = report(finding, { ...identity, ...notSeenBefore(parts) });
  const footprint = withUnchecked(finding, parts, matrix);
  const next = { ...identity, footprint, reported, reason, steadyRuns: 0, paged: undefined };
  return { key: identity.key, reason, next, reported };
}

/** The last run that did not show the first of its suspicions. */
function notSeenBefore(parts: readonly FreshFinding[]): Pick<ReportIdentity, 'notSeenAt'> {
  const [first] = parts
    .flatMap(({ suspicion }) => suspicion ?? [])
    .toSorted((one, two) => one.since - two.since);
  return { notSeenAt: first?.reported.notSeenAt };
}

/** Adds what an earlier run suspected and this one could not check. */
function withUnchecked(
  finding: Finding,
  parts: readonly FreshFinding[],
  matrix: Matrix,
): Incident['footprint'] {
  const suspicions = new Set(parts.flatMap(({ suspicion }) => suspicion ?? []));
  return [...suspicions].reduce(
    (sofar, { footprint }) => union(sofar, uncheckedOf(footprint, matrix)),
    footprintOf(finding, matrix),
  );
}
