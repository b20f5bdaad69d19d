/** What a story can find wrong with the function. */
export const FAILURE_KINDS = {
  'false-page': 'a page about nothing that is wrong',
  missed: 'a fault that every run could see, and no page',
  hidden: 'the same, while an open incident of another fault speaks of its nodes',
  'wrong-victim': 'a page that accuses another node than the fault is of',
  'wrong-cause': 'a page with another cause than the fault has',
  'second-key': 'one more key for a fault that has one',
  flapping: 'a fault that was resolved and paged again while it lasted',
  'resolved-early': 'RESOLVED while entries of the incident were wrong',
  'left-open': 'an incident that stays open when everything is right',
  'unknown-too-long': 'a host that answers well and stays unknown',
  'run-failed': 'a run that threw an error',
} as const;

export type FailureKind = keyof typeof FAILURE_KINDS;

export interface Failure {
  readonly kind: FailureKind;
  /** Seconds since the story began. */
  readonly at: number;
  /** What the failure is of, without names: the figures are grouped by it. */
  readonly of: string;
  /** The same with names. */
  readonly detail: string;
}
