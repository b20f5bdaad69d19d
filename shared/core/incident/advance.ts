import { CAUSE_TABLE } from '../../contract/causes.ts';
import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { type Finding, ofCluster, ofGroup } from '../diagnose/finding.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Matrix } from '../matrix/matrix.ts';
import {
  footprintOf,
  observersOf,
  remaining,
  shows,
  sizeOf,
  subjectsOf,
  uncheckedOf,
  union,
  wrongWithin,
} from './footprint.ts';
import { type Incident, type IncidentIdentity, isOpen, isWide, JOIN_RUNS } from './incident.ts';
import {
  type FreshFinding,
  isDueFresh,
  type Plan,
  type Planning,
  plansOf,
  sinceOf,
} from './plan.ts';
import { isFlapping, relapsedIn, rememberResolved, reopened, stillRemembered } from './relapse.ts';

/** What became of an incident in this run. */
export interface Announcement {
  readonly kind: 'opened' | 'worsened' | 'updated' | 'resolved';
  readonly reason: IncidentReason;
  /** Whether it pages people, or goes to the telemetry alone. */
  readonly pages: boolean;
  readonly incident: ReportedIncident;
  /** The incident as the run before reported it. */
  readonly before: ReportedIncident | undefined;
}

/** The incidents after a run. */
interface Advance {
  readonly incidents: readonly Incident[];
  readonly announcements: readonly Announcement[];
  /** Every incident of this run, the resolved ones included. */
  readonly reported: readonly ReportedIncident[];
  /** Why each incident is what it is, by its key. */
  readonly reasons: ReadonlyMap<string, IncidentReason>;
}

/** What `advance` is given besides the findings. */
interface Circumstances extends Planning {
  readonly cluster: string;
  /** The control-plane nodes. */
  readonly masters: ReadonlySet<string>;
  /** Whether the second look saw the finding too. */
  readonly confirmed: (finding: Finding) => boolean;
  readonly report: (finding: Finding, identity: IncidentIdentity) => ReportedIncident;
}

/**
 * Decides every incident's next phase, and why. An incident opens when a second look confirms it: its
 * key is fixed then. It stays open while it is seen, alone or as part of a larger fault, and while nobody
 * could look. It resolves when all its cells were read and are right, or belong to another incident.
 */
export function advance(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  circumstances: Circumstances,
): Advance {
  const plans = plansOf(incidents, findings, circumstances);
  const joins = plans.filter((plan) => plan.kind === 'join');
  const joined = new Map(
    joins
      .filter(({ finding }) => isConfirmed(finding, circumstances))
      .map((join) => [join.incident, join.finding]),
  );
  const owned = new Map(
    plans.flatMap((plan) => (plan.kind === 'own' ? [[plan.incident, plan.finding] as const] : [])),
  );
  const fresh = plans.filter((plan) => plan.kind === 'fresh');
  const waiting = joins
    .filter(({ incident }) => !joined.has(incident))
    .flatMap(({ parts }) => parts);
  const opened = stepsOfFresh(fresh, incidents, circumstances);
  const openedFindings = fresh.filter((_, at) => opened[at]?.next?.phase === 'open');
  const others = new Set(
    [
      ...owned.values(),
      ...joined.values(),
      ...openedFindings.map(({ finding }) => finding),
    ].flatMap(({ cells }) => cells),
  );
  const claimed = new Set(
    [...fresh, ...joins].flatMap(({ parts }) => parts.map(({ suspicion }) => suspicion)),
  );
  const kept = incidents.filter(
    (one) => isOpen(one) || (one.phase === 'suspected' && !claimed.has(one)),
  );
  const seenBy = new Map(
    kept.map((incident) => [
      incident,
      seenOf(incident, {
        owned: owned.get(incident),
        joined: joined.get(incident),
        matrix: circumstances.matrix,
      }),
    ]),
  );
  const steps: readonly Step[] = [
    ...[...seenBy].flatMap(([incident, seen]) =>
      seen === undefined ? [] : [stepOfSeen(incident, seen, circumstances)],
    ),
    ...opened,
    ...waiting.map((one) =>
      suspected({ finding: one.finding, parts: [one] }, 'unconfirmed', circumstances),
    ),
    ...kept
      .filter((incident) => seenBy.get(incident) === undefined)
      .map((incident) => stepOfUnseen(incident, others, circumstances)),
  ];
  const { now } = circumstances;
  const standing = steps.flatMap(({ next }) => (next === undefined ? [] : [next]));
  const past = incidents.filter(({ phase }) => phase === 'resolved');
  const ended = steps.flatMap(({ over }) => over ?? []);
  return {
    incidents: [...standing, ...stillRemembered([...past, ...ended], standing, now)],
    announcements: steps.flatMap(({ announcement }) => announcement ?? []),
    reported: steps.flatMap(({ reported }) => reported ?? []),
    reasons: new Map(steps.map(({ key, reason }) => [key, reason])),
  };
}

/** Whether the run would page for the plan now, if a second look confirms it. */
export function isDue(plan: Plan, planning: Planning): boolean {
  const { finding } = plan;
  if (!CAUSE_TABLE[finding.cause].pages) return false;
  switch (plan.kind) {
    case 'join':
      return true;
    case 'fresh':
      return isDueFresh(finding, plan.parts, planning);
    case 'own':
      return isDueOwn(plan.incident, finding, planning);
  }
}

function isDueOwn(incident: Incident, finding: Finding, { now, limits }: Planning): boolean {
  if (isAnnounced(incident, finding)) return hasWorsened(incident, finding);
  const lasted = Math.max(0, now - sinceNow(incident, finding, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

/** What one run does to one incident. */
interface Step {
  readonly key: string;
  readonly reason: IncidentReason;
  /** The incident as the next run finds it; undefined when it is over. */
  readonly next: Incident | undefined;
  /** The incident that is over, as long as it may relapse. */
  readonly over?: Incident;
  readonly announcement?: Announcement | undefined;
  readonly reported?: ReportedIncident;
}

function isConfirmed(finding: Finding, { confirmed }: Circumstances): boolean {
  return !CAUSE_TABLE[finding.cause].pages || confirmed(finding);
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
  const reported = report(finding, identity);
  const { pages } = CAUSE_TABLE[finding.cause];
  const reason = relapse === undefined ? reasonToOpen(finding) : 'relapsed';
  const next: Incident = {
    ...identity,
    footprint: withUnchecked(finding, parts, matrix),
    reported,
    reason,
    steadyRuns: 0,
    paged: pages ? finding.severity : undefined,
    pagedNodes: pages ? finding.missingPeers : undefined,
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

function reasonToOpen({ scope }: Finding): IncidentReason {
  switch (scope) {
    case 'group':
      return 'group-formed';
    case 'cluster':
      return 'cluster-wide';
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
  const taken = new Set(
    incidents.filter((one) => isOpen(one) && one.scope === scope).map((one) => one.name),
  );
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}/${number}`;
  return free;
}

/** No page went out for it: it has the key under which it would open now. */
function suspected(
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
  const reported = report(finding, identity);
  const footprint = withUnchecked(finding, parts, matrix);
  const next = { ...identity, footprint, reported, reason, steadyRuns: 0, paged: undefined };
  return { key: identity.key, reason, next, reported };
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

/** What a run sees of an open incident. */
interface Seen {
  readonly finding: Finding;
  /** The part of it that joins now. */
  readonly joined: Finding | undefined;
}

function seenOf(
  { scope, accused = 'observers', reported: { cause } }: Incident,
  {
    owned,
    joined,
    matrix,
  }: {
    readonly owned: Finding | undefined;
    readonly joined: Finding | undefined;
    readonly matrix: Matrix;
  },
): Seen | undefined {
  if (joined === undefined) return owned === undefined ? undefined : { finding: owned, joined };
  const parts = [owned, joined].flatMap((one) => one?.parts ?? one ?? []);
  const finding =
    scope === 'group'
      ? ofGroup(matrix, { cause, accused }, parts)
      : ofCluster(matrix, cause, parts);
  return { finding, joined };
}

function stepOfSeen(incident: Incident, seen: Seen, circumstances: Circumstances): Step {
  const { finding, joined } = seen;
  const { now, matrix, report } = circumstances;
  const { key } = incident;
  const since = sinceNow(incident, finding, now);
  const reported = report(finding, { ...incident, phase: 'open', since });
  const seenFootprint = footprintOf(finding, matrix);
  const footprint = isWide(incident)
    ? union(remaining(incident.footprint, matrix), seenFootprint)
    : union(seenFootprint, uncheckedOf(incident.footprint, matrix));
  const steadyRuns = joined === undefined ? steadier(incident, matrix) : 0;
  const change = changeOf(incident, seen, circumstances);
  const { kind, reason } = change;
  const next: Incident = {
    ...incident,
    since,
    reported,
    footprint,
    steadyRuns,
    reason,
    cleanSince: undefined,
  };
  if (kind === undefined) return { key, reason, next, reported };
  const pages = CAUSE_TABLE[finding.cause].pages && kind !== 'updated';
  const announcement = { kind, reason, pages, incident: reported, before: incident.reported };
  const paged = incident.paged === 'critical' ? 'critical' : finding.severity;
  return {
    key,
    reason,
    reported,
    announcement,
    next: pages ? { ...next, paged, pagedNodes: finding.missingPeers } : next,
  };
}

/** A run in which nobody answered says nothing of how long an incident has not grown. */
function steadier({ steadyRuns }: Incident, { rows }: Matrix): number {
  return rows.size === 0 ? steadyRuns : Math.min(steadyRuns + 1, JOIN_RUNS);
}

/** Paged where its cause pages. An open incident that turns into one that pages opens anew. */
function isAnnounced({ paged }: Incident, { cause }: Finding): boolean {
  return paged !== undefined || !CAUSE_TABLE[cause].pages;
}

/** Paged as a warning, and critical now. */
function hasWorsened({ paged }: Incident, { cause, severity }: Finding): boolean {
  return CAUSE_TABLE[cause].pages && severity === 'critical' && paged !== 'critical';
}

/** A fault that works, and stops working, begins then: its patience has not run before. */
function sinceNow(incident: Incident, finding: Finding, now: number): number {
  const worked = CAUSE_TABLE[finding.cause].pages && !CAUSE_TABLE[incident.reported.cause].pages;
  return worked ? now : incident.since;
}

/** What is new of an open incident, if anything is, and why that is announced. */
function changeOf(
  incident: Incident,
  { finding, joined }: Seen,
  circumstances: Circumstances,
): { readonly kind: Announcement['kind'] | undefined; readonly reason: IncidentReason } {
  const isConfirmedNow = isConfirmed(finding, circumstances);
  if (!isAnnounced(incident, finding)) {
    const opens = isConfirmedNow && isDueOwn(incident, finding, circumstances);
    return opens
      ? { kind: 'opened', reason: 'stopped-working' }
      : { kind: undefined, reason: isConfirmedNow ? 'patience' : 'unconfirmed' };
  }
  if (isConfirmedNow && hasWorsened(incident, finding)) {
    return { kind: 'worsened', reason: 'severity-rose' };
  }
  if (joined !== undefined) {
    const isDouble = finding.missingPeers >= 2 * (incident.pagedNodes ?? finding.missingPeers);
    if (isDouble) return { kind: 'worsened', reason: 'count-doubled' };
    const nodes = joined.parts?.map(({ name }) => name) ?? [];
    if (nodes.some((node) => circumstances.masters.has(node))) {
      return { kind: 'worsened', reason: 'control-plane-joined' };
    }
    return { kind: 'updated', reason: 'joined' };
  }
  const { cause, severity, missingPeers } = incident.reported;
  const isSame =
    cause === finding.cause &&
    severity === finding.severity &&
    missingPeers === finding.missingPeers;
  return isSame ? { kind: undefined, reason: 'unchanged' } : { kind: 'updated', reason: 'changed' };
}

/** What this run has opened has its key, which no second one of the same run may take. */
function stepsOfFresh(
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

function stepOfUnseen(
  incident: Incident,
  others: ReadonlySet<Cell>,
  { now, matrix }: Circumstances,
): Step {
  const { key, cleanSince = now } = incident;
  const sighting = sightingOf(incident, others, matrix);
  const stay = (reason: IncidentReason): Step => {
    const steadyRuns = steadier(incident, matrix);
    return {
      key,
      reason,
      next: { ...incident, steadyRuns },
      reported: incident.reported,
    };
  };
  const isSuspected = !isOpen(incident);
  switch (sighting) {
    case 'not-checked':
      return stay(sighting);
    case 'still-wrong':
      // A suspicion that was not confirmed was never announced.
      return isSuspected ? { key, reason: 'not-seen-again', next: undefined } : stay(sighting);
    case 'fixed':
    case 'gone':
    case 'rest-of-another':
      if (isSuspected) return { key, reason: 'not-seen-again', next: undefined };
      return isFlapping(incident, cleanSince, now)
        ? {
            key,
            reason: 'flapping',
            next: { ...incident, cleanSince, reason: 'flapping' },
            reported: incident.reported,
          }
        : resolved(incident, sighting, now);
  }
}

function resolved(incident: Incident, reason: IncidentReason, now: number): Step {
  const reported: ReportedIncident = { ...incident.reported, phase: 'resolved' };
  const announcement: Announcement = {
    kind: 'resolved',
    reason,
    pages: incident.paged !== undefined,
    incident: reported,
    before: incident.reported,
  };
  const over = rememberResolved({ ...incident, reason }, now);
  return { key: incident.key, reason, next: undefined, over, reported, announcement };
}

/** What a run saw of an incident for which it has no finding. `others`: the cells of open incidents. */
type Sighting = Extract<
  IncidentReason,
  'not-checked' | 'still-wrong' | 'fixed' | 'gone' | 'rest-of-another'
>;

/** Nodes that left the cluster drop out; of all others every bad cell must have been checked. */
function sightingOf(incident: Incident, others: ReadonlySet<Cell>, matrix: Matrix): Sighting {
  const { footprint } = incident;
  const nodes = new Set(matrix.nodes);
  // A run that knows no node at all has lost its sources; the cluster has not lost its nodes.
  if (nodes.size === 0) return 'not-checked';
  const observers = observersOf(footprint).filter((node) => nodes.has(node));
  const subjects = subjectsOf(footprint).filter((node) => nodes.has(node));
  const looked =
    observers.every((node) => shows(matrix.rows.get(node), footprint)) &&
    subjects.every((node) => matrix.subjects.has(node)) &&
    (!isOfDevice(incident) ||
      subjects.every((node) => matrix.rows.get(node)?.devices !== undefined));
  if (!looked) return 'not-checked';
  const wrong = wrongWithin(footprint, matrix);
  if (wrong.length === 0) {
    const left = subjectsOf(footprint).length > 0 && subjects.length === 0;
    return left || observers.length === 0 ? 'gone' : 'fixed';
  }
  // A fault that has grown into a larger one is not over: the people paged for it get its end too. One of
  // which only a small rest is wrong, and that as part of another incident, is over.
  const isRest = wrong.length * 2 < sizeOf(footprint) || incident.paged === undefined;
  return isRest && wrong.every((cell) => others.has(cell)) ? 'rest-of-another' : 'still-wrong';
}

/** Whether the truth of an incident is the subject's own device: only the device shows that it is over. */
function isOfDevice({ reported: { cause } }: Incident): boolean {
  const { signature } = CAUSE_RULES[cause];
  return signature.kind === 'cell' && signature.macTruth !== undefined;
}
