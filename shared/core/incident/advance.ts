import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';
import { seenOf, stepOfSeen } from './continuing.ts';
import { stepOfUnseen } from './ending.ts';
import { type Incident, isOpen } from './incident.ts';
import { freeOf, stepsOfFresh, suspected } from './opening.ts';
import { type Plan, plansOf } from './plan.ts';
import { stillRemembered } from './relapse.ts';
import { type Announcement, type Circumstances, isConfirmed, type Step } from './step.ts';

/** The incidents after a run. */
interface Advance {
  readonly incidents: readonly Incident[];
  readonly announcements: readonly Announcement[];
  /** Every incident of this run, the resolved ones included. */
  readonly reported: readonly ReportedIncident[];
  /** Why each incident is what it is, by its key. */
  readonly reasons: ReadonlyMap<string, IncidentReason>;
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
  const steps = withOwnKeys(
    stepsOf(incidents, plansOf(incidents, findings, circumstances), circumstances),
  );
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

function stepsOf(
  incidents: readonly Incident[],
  plans: readonly Plan[],
  circumstances: Circumstances,
): readonly Step[] {
  const owned = new Map(
    plans.flatMap((plan) => (plan.kind === 'own' ? [[plan.incident, plan.finding] as const] : [])),
  );
  const joins = plans.filter((plan) => plan.kind === 'join');
  const fresh = plans.filter((plan) => plan.kind === 'fresh');
  const confirmed = joins.filter(({ finding }) => isConfirmed(finding, circumstances));
  const joined = new Map(confirmed.map(({ incident, finding }) => [incident, finding]));
  const opened = stepsOfFresh(fresh, incidents, circumstances);
  const waiting = joins.filter((join) => !confirmed.includes(join)).flatMap(({ parts }) => parts);
  const claimed = new Set(
    [...fresh, ...joins].flatMap(({ parts }) => parts.map(({ suspicion }) => suspicion)),
  );
  const kept = incidents.filter(
    (one) => isOpen(one) || (one.phase === 'suspected' && !claimed.has(one)),
  );
  const others = new Set(
    [
      ...owned.values(),
      ...joined.values(),
      ...fresh.filter((_, at) => opened[at]?.next?.phase === 'open').map(({ finding }) => finding),
    ].flatMap(({ cells }) => cells),
  );
  const ofKept = kept.map((incident) => {
    const seen = seenOf(incident, {
      owned: owned.get(incident),
      joined: joined.get(incident),
      matrix: circumstances.matrix,
    });
    return seen === undefined
      ? stepOfUnseen(incident, others, circumstances)
      : stepOfSeen(incident, seen, circumstances);
  });
  return [
    ...ofKept.filter(({ next }) => next !== undefined),
    ...opened,
    ...waiting.map((one) =>
      suspected({ finding: one.finding, parts: [one] }, 'unconfirmed', circumstances),
    ),
    ...ofKept.filter(({ next }) => next === undefined),
  ];
}

/** People know an incident by its key: a suspicion whose key is taken has the next free one. */
function withOwnKeys(steps: readonly Step[]): readonly Step[] {
  const taken = new Set(steps.filter((step) => !isSuspicion(step)).map(({ key }) => key));
  return steps.map((step) => {
    const { next, reported } = step;
    if (next === undefined || !isSuspicion(step)) return step;
    const key = freeOf(step.key, taken);
    taken.add(key);
    return {
      ...step,
      key,
      next: { ...next, key },
      ...(reported === undefined ? {} : { reported: { ...reported, key } }),
    };
  });
}

function isSuspicion({ next }: Step): boolean {
  return next?.phase === 'suspected';
}
