import type { Report } from '../shared/contract/report.ts';

/** Exit statuses by verdict: stable, since scripts act on them. */
export const EXIT: Readonly<Record<Report['verdict'], number>> = {
  healthy: 0,
  incident: 1,
  unjudged: 2,
};
