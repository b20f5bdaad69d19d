import { TABLES } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { EventSeverity, TelemetryEvent } from '../../contract/telemetry.ts';
import { isOfApi } from '../diagnose/causes.ts';
import type { Announcement } from '../incident/step.ts';
import { claimLine } from '../page/subject.ts';
import { shortAscii } from '../plain-text.ts';
import { parseTime } from '../time.ts';

/** What became of an incident, as far as an event needs it: bounded, since it is stored until it is sent. */
export interface IncidentChange extends Omit<Announcement, 'pages'> {
  /** When a run decided it, epoch milliseconds. */
  readonly at: number;
}

/** `at` in epoch milliseconds. */
export function changeOf(
  { kind, reason, incident, before, endedAt }: Announcement,
  at: number,
): IncidentChange {
  return {
    at,
    kind,
    reason,
    incident: outlined(incident),
    before: before && outlined(before),
    endedAt,
  };
}

/** An incident without what only a page needs; of its entries one for each table and each named peer. */
function outlined(incident: ReportedIncident): ReportedIncident {
  const { entries, subjects, observers } = incident;
  const ofTables = TABLES.flatMap((table) => entries.find((entry) => entry.table === table) ?? []);
  const ofPeers = firstNames(entries.map(({ subject }) => subject)).flatMap(
    (peer) => entries.find(({ subject }) => subject === peer) ?? [],
  );
  return {
    ...incident,
    entries: [...new Set([...ofPeers, ...ofTables])],
    evidence: [],
    fix: [],
    observers: firstNames(observers),
    ...(subjects === undefined ? {} : { subjects: firstNames(subjects) }),
  };
}

function firstNames(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, PEER_NAMES_MAX);
}

/** A run that failed: its error with all causes on one line, and the innermost of them. */
interface RunFailure {
  readonly text: string;
  readonly cause: Error;
}

/** The event of a run that failed. The texts are cut, as a backend would do it. */
export function exceptionEvent(cluster: string, { text, cause }: RunFailure): TelemetryEvent {
  return {
    event: 'vtepwatch.check.exception',
    severity: 'fatal',
    body: `The run failed: ${shortAscii(text)}`,
    attributes: {
      'k8s.cluster.name': cluster,
      'exception.type': cause.name,
      'exception.message': text.slice(0, EXCEPTION_CHARACTERS_MAX),
      'exception.stacktrace': cause.stack?.slice(0, EXCEPTION_CHARACTERS_MAX),
    },
  };
}

type IncidentAttributes = Extract<
  TelemetryEvent,
  { readonly event: 'vtepwatch.incident.opened' }
>['attributes'];

const PEER_NAMES_MAX = 20;
const EXCEPTION_CHARACTERS_MAX = 4096;

/** The event of one change. */
export function eventOf(cluster: string, change: IncidentChange): TelemetryEvent {
  const { kind, reason, incident, at, endedAt = at } = change;
  switch (kind) {
    case 'opened':
      return {
        event: 'vtepwatch.incident.opened',
        severity: severityOf(incident),
        body: sentence(incident),
        attributes: incidentAttributes(cluster, { incident, reason }),
      };
    case 'worsened':
    case 'updated': {
      const before = change.before ?? incident;
      return {
        event: 'vtepwatch.incident.updated',
        severity: severityOf(incident),
        body: `${sentence(incident)}; before: ${differences(before, incident)}`,
        attributes: {
          ...incidentAttributes(cluster, { incident, reason }),
          'vtepwatch.incident.previous_missing_peers': before.missingPeers,
          'vtepwatch.incident.previous_severity': before.severity,
          'vtepwatch.incident.previous_cause': before.cause,
        },
      };
    }
    case 'resolved': {
      const seconds = (endedAt - (parseTime(incident.since) ?? endedAt)) / 1000;
      return {
        event: 'vtepwatch.incident.resolved',
        severity: 'info',
        body: `Resolved after ${Math.round(seconds)} s: ${shortAscii(incident.key)} (${incident.cause})`,
        attributes: {
          'k8s.cluster.name': cluster,
          'k8s.node.name': victim(incident),
          'vtepwatch.incident.id': shortAscii(incident.key),
          'vtepwatch.cause': incident.cause,
          'vtepwatch.scope': incident.scope,
          'vtepwatch.incident.reason': reason,
          'vtepwatch.severity': incident.severity,
          'vtepwatch.checked_peers': incident.checkedPeers,
          'vtepwatch.missing_peers': incident.missingPeers,
          'vtepwatch.incident.duration': seconds,
        },
      };
    }
  }
}

/** What was different, in the words of the event's sentence. */
function differences(before: ReportedIncident, now: ReportedIncident): string {
  const others = [
    ...(before.severity === now.severity ? [] : [before.severity]),
    ...(before.cause === now.cause ? [] : [before.cause]),
  ];
  return [String(before.missingPeers), ...others].join(', ');
}

function severityOf(incident: ReportedIncident): EventSeverity {
  switch (incident.severity) {
    case 'critical':
      return 'error';
    case 'warning':
      return 'warn';
    case 'info':
      return 'info';
  }
}

function incidentAttributes(
  cluster: string,
  { incident, reason }: Pick<Announcement, 'incident' | 'reason'>,
): IncidentAttributes {
  const { vtep, entries } = incident;
  return {
    'k8s.cluster.name': cluster,
    'k8s.node.name': victim(incident),
    'network.peer.address': optional(vtep?.underlayIp),
    'vtepwatch.vtep.tunnel_ip': optional(vtep?.tunnelIp),
    'vtepwatch.vtep.mac': optional(vtep?.mac),
    'vtepwatch.incident.id': shortAscii(incident.key),
    'vtepwatch.cause': incident.cause,
    'vtepwatch.scope': incident.scope,
    'vtepwatch.incident.reason': reason,
    'vtepwatch.severity': incident.severity,
    'vtepwatch.tables': TABLES.filter((table) => entries.some((entry) => entry.table === table)),
    'vtepwatch.checked_peers': incident.checkedPeers,
    'vtepwatch.missing_peers': incident.missingPeers,
    'vtepwatch.peer.names': peerNames(incident),
  };
}

/** Many backends show an event's body and nothing else of it. The words are those of the page's subject. */
function sentence(incident: ReportedIncident): string {
  const { missingPeers, cause, scope } = incident;
  const peers = scope === 'pair' ? `: ${peerNames(incident).join(', ')}` : '';
  if (missingPeers > 0 || isOfApi(cause)) return `${claimLine(incident)}${peers}`;
  return `${victim(incident) ?? 'the cluster'}: ${cause}`;
}

/** The node that a fault is about, if it is about one. */
function victim({ scope, subject, observers }: ReportedIncident): string | undefined {
  return optional(scope === 'observer' ? (subject ?? observers[0]) : subject);
}

/** A row's peers are the subjects that it has lost, a group's are its own nodes; else they are the observers. */
function peerNames({ scope, subjects, observers, entries }: ReportedIncident): readonly string[] {
  const names =
    scope === 'observer' ? entries.map(({ subject }) => subject) : (subjects ?? observers);
  return firstNames(names).map(shortAscii);
}

function optional(text: string | undefined): string | undefined {
  return text === undefined ? undefined : shortAscii(text);
}
