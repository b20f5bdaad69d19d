/** What vtepwatch must say of the fault, and which part of its fix the trial carries out. */

import type { Fix, Report, ReportedIncident } from '../shared/contract/report.ts';
import type { Page } from './mailbox.ts';

/** What is wrong, as the trial knows it. */
export interface Truth {
  /** The node that its peers have lost. */
  readonly victim: string;
  readonly peers: readonly string[];
}

const CAUSE = 'neighbour-missing';

/** What a page lacks of victim and cause; none where it says both. */
export function missingOnPage({ subject, text }: Page, { victim }: Truth): readonly string[] {
  const lines = [subject, ...text];
  return [victim, CAUSE].filter((word) => !lines.some((line) => line.includes(word)));
}

/** The open incident that is about the fault. */
export function incidentIn({ incidents }: Report, { victim }: Truth): ReportedIncident | undefined {
  return incidents.find(({ subject, phase }) => subject === victim && phase === 'open');
}

/** Where a report differs from the truth; none where it is right. */
export function differences(incident: ReportedIncident, { peers }: Truth): readonly string[] {
  const observers = incident.observers.toSorted().join(', ');
  const expected = peers.toSorted().join(', ');
  return [
    ...(incident.cause === CAUSE ? [] : [`the cause is ${incident.cause}, not ${CAUSE}`]),
    ...(observers === expected ? [] : [`the observers are ${observers}, not ${expected}`]),
  ];
}

/**
 * The steps that are done without asking anything first, and that root does on hosts. The others restart
 * flannel, and are for the case that these fail.
 */
export function stepsToApply({ fix }: ReportedIncident): readonly Fix[] {
  return fix.filter(
    ({ kind, runs, condition }) =>
      kind !== 'look' && runs === 'on-hosts' && condition === undefined,
  );
}
