import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Matrix } from '../matrix/matrix.ts';
import {
  type Footprint,
  observersOf,
  remaining,
  sizeOf,
  statefulNodesOf,
  subjectsOf,
  union,
  withUnseenDevices,
  wrongWithin,
} from './footprint.ts';
import { type Incident, isOpen, isWide } from './incident.ts';
import { isFlapping, rememberResolved } from './relapse.ts';
import { type Announcement, type Circumstances, steadier, type Step } from './step.ts';

/**
 * So long after it was first seen, a suspicion that no run can check any more is dropped: what is seen later is seen
 * for the first time.
 */
const SUSPICION_MS = 2 * 3_600_000;

/** What becomes of an incident, or of a suspicion, of which a run has no finding. `others`: the cells of open incidents. */
export function stepOfUnseen(
  incident: Incident,
  others: ReadonlySet<Cell>,
  { now, matrix }: Circumstances,
): Step {
  const { key, reported } = incident;
  const { sighting, unrepaired } = sightingOf(incident, others, matrix);
  const stay = (reason: IncidentReason, changes: Partial<Incident> = {}): Step => ({
    key,
    reason,
    next: { ...incident, steadyRuns: steadier(incident, matrix), ...changes },
    reported,
  });
  const isSuspected = !isOpen(incident);
  switch (sighting) {
    case 'not-checked':
      if (isSuspected && now - incident.since > SUSPICION_MS) {
        return { key, reason: 'not-seen-again', next: undefined };
      }
      return stay(sighting, isSuspected ? {} : { unrepaired });
    case 'still-wrong':
      // A suspicion that was not confirmed was never announced.
      return isSuspected
        ? { key, reason: 'not-seen-again', next: undefined }
        : stay(sighting, { unrepaired });
    case 'fixed':
    case 'gone':
    case 'rest-of-another': {
      if (isSuspected) return { key, reason: 'not-seen-again', next: undefined };
      const { cleanSince = now } = incident;
      const clean = { cleanSince, unrepaired: undefined };
      if (isFlapping(incident, cleanSince, now)) {
        return stay('flapping', { ...clean, reason: 'flapping' });
      }
      return incident.cleanSince === undefined
        ? stay('seen-correct', { ...clean, reason: 'seen-correct' })
        : resolved(incident, sighting, now);
    }
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
    worsened: incident.worsened,
    endedAt: incident.cleanSince,
  };
  const over = rememberResolved({ ...incident, reason }, now);
  return { key: incident.key, reason, next: undefined, over, reported, announcement };
}

/** What a run saw of an incident for which it has no finding. */
interface Sighting {
  readonly sighting: Extract<
    IncidentReason,
    'not-checked' | 'still-wrong' | 'fixed' | 'gone' | 'rest-of-another'
  >;
  readonly unrepaired: Incident['unrepaired'];
}

/**
 * Nodes that left the cluster drop out. All other cells that were wrong must have been seen correct, in this
 * run or in an earlier one, and none may be wrong again.
 */
function sightingOf(incident: Incident, others: ReadonlySet<Cell>, matrix: Matrix): Sighting {
  const { footprint } = incident;
  const wrong = wrongWithin(footprint, matrix);
  const isPast = isRest(incident, wrong) && wrong.every((cell) => others.has(cell));
  const unrepaired = unrepairedAfter(incident, isPast ? [] : wrong, matrix);
  if (!isPast && wrong.length > 0) {
    // What is wrong again in a wide incident is another fault; else all of it must be seen correct anew.
    return { sighting: 'still-wrong', unrepaired: isWide(incident) ? unrepaired : undefined };
  }
  const isGone = hasLeft(footprint, matrix);
  // Of a state nothing is left only where its node was seen without it.
  const isRead =
    statefulNodesOf(footprint).length > 0 ||
    observersOf(footprint).some((node) => matrix.rows.has(node));
  const isOver = sizeOf(unrepaired ?? footprint) === 0 && (isGone || isRead);
  if (!isOver) return { sighting: 'not-checked', unrepaired };
  if (wrong.length > 0) return { sighting: 'rest-of-another', unrepaired };
  return { sighting: isGone ? 'gone' : 'fixed', unrepaired };
}

function unrepairedAfter(
  incident: Incident,
  wrong: readonly Cell[],
  matrix: Matrix,
): Incident['unrepaired'] {
  const { unrepaired, footprint } = incident;
  if (matrix.nodes.length === 0) return unrepaired;
  const before = unrepaired ?? footprint;
  const left = remaining(before, matrix, wrong);
  const after = isOfDevice(incident) ? union(left, withUnseenDevices(before, matrix)) : left;
  return sizeOf(after) === sizeOf(before) ? unrepaired : after;
}

/**
 * A fault that has grown into a larger one is not over: the people paged for it get its end too. One of
 * which only a small rest is wrong, or which was seen correct meanwhile, is over where that is part of
 * another incident.
 */
function isRest({ footprint, paged, cleanSince }: Incident, wrong: readonly Cell[]): boolean {
  return wrong.length * 2 < sizeOf(footprint) || paged === undefined || cleanSince !== undefined;
}

/** A run that knows no node at all has lost its sources; the cluster has not lost its nodes. */
function hasLeft(footprint: Footprint, { nodes }: Matrix): boolean {
  if (nodes.length === 0) return false;
  const there = new Set(nodes);
  const stateful = statefulNodesOf(footprint);
  if (stateful.length > 0) return !stateful.some((node) => there.has(node));
  const subjects = subjectsOf(footprint);
  return (
    !observersOf(footprint).some((node) => there.has(node)) ||
    (subjects.length > 0 && !subjects.some((node) => there.has(node)))
  );
}

/** Whether the truth of an incident is the subject's own device: only the device shows that it is over. */
function isOfDevice({ reported: { cause } }: Incident): boolean {
  const { signature } = CAUSE_RULES[cause];
  return signature.kind === 'cell' && signature.macTruth !== undefined;
}
