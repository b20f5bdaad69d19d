import { CAUSES, SCOPES, SEVERITIES, TABLES } from './causes.ts';
import { ACTIONS } from './probe.ts';

/**
 * The metrics and attributes that the function tells an OTLP backend. With the events and spans beside
 * this file they are one table: the function emits by it, and the documents, the alert rules and the
 * dashboard are made from it. Every metric is a gauge, the one type that all backends take unchanged.
 * No metric has an attribute for a pair of nodes. Names that OpenTelemetry's semantic conventions
 * (1.44) define are used as they stand; the rest is below `vtepwatch.`.
 */

/** Instrumentation scope of everything sent, and the service's name unless the environment has one. */
export const TELEMETRY_SCOPE = 'vtepwatch';

/** `isolated`: cut off from half of its judged peers or more. */
export const NODE_STATES = ['ok', 'degraded', 'isolated', 'unknown'] as const;

export type NodeState = (typeof NODE_STATES)[number];

/** Why a host gave no usable answer. `_OTHER` is the conventions' word for what has no word. */
export const ERROR_TYPES = [
  'timeout',
  'undeliverable',
  'access_denied',
  'bad_output',
  '_OTHER',
] as const;

export type ErrorType = (typeof ERROR_TYPES)[number];

/** `values` is there where no other value is ever sent. */
export const ATTRIBUTES = {
  'k8s.cluster.name': { type: 'string', description: 'the watched cluster' },
  'k8s.node.name': { type: 'string', description: 'the node that the record is about' },
  'error.type': { type: 'string', values: ERROR_TYPES, description: 'what kind of failure' },
  'exception.type': { type: 'string', description: 'name of the error' },
  'exception.message': { type: 'string', description: 'message of the error' },
  'exception.stacktrace': { type: 'string', description: 'where the error was thrown' },
  'network.peer.address': { type: 'string', description: "underlay IP of the node's VTEP" },
  'faas.trigger': { type: 'string', values: ['timer'], description: 'what started the run' },
  'faas.time': { type: 'string', description: 'time of the schedule, ISO 8601' },
  'faas.coldstart': { type: 'boolean', description: 'first run of this execution environment' },
  'faas.invocation_id': { type: 'string', description: 'request id of the run' },
  'faas.instance': { type: 'string', description: 'log stream of the execution environment' },
  'rpc.system.name': { type: 'string', values: ['aws-api'], description: 'kind of the called API' },
  'rpc.method': { type: 'string', description: 'called method, as SSM/SendCommand' },
  'aws.request_id': { type: 'string', description: 'request id of the call' },
  'vtepwatch.table': { type: 'string', values: TABLES, description: 'kernel table' },
  'vtepwatch.tables': {
    type: 'string[]',
    values: TABLES,
    description: 'kernel tables with a fault',
  },
  'vtepwatch.node.state': { type: 'string', values: NODE_STATES, description: 'verdict on a node' },
  'vtepwatch.cause': { type: 'string', values: CAUSES, description: 'what is wrong' },
  'vtepwatch.scope': { type: 'string', values: SCOPES, description: 'smallest cover of the fault' },
  'vtepwatch.severity': {
    type: 'string',
    values: SEVERITIES,
    description: 'severity of the fault',
  },
  'vtepwatch.incident.id': { type: 'string', description: 'key of the incident and of its pages' },
  'vtepwatch.incident.duration': { type: 'double', description: 'how long it was open, in s' },
  'vtepwatch.incident.previous_missing_peers': { type: 'int', description: 'before the update' },
  'vtepwatch.checked_peers': { type: 'int', description: 'peers that could be judged' },
  'vtepwatch.missing_peers': { type: 'int', description: 'peers with a fault, of those judged' },
  'vtepwatch.peer.names': {
    type: 'string[]',
    description: 'peers with a fault, at most 20 of them',
  },
  'vtepwatch.vtep.tunnel_ip': { type: 'string', description: "address of the node's VXLAN device" },
  'vtepwatch.vtep.mac': { type: 'string', description: "MAC of the node's VXLAN device" },
  'vtepwatch.action': { type: 'string', values: ACTIONS, description: 'what the hosts were asked' },
  'vtepwatch.command.id': { type: 'string', description: 'SSM command id' },
  'vtepwatch.host.count': { type: 'int', description: 'hosts that were asked or judged' },
  'vtepwatch.host.failures': { type: 'int', description: 'hosts without a usable answer' },
  'vtepwatch.incident.count': { type: 'int', description: 'open incidents' },
} as const satisfies Record<string, AttributeDefinition>;

/** What a run's metrics may cost a backend, whatever it finds. */
export const SERIES_MAX = { node: 7, master: 2, cluster: 30 } as const;

/** How many causes have a series at one time: those with the most incidents. */
export const CAUSE_SERIES_MAX = 12;

export const METRICS = {
  'vtepwatch.node.missing_peers': {
    unit: '{peer}',
    per: 'node',
    description:
      "Checked peers without a correct entry for this node's VTEP; not sent for a node that could not be judged",
    attributes: ['k8s.cluster.name', 'k8s.node.name', 'vtepwatch.table'],
  },
  'vtepwatch.node.lost_peers': {
    unit: '{peer}',
    per: 'node',
    description:
      "Peers that this node's own open incidents cut it off from; 0 for those who lost a broken node",
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.checked_peers': {
    unit: '{peer}',
    per: 'node',
    description: 'Peers with which this node could be judged; 0 means unknown, not healthy',
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.ghost_entries': {
    unit: '{entry}',
    per: 'node',
    description:
      'Entries on this node for VTEPs of no live node; not sent for a node that could not be judged',
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.count': {
    unit: '{node}',
    per: 'cluster',
    description: 'Nodes by verdict; every verdict is always sent, and they add up to the cluster',
    attributes: ['k8s.cluster.name', 'vtepwatch.node.state'],
  },
  'vtepwatch.control_plane.response_time': {
    unit: 's',
    per: 'master',
    description:
      'Wall time of kubectl get nodes on this master, against its own API server; at least so long, where it still waits',
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.control_plane.reachable': {
    unit: '{node}',
    per: 'master',
    description: "1 when this master's own API server answered, 0 when it failed or took a minute",
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.incident.active': {
    unit: '{incident}',
    per: 'cluster',
    description: 'Open incidents by severity; every severity is always sent',
    attributes: ['k8s.cluster.name', 'vtepwatch.severity'],
  },
  'vtepwatch.cause.incidents': {
    unit: '{incident}',
    per: 'cluster',
    seriesMax: CAUSE_SERIES_MAX,
    description:
      'Open incidents of one cause; sent while there are any, and with 0 by the run that resolves the last',
    attributes: ['k8s.cluster.name', 'vtepwatch.cause'],
  },
  'vtepwatch.check.duration_last': {
    unit: 's',
    per: 'cluster',
    description: 'How long the last run took',
    attributes: ['k8s.cluster.name'],
  },
  'vtepwatch.check.last_success.timestamp': {
    unit: 's',
    per: 'cluster',
    description: 'Unix time of the last run that could judge the cluster',
    attributes: ['k8s.cluster.name'],
  },
  'vtepwatch.command.failures': {
    unit: '{node}',
    per: 'cluster',
    description: 'Hosts without a usable answer in the last run; every reason is always sent',
    attributes: ['k8s.cluster.name', 'error.type'],
  },
  'vtepwatch.agent.orchestration_directories': {
    unit: '{directory}',
    per: 'cluster',
    description: 'Most command directories that the SSM agent keeps on any one host',
    attributes: ['k8s.cluster.name'],
  },
} as const satisfies Record<string, MetricDefinition>;

export type AttributeName = keyof typeof ATTRIBUTES;
export type MetricName = keyof typeof METRICS;

export interface AttributeDefinition {
  readonly type: 'string' | 'boolean' | 'int' | 'double' | 'string[]';
  readonly values?: readonly string[];
  readonly description: string;
}

export interface MetricDefinition {
  /** UCUM; an annotation in braces where things are counted. */
  readonly unit: string;
  /** What has series of its own; a master is a node as well. */
  readonly per: keyof typeof SERIES_MAX;
  /** Where fewer series are sent than the attributes have values. */
  readonly seriesMax?: number;
  readonly description: string;
  readonly attributes: readonly AttributeName[];
}
