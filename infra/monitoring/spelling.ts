import {
  type AttributeName,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '../../shared/contract/telemetry.ts';

/** The names that a backend with PromQL gives to what it received over OTLP. */
export interface Spelling {
  /** Any name; those in the table of telemetry get the suffix of their unit. */
  readonly metric: (name: string) => string;
  /** Metric and matchers, ready for a window: `up{job="a"}`. */
  readonly selector: (name: MetricName, matchers: Matchers) => string;
  /** A label in `by (…)` and `on (…)`. */
  readonly label: (name: AttributeName) => string;
  /** A label's value in an alert's annotation. */
  readonly labelValue: (name: AttributeName) => string;
  /** A label as the name of a field in Grafana's tables, and in the text of a legend. */
  readonly field: (name: AttributeName) => string;
  readonly legend: (name: AttributeName) => string;
}

/** Values that labels must have. */
export type Matchers = Readonly<Partial<Record<AttributeName, string>>>;

/**
 * Prometheus' own translation of OTLP (`UnderscoreEscapingWithSuffixes`, its default; Grafana Cloud's,
 * Mimir's with `otel_metric_suffixes_enabled`, and VictoriaMetrics' with
 * `-opentelemetry.usePrometheusNaming`): every character but letters and digits becomes an underscore,
 * and the unit is appended. A unit in braces only names what is counted, and is left out.
 */
export const UNDERSCORES: Spelling = spelledAs(underscored);

/**
 * The same without units: Mimir unless `otel_metric_suffixes_enabled` is set, and Prometheus with
 * `UnderscoreEscapingWithoutSuffixes`.
 */
export const UNITLESS: Spelling = spelledAs(escaped);

/**
 * OpenTelemetry's own names, which PromQL accepts in quotes since Prometheus 3: CloudWatch, Prometheus
 * with `NoTranslation`. VictoriaMetrics keeps them by default; 1.145 accepts labels in quotes, 1.112
 * does not.
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
