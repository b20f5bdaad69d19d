import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { observersOf, shows, sizeOf, subjectsOf, wrongWithin } from './footprint.ts';
import { type Incident, isOpen } from './incident.ts';
import { isFlapping, rememberResolved } from './relapse.ts';
import { type Announcement, type Circumstances, steadier, type Step } from './step.ts';

export function stepOfUnseen(
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
