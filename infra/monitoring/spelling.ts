import {
  type AttributeName,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '../../shared/contract/telemetry.ts';

/** How a backend that speaks PromQL spells what it was sent over OTLP. */
export interface Spelling {
  /** Takes any name, and gives the unit's suffix to those of the table. */
  readonly metric: (name: string) => string;
  /** Metric and matchers, ready for a window: `up{job="a"}`. */
  readonly selector: (name: MetricName, matchers: Matchers) => string;
  /** A label as it stands in `by (…)` and `on (…)`. */
  readonly label: (name: AttributeName) => string;
  /** A label's value in an alert's annotation. */
  readonly labelValue: (name: AttributeName) => string;
  /** A label as Grafana names the field of a table, and in double braces the text of a legend. */
  readonly field: (name: AttributeName) => string;
  readonly legend: (name: AttributeName) => string;
}

/** Values that labels must have. */
export type Matchers = Readonly<Partial<Record<AttributeName, string>>>;

/**
 * Prometheus' own translation of OTLP (`UnderscoreEscapingWithSuffixes`, its default; Grafana Cloud's,
 * Mimir's with `otel_metric_suffixes_enabled`, and VictoriaMetrics' with
 * `-opentelemetry.usePrometheusNaming`): what is neither letter nor digit becomes an underscore, and
 * the unit is put behind the name. A unit in braces only says what is counted, and is left out.
 */
export const UNDERSCORES: Spelling = spelledAs(underscored);

/**
 * The same without units: Mimir unless `otel_metric_suffixes_enabled` is set, and Prometheus with
 * `UnderscoreEscapingWithoutSuffixes`.
 */
export const UNITLESS: Spelling = spelledAs(escaped);

/**
 * OpenTelemetry's names as they stand, which PromQL takes in quotes since Prometheus 3: CloudWatch,
 * Prometheus with `NoTranslation`. VictoriaMetrics keeps them unless told otherwise; 1.145 takes labels
 * in quotes, 1.112 does not.
 */
export const DOTTED: Spelling = {
  metric: (name) => name,
  selector: (name, matchers) => braced([quoted(name), ...matcherTexts(matchers, quoted)]),
  label: quoted,
  labelValue: (name) => `{{ index $labels ${quoted(name)} }}`,
  field: (name) => name,
  legend: (name) => `{{${name}}}`,
};

/** UCUM's `s` is the only unit of the table that is not an annotation. */
const UNIT_SUFFIXES: ReadonlyMap<string, string> = new Map([['s', '_seconds']]);

const UNITS = new Map<string, string>(
  Object.entries<MetricDefinition>(METRICS).map(([name, { unit }]) => [name, unit]),
);

function spelledAs(metric: (name: string) => string): Spelling {
  return {
    metric,
    selector: (name, matchers) => metric(name) + braced(matcherTexts(matchers, escaped)),
    label: escaped,
    labelValue: (name) => `{{ $labels.${escaped(name)} }}`,
    field: escaped,
    legend: (name) => `{{${escaped(name)}}}`,
  };
}

function underscored(name: string): string {
  return escaped(name) + (UNIT_SUFFIXES.get(UNITS.get(name) ?? '') ?? '');
}

function escaped(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9]+/g, '_');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function matcherTexts(matchers: Matchers, spell: (name: string) => string): readonly string[] {
  return Object.entries(matchers).map(([name, value]) => `${spell(name)}=${quoted(value)}`);
}

function braced(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
