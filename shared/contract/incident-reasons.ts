/**
 * Why a run did with an incident what it did: a closed list that log lines, events and traces use. A
 * name may be added within a version; none changes its meaning or goes.
 */
export const INCIDENT_REASONS = {
  patience: 'suspected: it has not lasted long enough to page',
  unconfirmed: 'suspected: the second look did not confirm it, or could not',
  'not-seen-again': 'a suspicion that this run did not see again',
  confirmed: 'opened: the second look confirmed it',
  'group-formed': 'opened: three subjects or observers with one cause within three runs',
  'cluster-wide': 'opened: one cause on more than half of the nodes',
  'several-causes': 'opened: several causes at once on more than half of the nodes',
  relapsed: 'opened again: it had been resolved less than 30 minutes before',
  'stopped-working': 'opened anew: what still worked does not any more',
  'severity-rose': 'paged again: it was a warning, and is critical',
  'count-doubled': 'paged again: twice as many nodes as when it was last paged',
  'cause-explains-more':
    'paged again: its cause is another, and it is at least twice as large as when it was last paged',
  'control-plane-joined': 'paged again: a control-plane node joined it',
  joined: 'updated: nodes joined it within three runs of its last growth',
  changed: 'updated: its cause, severity or count is another',
  unchanged: 'still wrong as before',
  'still-wrong': 'its entries are still wrong, as part of what another incident reports',
  'not-checked': 'its nodes could not all be checked',
  'seen-correct':
    'all its entries are correct: it resolves when they have been seen correct once more',
  flapping:
    'its entries are correct, and it has relapsed three times in two hours: it resolves later',
  fixed: 'resolved: all its entries are correct',
  gone: 'resolved: its nodes have left the cluster',
  'rest-of-another': 'resolved: what is left of it belongs to another incident',
} as const;

export type IncidentReason = keyof typeof INCIDENT_REASONS;
