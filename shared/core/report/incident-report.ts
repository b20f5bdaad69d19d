import type { Latency, ReportedIncident } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Facts } from '../facts.ts';
import type { Judgement } from '../judge.ts';
import { mendOf } from '../mend.ts';
import { formatDuration, formatTime } from '../time.ts';

/** How many entries and lines one incident carries, whatever the cluster's size. */
const ENTRIES = 60;
const EVIDENCE = 40;

/** What an incident is called and how long it is known: the part that is remembered. */
export interface Standing {
  readonly key: string;
  readonly phase: ReportedIncident['phase'];
  /** Epoch milliseconds. */
  readonly since: number;
}

export function reportIncident(
  finding: Finding,
  standing: Standing,
  { judgement, facts }: { readonly judgement: Judgement; readonly facts: Facts },
): ReportedIncident {
  const accused = finding.subject ?? finding.name;
  const vtep = judgement.vteps.find(({ node }) => node === accused);
  return {
    key: standing.key,
    scope: finding.scope,
    cause: finding.cause,
    otherCauses: [...finding.otherCauses],
    severity: finding.severity,
    phase: standing.phase,
    since: formatTime(standing.since),
    subject: finding.subject,
    vtep:
      vtep === undefined
        ? undefined
        : {
            underlayIp: vtep.underlayIp,
            tunnelIp: vtep.tunnelIp,
            mac: vtep.mac,
            podCidr: vtep.podCidr,
          },
    observers: finding.observers.toSorted(),
    checkedPeers: finding.checkedPeers,
    missingPeers: finding.missingPeers,
    entries: finding.cells.flatMap(({ entries }) => entries).slice(0, ENTRIES),
    evidence: [...verbatimOf(finding, judgement), ...facts.latencies.map(describeLatency)].slice(
      0,
      EVIDENCE,
    ),
    mend: [...mendOf(finding, judgement, facts.pods)],
  };
}

/** `master1: kubectl get nodes took 45.1 s` */
export function describeLatency({ node, request, outcome, seconds, detail }: Latency): string {
  const took = formatDuration(seconds);
  const said = detail === '' ? '' : ` (${detail})`;
  switch (outcome) {
    case 'answered':
      return `${node}: ${request} took ${took}${said}`;
    case 'failed':
      return `${node}: ${request} failed after ${took}${said}`;
    case 'no-answer':
      return `${node}: ${request}: no answer after ${took}`;
  }
}

/** The lines that the second look brought back, as the observers' own tools print them. */
function verbatimOf(finding: Finding, { members }: Judgement): readonly string[] {
  const observers = new Set(finding.observers);
  return members
    .filter(({ node }) => observers.has(node))
    .flatMap(({ node, observed }) => (observed?.verbatim ?? []).map((line) => `${node}: ${line}`));
}
