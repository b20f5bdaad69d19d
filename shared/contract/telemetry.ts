import { CAUSES, SCOPES, SEVERITIES, TABLES } from './causes.ts';
import { INCIDENT_REASONS } from './incident-reasons.ts';
import { ACTIONS } from './probe.ts';

/**
 * Everything that the function sends to an OTLP backend, in one table: metrics, events and spans with
 * their attributes. The function sends by it; the document, the alert rules and the dashboard are
 * generated from it. Names that OpenTelemetry's semantic conventions define are used as they stand
 * there; all others begin with `vtepwatch.`.
 */

/** Version of the semantic conventions: that of the package `@opentelemetry/semantic-conventions`. */
export const CONVENTIONS_VERSION = '1.45.0';

/** Instrumentation scope of all records, and the service's name unless the environment sets one. */
export const TELEMETRY_SCOPE = 'vtepwatch';

/** `isolated`: cut off from at least half of the nodes that were checked with it. */
export const NODE_STATES = ['ok', 'degraded', 'isolated', 'unknown'] as const;

export type NodeState = (typeof NODE_STATES)[number];

/** Why a host gave no usable answer, or a call failed. `_OTHER` is the conventions' word for the rest. */
export const ERROR_TYPES = [
  'timeout',
  'undeliverable',
  'access_denied',
  'bad_output',
  '_OTHER',
] as const;

export type ErrorType = (typeof ERROR_TYPES)[number];

/** How many series the metrics of a run may have at most. */
export const SERIES_MAX = { node: 7, master: 2, cluster: 60 } as const;

/** How many causes have a series at one time: those with the most incidents. */
export const CAUSE_SERIES_MAX = 12;

/** Gauges only: every backend stores them unchanged. No metric has an attribute for a pair of nodes. */
export const METRICS = {
  'vtepwatch.node.missing_peers': {
    unit: '{peer}',
    per: 'node',
    description:
      "Checked nodes without a correct entry for this node's VTEP; not sent for a node that was not checked",
    attributes: ['k8s.cluster.name', 'k8s.node.name', 'vtepwatch.table'],
  },
  'vtepwatch.node.lost_peers': {
    unit: '{peer}',
    per: 'node',
    description:
      "Nodes that this node's own open incidents cut it off from; 0 for nodes that lost a broken one",
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.checked_peers': {
    unit: '{peer}',
    per: 'node',
    description: 'Nodes that were checked with this one; 0 means unknown, not healthy',
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.ghost_entries': {
    unit: '{entry}',
    per: 'node',
    description:
      'Entries on this node for VTEPs of no live node; not sent for a node that was not checked',
    attributes: ['k8s.cluster.name', 'k8s.node.name'],
  },
  'vtepwatch.node.count': {
    unit: '{node}',
    per: 'cluster',
    description: 'Nodes by state; every state is always sent, and they add up to the cluster',
    attributes: ['k8s.cluster.name', 'vtepwatch.node.state'],
  },
  'vtepwatch.control_plane.response_time': {
    unit: 's',
    per: 'master',
    description:
      'Time of kubectl get nodes on this master, against its own API server; a lower bound while it waits',
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
  'vtepwatch.cause.nodes': {
    unit: '{node}',
    per: 'cluster',
    seriesMax: CAUSE_SERIES_MAX,
    description:
      'Nodes that the open incidents of one cause cut off from others; sent as vtepwatch.cause.incidents is',
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
    description: 'Unix time of the last run that could check enough pairs of nodes',
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

const REASONS = Object.keys(INCIDENT_REASONS);

const INCIDENT = {
  attributes: [
    'k8s.cluster.name',
    'vtepwatch.incident.id',
    'vtepwatch.cause',
    'vtepwatch.scope',
    'vtepwatch.incident.reason',
    'vtepwatch.severity',
    'vtepwatch.tables',
    'vtepwatch.checked_peers',
    'vtepwatch.missing_peers',
    'vtepwatch.peer.names',
  ],
  // A fault of the whole cluster is about no single node.
  optional: [
    'k8s.node.name',
    'network.peer.address',
    'vtepwatch.vtep.tunnel_ip',
    'vtepwatch.vtep.mac',
  ],
} as const;

/** Log records with an event name: changes of incidents, and runs that failed. */
export const EVENTS = {
  'vtepwatch.incident.opened': { description: 'A fault was confirmed', ...INCIDENT },
  'vtepwatch.incident.updated': {
    description: 'An open fault grew, shrank or changed its severity or cause',
    attributes: [
      ...INCIDENT.attributes,
      'vtepwatch.incident.previous_missing_peers',
      'vtepwatch.incident.previous_severity',
      'vtepwatch.incident.previous_cause',
    ],
    optional: INCIDENT.optional,
  },
  'vtepwatch.incident.resolved': {
    description: 'A fault is gone',
    attributes: [
      'k8s.cluster.name',
      'vtepwatch.incident.id',
      'vtepwatch.cause',
      'vtepwatch.scope',
      'vtepwatch.incident.reason',
      'vtepwatch.severity',
      'vtepwatch.checked_peers',
      'vtepwatch.missing_peers',
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

const SSM_CALL = {
  kind: 'client',
  attributes: ['rpc.system.name', 'rpc.method'],
  optional: ['aws.request_id', 'vtepwatch.command.id'],
} as const;

const DYNAMODB_CALL = {
  kind: 'client',
  attributes: [
    'rpc.system.name',
    'rpc.method',
    'db.system.name',
    'db.operation.name',
    'db.collection.name',
  ],
  optional: ['aws.request_id'],
} as const;

/** Of the called URL only host and port are sent: its path may be a secret. */
const HTTP_CALL = {
  kind: 'client',
  attributes: ['http.request.method', 'server.address', 'server.port'],
  optional: ['http.response.status_code'],
} as const;

/** What every span has whose work failed, beside the status Error; no other span has it. */
export const FAILED_SPAN_ATTRIBUTE = 'error.type';

/** One trace for each invocation. Calls that only ask how far a command has come have no spans. */
export const SPANS = {
  /** On the wire this span has the function's own name. */
  function: {
    kind: 'server',
    description: 'One invocation, up to the flush',
    attributes: [
      'faas.trigger',
      'faas.coldstart',
      'faas.invocation.id',
      'faas.invocation.start_time',
    ],
    optional: ['faas.instance', 'aws.lambda.invoked_arn'],
  },
  'vtepwatch.check': {
    kind: 'internal',
    description: 'One run: gather, decide, act',
    attributes: ['k8s.cluster.name'],
    optional: ['vtepwatch.host.count', 'vtepwatch.incident.count'],
  },
  'vtepwatch.collect': {
    kind: 'internal',
    description: 'One question to the hosts, until the last answer that was waited for',
    attributes: ['vtepwatch.action'],
    optional: ['vtepwatch.host.count', 'vtepwatch.host.failures'],
  },
  'vtepwatch.second_look': {
    kind: 'internal',
    description: 'The wait before a second look at new faults, and that look at their hosts',
    attributes: ['vtepwatch.host.count'],
    optional: [],
  },
  'vtepwatch.evaluate': {
    kind: 'internal',
    description: 'From the first answers to the decision, with what else had to be asked',
    attributes: ['vtepwatch.host.count'],
    optional: ['vtepwatch.incident.reasons'],
  },
  'SSM.SendCommand': { description: 'A command was sent to hosts', ...SSM_CALL },
  'SSM.ListCommandInvocations': { description: 'Answers of up to 50 hosts', ...SSM_CALL },
  'SSM.GetCommandInvocation': { description: 'The long answer of one host', ...SSM_CALL },
  'DynamoDB.GetItem': { description: 'Incidents or memory were read', ...DYNAMODB_CALL },
  'DynamoDB.PutItem': { description: 'Lease, incidents or memory were written', ...DYNAMODB_CALL },
  'DynamoDB.UpdateItem': { description: 'The lease was released', ...DYNAMODB_CALL },
  'SNS.Publish': {
    kind: 'producer',
    description: 'A page was published',
    attributes: [
      'rpc.system.name',
      'rpc.method',
      'messaging.system.name',
      'messaging.operation.name',
      'messaging.operation.type',
      'messaging.destination.name',
    ],
    optional: ['aws.request_id', 'aws.sns.topic.arn'],
  },
  'POST pagerduty': { description: 'A page was sent to PagerDuty', ...HTTP_CALL },
  'POST webhook': { description: 'A page was posted to the webhook', ...HTTP_CALL },
  'GET /api/v1/nodes': { description: 'Up to 500 nodes were listed', ...HTTP_CALL },
  'GET /apis/apps/v1/daemonsets': {
    description: 'Up to 500 DaemonSets of a namespace of the CNI were listed',
    ...HTTP_CALL,
  },
} as const satisfies Record<string, SpanDefinition>;

/** `values` is there where no other value is ever sent. */
export const ATTRIBUTES = {
  'k8s.cluster.name': { type: 'string', description: 'the monitored cluster' },
  'k8s.node.name': { type: 'string', description: 'the node that the record is about' },
  'error.type': { type: 'string', values: ERROR_TYPES, description: 'what kind of failure' },
  'exception.type': { type: 'string', description: 'name of the error' },
  'exception.message': { type: 'string', description: 'message of the error' },
  'exception.stacktrace': { type: 'string', description: 'where the error was thrown' },
  'network.peer.address': { type: 'string', description: "underlay IP of the node's VTEP" },
  'faas.trigger': {
    type: 'string',
    values: ['timer', 'other'],
    description: 'what started the invocation: the schedule, or a person who wants a test page',
  },
  'faas.coldstart': { type: 'boolean', description: 'first run of this execution environment' },
  'faas.invocation.id': { type: 'string', description: 'request id of the invocation' },
  'faas.invocation.start_time': { type: 'string', description: 'when it began, ISO 8601 in UTC' },
  'faas.instance': { type: 'string', description: 'log stream of the execution environment' },
  'aws.lambda.invoked_arn': { type: 'string', description: 'ARN by which the function was called' },
  'aws.sns.topic.arn': { type: 'string', description: 'ARN of the topic' },
  'rpc.system.name': { type: 'string', values: ['aws-api'], description: 'kind of the called API' },
  'rpc.method': { type: 'string', description: 'called method, as SSM/SendCommand' },
  'aws.request_id': { type: 'string', description: 'request id of the call' },
  'db.system.name': { type: 'string', values: ['aws.dynamodb'], description: 'kind of database' },
  'db.operation.name': { type: 'string', description: 'called operation, as GetItem' },
  'db.collection.name': { type: 'string', description: 'name of the table' },
  'messaging.system.name': { type: 'string', values: ['aws.sns'], description: 'kind of broker' },
  'messaging.operation.name': {
    type: 'string',
    values: ['publish'],
    description: "the operation in the broker's words",
  },
  'messaging.operation.type': {
    type: 'string',
    values: ['send'],
    description: "the operation in the conventions' words",
  },
  'messaging.destination.name': { type: 'string', description: 'name of the topic' },
  'http.request.method': { type: 'string', values: ['GET', 'POST'], description: 'HTTP method' },
  'http.response.status_code': { type: 'int', description: 'HTTP status of the answer' },
  'server.address': { type: 'string', description: 'host that was called, without the path' },
  'server.port': { type: 'int', description: 'port that was called' },
  'vtepwatch.table': { type: 'string', values: TABLES, description: 'kernel table' },
  'vtepwatch.tables': {
    type: 'string[]',
    values: TABLES,
    description: 'kernel tables with a fault',
  },
  'vtepwatch.node.state': { type: 'string', values: NODE_STATES, description: 'state of a node' },
  'vtepwatch.cause': { type: 'string', values: CAUSES, description: 'what is wrong' },
  'vtepwatch.scope': { type: 'string', values: SCOPES, description: 'smallest cover of the fault' },
  'vtepwatch.severity': {
    type: 'string',
    values: SEVERITIES,
    description: 'severity of the fault',
  },
  'vtepwatch.incident.id': { type: 'string', description: 'key of the incident and of its pages' },
  'vtepwatch.incident.reason': {
    type: 'string',
    values: REASONS,
    description: 'why a run did with an incident what it did',
  },
  'vtepwatch.incident.reasons': {
    type: 'string[]',
    values: REASONS,
    description: 'of all incidents of the run, each once',
  },
  'vtepwatch.incident.duration': { type: 'double', description: 'how long it was open, in s' },
  'vtepwatch.incident.previous_missing_peers': { type: 'int', description: 'before the update' },
  'vtepwatch.incident.previous_severity': {
    type: 'string',
    values: SEVERITIES,
    description: 'before the update',
  },
  'vtepwatch.incident.previous_cause': {
    type: 'string',
    values: CAUSES,
    description: 'before the update',
  },
  'vtepwatch.checked_peers': { type: 'int', description: 'nodes that were checked' },
  'vtepwatch.missing_peers': { type: 'int', description: 'nodes with the fault, of those checked' },
  'vtepwatch.peer.names': { type: 'string[]', description: 'nodes with the fault, at most 20' },
  'vtepwatch.vtep.tunnel_ip': { type: 'string', description: "address of the node's VXLAN device" },
  'vtepwatch.vtep.mac': { type: 'string', description: "MAC of the node's VXLAN device" },
  'vtepwatch.action': { type: 'string', values: ACTIONS, description: 'what the hosts were asked' },
  'vtepwatch.command.id': { type: 'string', description: 'SSM command id' },
  'vtepwatch.host.count': { type: 'int', description: 'hosts that were asked or checked' },
  'vtepwatch.host.failures': { type: 'int', description: 'hosts without a usable answer' },
  'vtepwatch.incident.count': { type: 'int', description: 'open incidents' },
} as const satisfies Record<string, AttributeDefinition>;

export type MetricName = keyof typeof METRICS;
type EventName = keyof typeof EVENTS;
export type SpanName = keyof typeof SPANS;
export type AttributeName = keyof typeof ATTRIBUTES;

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

export interface EventDefinition {
  readonly description: string;
  readonly attributes: readonly AttributeName[];
  /** Not on every record. */
  readonly optional: readonly AttributeName[];
}

export interface SpanDefinition extends EventDefinition {
  readonly kind: 'server' | 'client' | 'producer' | 'internal';
}

export interface AttributeDefinition {
  readonly type: keyof AttributeTypes;
  readonly values?: readonly string[];
  readonly description: string;
}

interface AttributeTypes {
  readonly string: string;
  readonly boolean: boolean;
  readonly int: number;
  readonly double: number;
  readonly 'string[]': readonly string[];
}

/** One value of one metric. The type holds the metric's own attributes, all of them. */
export type Point = { readonly [M in MetricName]: PointOf<M> }[MetricName];

/** OpenTelemetry's severity numbers 9, 13, 17 and 21. */
export type EventSeverity = 'info' | 'warn' | 'error' | 'fatal';

/** One event; `body` is one sentence for people, everything a program needs is an attribute. */
export type TelemetryEvent = { readonly [E in EventName]: EventOf<E> }[EventName];

export type SpanAttributes<S extends SpanName> = Every<(typeof SPANS)[S]['attributes'][number]> &
  SpanOptions<S>;

/** Attributes of a span that may become known while its work is under way. */
export type SpanOptions<S extends SpanName> = Some<
  (typeof SPANS)[S]['optional'][number] | typeof FAILED_SPAN_ATTRIBUTE
>;

interface PointOf<M extends MetricName> {
  readonly metric: M;
  readonly value: number;
  readonly attributes: Every<(typeof METRICS)[M]['attributes'][number]>;
}

interface EventOf<E extends EventName> {
  readonly event: E;
  readonly severity: EventSeverity;
  readonly body: string;
  readonly attributes: Every<(typeof EVENTS)[E]['attributes'][number]> &
    Some<(typeof EVENTS)[E]['optional'][number]>;
}

type Every<A extends AttributeName> = { readonly [K in A]: AttributeValue<K> };
type Some<A extends AttributeName> = { readonly [K in A]?: AttributeValue<K> | undefined };

type AttributeValue<A extends AttributeName> = (typeof ATTRIBUTES)[A] extends {
  readonly type: infer T;
  readonly values: readonly (infer V)[];
}
  ? T extends 'string[]'
    ? readonly V[]
    : V
  : AttributeTypes[(typeof ATTRIBUTES)[A]['type']];
