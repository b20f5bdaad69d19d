import { expect } from 'vitest';
import type { ReportedIncident } from '../../shared/contract/report.ts';
import { DEPLOYMENTS, type Deployment, type Looks } from './cluster/cluster.ts';
import type { Seen } from './cluster/watch.ts';
import { KNOWN_FAULTS } from './known-faults.ts';

/** The lines that are right, for both deployments or for each. */
export type Right = readonly string[] | Readonly<Record<Deployment, readonly string[]>>;

interface Facts {
  readonly scenario: string;
  readonly deployment: Deployment;
  readonly actual: readonly string[];
  readonly right: readonly string[];
}

/**
 * Asserts what is right, or where a known fault is listed, just what is wrong today: when anything else
 * is said, the list is to be changed.
 */
export function expectFacts({ scenario, deployment, actual, right }: Facts): void {
  const fault = KNOWN_FAULTS.find(
    (one) => one.scenario === scenario && one.deployments.includes(deployment),
  );
  const what = `${scenario} (${deployment})`;
  if (fault === undefined) {
    expect.soft(actual, what).toEqual(right);
    return;
  }
  expect.soft(fault.said, `${what} is listed as a known fault, and is right`).not.toEqual(right);
  expect.soft(actual, `${what} is listed as a known fault: ${fault.right}`).toEqual(fault.said);
}

/** Asserts what both deployments say of a scenario. */
export function expectSaid(scenario: string, looks: Looks, right: Right): void {
  for (const deployment of DEPLOYMENTS) {
    expectFacts({
      scenario,
      deployment,
      actual: saidOf(looks[deployment]),
      right: 'default' in right ? right[deployment] : right,
    });
  }
}

/** The verdict, the incidents and the pages, a line for each. */
function saidOf({ report, pages }: Seen): readonly string[] {
  return [
    report.verdict,
    ...report.incidents.map(incidentLine).toSorted(),
    ...pages
      .map(({ attributes: { kind, key } }) => `page ${kind} ${withoutCluster(key ?? '')}`)
      .toSorted(),
  ];
}

function incidentLine(incident: ReportedIncident): string {
  const { key, cause, severity, phase, missingPeers, checkedPeers } = incident;
  return `${withoutCluster(key)} ${cause} ${severity} ${phase} ${missingPeers}/${checkedPeers}`;
}

function withoutCluster(key: string): string {
  return key.replace(/^[^/]*\//, '');
}
