import type { Report, ReportedIncident } from '../../contract/report.ts';
import type { NodeState } from '../../contract/telemetry.ts';

/** The verdict on every node of the report: the worst that any of its faults says. */
export function nodeStates(report: Report): ReadonlyMap<string, NodeState> {
  const states = new Map<string, NodeState>(report.hosts.observed.map((name) => [name, 'ok']));
  for (const incident of report.incidents) {
    const state = stateWithin(incident);
    if (state === undefined) continue;
    for (const name of victims(incident)) {
      if (states.has(name) && states.get(name) !== 'isolated') states.set(name, state);
    }
  }
  for (const name of report.hosts.unknown) states.set(name, 'unknown');
  return states;
}

/** A fault that costs no peer, as a slow API server, says nothing of the overlay. */
function stateWithin(incident: ReportedIncident): NodeState | undefined {
  if (incident.phase === 'resolved' || incident.missingPeers === 0) return undefined;
  switch (incident.severity) {
    case 'critical':
      return 'isolated';
    case 'warning':
      return 'degraded';
    case 'info':
      return undefined;
  }
}

/** In a column the observers are well and only tell of the subject. */
export function victims(incident: ReportedIncident): readonly string[] {
  const subjects = incident.subject === undefined ? [] : [incident.subject];
  switch (incident.scope) {
    case 'subject':
      return subjects;
    case 'observer':
      return incident.observers;
    case 'pair':
    case 'cluster':
      return [...subjects, ...incident.observers];
  }
}
