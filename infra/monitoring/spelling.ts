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
  /** A vector with `labelOf` these attributes, whatever the backend calls them. */
  readonly relabelled: (names: readonly AttributeName[], vector: string) => string;
}

/**
 * A label in the answer of every query, and so of every alert and panel. In all spellings it has
 * underscores: Alertmanager before 0.27 answers 400 to an alert whose label has dots, and does not start
 * with one in `group_by`.
 */
export function labelOf(name: string): string {
  return escaped(name);
}

/** A label's value in an alert's annotation. */
export function labelValue(name: AttributeName): string {
  return `{{ $labels.${labelOf(name)} }}`;
}

/** A label's value in the text of a legend. */
export function legendOf(name: AttributeName): string {
  return `{{${labelOf(name)}}}`;
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
export const DOTTED: Spelling = dottedAs((name) => name);

/** The same with units: Prometheus with `NoUTF8EscapingWithSuffixes`. */
export const DOTTED_UNITS: Spelling = dottedAs((name) => name + suffixOf(name));

/** UCUM's `s` is the only unit of the table that is not an annotation. */
const UNIT_SUFFIXES: ReadonlyMap<string, string> = new Map([['s', '_seconds']]);

const UNITS = new Map<string, string>(
  Object.entries<MetricDefinition>(METRICS).map(([name, { unit }]) => [name, unit]),
);

function spelledAs(metric: (name: string) => string): Spelling {
  return {
    metric,
    selector: (name, matchers) => metric(name) + braced(matcherTexts(matchers, escaped)),
    relabelled: (_, vector) => vector,
  };
}

function dottedAs(metric: (name: string) => string): Spelling {
  return {
    metric,
    selector: (name, matchers) => braced([quoted(metric(name)), ...matcherTexts(matchers, quoted)]),
    relabelled: (names, vector) =>
      names.reduce(
        (inner, name) =>
          `label_replace(${inner}, ${quoted(labelOf(name))}, "$1", ${quoted(name)}, "(.*)")`,
        vector,
      ),
  };
}

function underscored(name: string): string {
  return escaped(name) + suffixOf(name);
}

function suffixOf(name: string): string {
  return UNIT_SUFFIXES.get(UNITS.get(name) ?? '') ?? '';
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
