import {
  type AttributeDefinition,
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
import { ALERT_NAMES, alertsOf, runbookUrl } from './alerts.ts';
import { GENERATED } from './generated.ts';
import { code, codes, table } from './markdown.ts';
import { DEFAULT_OPTIONS, promDuration, WINDOW_RUNS } from './options.ts';
import { queriesIn } from './queries.ts';
import { seriesOf, seriesPer } from './series.ts';
import { UNDERSCORES } from './spelling.ts';

/** docs/telemetry.md: the table of telemetry for people, and the alerts that are made from it. */
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

const INTRODUCTION = `What the function sends to an OTLP backend at the end of every run. [monitoring.md](monitoring.md) says how to load the
rules and the dashboard, [backends.md](backends.md) how to reach a backend. Names that do not begin with \`vtepwatch.\` are
those of OpenTelemetry's semantic conventions, version ${CONVENTIONS_VERSION}.

Every metric is a gauge, which all backends store unchanged. A node, a master or a cause that is gone is not sent again:
its series ends. Every point has the cluster, and the node where it is about one, because many backends keep no attribute
of a resource on a series.`;

const EVENTS_INTRODUCTION = `Log records with an event name; the body is one sentence for people. What a flush could not deliver goes out with a later
run. The function's own log has a JSON line for each change as well.`;

const SPANS_INTRODUCTION = `One trace for each invocation. A span whose work failed has the status Error and the attribute \`${FAILED_SPAN_ATTRIBUTE}\`;
its message is that of the error. Of a called URL host and port are sent, and no path: it may be a secret. Calls that only
ask how far a command has come, and those that read a secret or the inventory, have no spans.`;

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
    (per) => `${seriesPer(per)} a ${per} (of the ${SERIES_MAX[per]} that it may)`,
  );
  return `A run sends at most ${sums.join(', ')}, whatever it finds. No series is for a pair of nodes.`;
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
  return `As committed, for a schedule of ${schedule}: every window is so many runs. A value counts for ${WINDOW_RUNS} runs, so that one run whose
telemetry was lost ends no alert. An incident was looked at twice before it is open: its alerts wait for nothing more.
What is measured once a run, a slow master or hosts without an answer, waits for a second run that says the same.`;
}

function alertsTable(): string {
  const alerts = alertsOf(queriesIn(UNDERSCORES), DEFAULT_OPTIONS);
  const rows = ALERT_NAMES.map((name) => {
    const { severity, summary } = alerts[name];
    const link = `[${name}](../${runbookUrl(name, DEFAULT_OPTIONS)})`;
    return [link, severity, withoutTemplates(summary)];
  });
  return table(['alert', 'severity', 'says'], rows);
}

/** `{{ $labels.k8s_node_name }}` becomes NODE, `{{ $value | humanize }}` becomes N. */
function withoutTemplates(text: string): string {
  return text
    .replaceAll(UNDERSCORES.labelValue('k8s.cluster.name'), 'CLUSTER')
    .replaceAll(UNDERSCORES.labelValue('k8s.node.name'), 'NODE')
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, 'N');
}
