import type { METRICS, MetricName } from '../../shared/contract/telemetry.ts';
import { labelOf, type Matchers, type Spelling } from './spelling.ts';

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
  /** The value that 95 of 100 values within the window do not exceed. */
  readonly quantile95: Read;
  /** 1 wherever there was any value. */
  readonly known: Read;
  readonly labels: (by: readonly (keyof Matchers)[]) => string;
}

type Read = <M extends MetricName>(metric: M, reading: Reading<AttributesOf<M>>) => string;

/**
 * Every query keeps only the labels that it names: `instance`, `job` and the version of the function
 * must not split one series, and one alert, into two.
 */
export function queriesIn(spelling: Spelling): Queries {
  const read =
    (aggregate: string, over: string, more = ''): Read =>
    (metric, { by, where = {}, window }) => {
      const values = `${over}(${more}${spelling.selector(metric, where)}[${window}])`;
      return `${aggregate} by (${labels(by)}) (${spelling.relabelled(by, values)})`;
    };
  return {
    spelling,
    latest: read('max', 'last_over_time'),
    least: read('min', 'min_over_time'),
    most: read('max', 'max_over_time'),
    count: read('sum', 'count_over_time'),
    quantile95: read('max', 'quantile_over_time', '0.95, '),
    known: read('group', 'last_over_time'),
    labels,
  };
}

function labels(by: readonly (keyof Matchers)[]): string {
  return by.map((name) => labelOf(name)).join(', ');
}
