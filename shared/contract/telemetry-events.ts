import type { AttributeName } from './telemetry.ts';

/** OpenTelemetry's severity numbers 9, 13, 17 and 21. */
export const EVENT_SEVERITIES = ['info', 'warn', 'error', 'fatal'] as const;

export type EventSeverity = (typeof EVENT_SEVERITIES)[number];

const INCIDENT_ATTRIBUTES = [
  'k8s.cluster.name',
  'vtepwatch.incident.id',
  'vtepwatch.cause',
  'vtepwatch.scope',
  'vtepwatch.severity',
  'vtepwatch.tables',
  'vtepwatch.checked_peers',
  'vtepwatch.missing_peers',
  'vtepwatch.peer.names',
] as const;

/** `k8s.node.name` is the node that a fault is about; a fault of the whole cluster has none. */
const INCIDENT_OPTIONS = [
  'k8s.node.name',
  'network.peer.address',
  'vtepwatch.vtep.tunnel_ip',
  'vtepwatch.vtep.mac',
] as const;

/** Log records with an event name: what became of incidents, and runs that failed. */
export const EVENTS = {
  'vtepwatch.incident.opened': {
    description: 'A fault was confirmed',
    attributes: INCIDENT_ATTRIBUTES,
    optional: INCIDENT_OPTIONS,
  },
  'vtepwatch.incident.updated': {
    description: 'An open fault grew, shrank or changed its severity or cause',
    attributes: [...INCIDENT_ATTRIBUTES, 'vtepwatch.incident.previous_missing_peers'],
    optional: INCIDENT_OPTIONS,
  },
  'vtepwatch.incident.resolved': {
    description: 'A fault is gone',
    attributes: [
      'k8s.cluster.name',
      'vtepwatch.incident.id',
      'vtepwatch.cause',
      'vtepwatch.scope',
      'vtepwatch.incident.duration',
    ],
    optional: ['k8s.node.name'],
  },
  'vtepwatch.check.exception': {
    description: 'A run failed',
    attributes: ['k8s.cluster.name', 'exception.type', 'exception.message'],
    optional: ['exception.stacktrace'],
  },
} as const satisfies Record<string, EventDefinition>;

export type EventName = keyof typeof EVENTS;

export interface EventDefinition {
  readonly description: string;
  readonly attributes: readonly AttributeName[];
  /** Not on every record. */
  readonly optional: readonly AttributeName[];
}
