import type { METRICS, MetricName } from '../../shared/contract/telemetry.ts';
import type { Matchers, Spelling } from './spelling.ts';

/** The attributes of a metric, as the table of telemetry has them. */
type AttributesOf<M extends MetricName> = (typeof METRICS)[M]['attributes'][number];

interface Reading<A extends string> {
  /** The labels that remain. */
  readonly by: readonly A[];
  readonly where?: Pick<Matchers, A & keyof Matchers>;
  /** How far back to look, as PromQL writes it. */
  readonly window: string;
}

/** Queries of the table's metrics in one spelling. */
export interface Queries {
  readonly spelling: Spelling;
  /** The newest value within the window. */
  readonly latest: Read;
  /** The smallest, and the largest. */
  readonly least: Read;
  readonly most: Read;
  /** The number of values, of all instances of the function. */
  readonly count: Read;
  readonly labels: (by: readonly (keyof Matchers)[]) => string;
}

type Read = <M extends MetricName>(metric: M, reading: Reading<AttributesOf<M>>) => string;

/**
 * Every query keeps only the labels that it names: `instance`, `job` and the version of the function
 * must not split one series, and one alert, into two.
 */
export function queriesIn(spelling: Spelling): Queries {
  const labels = (by: readonly (keyof Matchers)[]): string =>
    by.map((name) => spelling.label(name)).join(', ');
  const read =
    (aggregate: string, over: string): Read =>
    (metric, { by, where = {}, window }) =>
      `${aggregate} by (${labels(by)}) (${over}(${spelling.selector(metric, where)}[${window}]))`;
  return {
    spelling,
    latest: read('max', 'last_over_time'),
    least: read('min', 'min_over_time'),
    most: read('max', 'max_over_time'),
    count: read('sum', 'count_over_time'),
    labels,
  };
}
