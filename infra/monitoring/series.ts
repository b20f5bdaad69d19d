import {
  ATTRIBUTES,
  type AttributeDefinition,
  type AttributeName,
  METRICS,
  type MetricDefinition,
} from '../../shared/contract/telemetry.ts';

type Per = MetricDefinition['per'];

/** How many series one metric can have for one node, one master, or the whole cluster. */
export function seriesOf(metric: MetricDefinition): number {
  const combinations = metric.attributes.map(valuesOf).reduce((all, values) => all * values, 1);
  return metric.seriesMax ?? combinations;
}

/** How many all metrics together can have. */
export function seriesPer(per: Per): number {
  return Object.values<MetricDefinition>(METRICS)
    .filter((metric) => metric.per === per)
    .reduce((sum, metric) => sum + seriesOf(metric), 0);
}

/** The names of clusters and nodes have no list: it is for one of them that the series are counted. */
function valuesOf(name: AttributeName): number {
  const { values }: AttributeDefinition = ATTRIBUTES[name];
  return values?.length ?? 1;
}
