import {
  type AttributeDefinition,
  type AttributeName,
  ATTRIBUTES,
  CONVENTIONS_VERSION,
  type EventDefinition,
  EVENTS,
  FAILED_SPAN_ATTRIBUTE,
  type MetricDefinition,
  METRICS,
  SERIES_MAX,
  type SpanDefinition,
  SPANS,
} from '../../shared/contract/telemetry.ts';
import { ALERT_NAMES, alertsOf, runbookSection } from './alerts.ts';
import { DEFAULT_OPTIONS, GENERATED, promDuration, WINDOW_RUNS } from './options.ts';
import { queriesIn } from './queries.ts';
import { labelValue, UNDERSCORES } from './spelling.ts';

/** docs/telemetry.md: the table of telemetry, and the alerts that are made from it. */
export function telemetryDocument(): string {
  return `${[
    `<!-- ${GENERATED} -->`,
    '# Telemetry',
    INTRODUCTION,
    '## Metrics',
    metricsTable(),
    seriesSentence(),
    '## Events',
    EVENTS_INTRODUCTION,
    eventsTable(),
    '## Spans',
    SPANS_INTRODUCTION,
    spansTable(),
    '## Attributes',
    attributesTable(),
    '## Alerts',
    alertsIntroduction(),
    alertsTable(),
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `The function sends this telemetry to your OTLP backend at the end of every run. [monitoring.md](monitoring.md) describes
how to load the rules and the dashboard, and [backends.md](backends.md) how to reach your backend. Names without the prefix
\`vtepwatch.\` are those of OpenTelemetry's semantic conventions, version ${CONVENTIONS_VERSION}.

Every metric is a gauge, which all backends store unchanged. The series of a node, a master or a cause ends when it is
gone. The name of the cluster is on every point, and so is the name of the node if the point is about a node: many backends
drop the resource's attributes from series.`;

const EVENTS_INTRODUCTION = `Events are log records with an event name. The body is one sentence for people. A later run sends the events that this one
could not deliver. The function's own log also has a JSON line for each change.`;

const SPANS_INTRODUCTION = `One trace per invocation. A span whose work failed has the status Error, the message of the error, and the attribute
\`${FAILED_SPAN_ATTRIBUTE}\`. The span of an HTTP call has the host and port of the URL but not its path, which may be secret.
Calls that poll a command, read a secret or read the inventory have no spans.`;

function metricsTable(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(([name, metric]) => [
    code(name),
    code(UNDERSCORES.metric(name)),
    code(metric.unit),
    codes(metric.attributes),
    `${seriesOf(metric)} a ${metric.per}`,
    metric.description,
  ]);
  return table(['metric', 'in Prometheus', 'unit', 'attributes', 'series', 'what'], rows);
}

function seriesSentence(): string {
  const sums = (['node', 'master', 'cluster'] as const).map(
    (per) => `${seriesPer(per)} a ${per} (the limit is ${SERIES_MAX[per]})`,
  );
  return `A run sends at most ${sums.join(', ')} series, whatever it finds. There are no series for pairs of nodes.`;
}

function eventsTable(): string {
  const rows = Object.entries<EventDefinition>(EVENTS).map(([name, event]) => [
    code(name),
    codes(event.attributes),
    codes(event.optional),
    event.description,
  ]);
  return table(['event', 'attributes', 'where known', 'what'], rows);
}

function spansTable(): string {
  const rows = Object.entries<SpanDefinition>(SPANS).map(([name, span]) => [
    name === 'function' ? "the function's name" : code(name),
    span.kind,
    codes(span.attributes),
    codes(span.optional),
    span.description,
  ]);
  return table(['span', 'kind', 'attributes', 'where known', 'what'], rows);
}

function attributesTable(): string {
  const rows = Object.entries<AttributeDefinition>(ATTRIBUTES).map(([name, attribute]) => [
    code(name),
    code(attribute.type),
    codes(attribute.values ?? []),
    attribute.description,
  ]);
  return table(['attribute', 'type', 'values', 'what'], rows);
}

function alertsIntroduction(): string {
  const schedule = promDuration(DEFAULT_OPTIONS.scheduleSeconds);
  return `The committed rules are for a schedule of ${schedule}: every window is a number of runs. A value counts for ${WINDOW_RUNS} runs, so an alert
does not resolve when the telemetry of one run is lost. Alerts about incidents fire at once, because vtepwatch has read the hosts
twice before it opens an incident. Slow masters and hosts without an answer are measured once per run, and their alerts wait for
a second run.`;
}

function alertsTable(): string {
  const alerts = alertsOf(queriesIn(UNDERSCORES), DEFAULT_OPTIONS);
  const rows = ALERT_NAMES.map((name) => {
    const { severity, summary } = alerts[name];
    const link = `[${name}](../${runbookSection(name)})`;
    return [link, severity, withoutTemplates(summary)];
  });
  return table(['alert', 'severity', 'summary'], rows);
}

/** `{{ $labels.k8s_node_name }}` becomes NODE. */
function withoutTemplates(text: string): string {
  return text
    .replaceAll(labelValue('k8s.cluster.name'), 'CLUSTER')
    .replaceAll(labelValue('k8s.node.name'), 'NODE')
    .replaceAll(labelValue('vtepwatch.cause'), 'CAUSE');
}

type Per = MetricDefinition['per'];

/** The largest number of series of one metric, for one node, one master or the cluster. */
function seriesOf(metric: MetricDefinition): number {
  const combinations = metric.attributes.map(valuesOf).reduce((all, values) => all * values, 1);
  return metric.seriesMax ?? combinations;
}

/** The largest number of series of all metrics together. */
export function seriesPer(per: Per): number {
  return Object.values<MetricDefinition>(METRICS)
    .filter((metric) => metric.per === per)
    .reduce((sum, metric) => sum + seriesOf(metric), 0);
}

/** Names of clusters and nodes have no list of values: the series are counted for one of them. */
function valuesOf(name: AttributeName): number {
  const { values }: AttributeDefinition = ATTRIBUTES[name];
  return values?.length ?? 1;
}

/** A Markdown table with aligned columns, as the formatter writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head), line([], '-'), ...rows.map((row) => line(row))].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}
