import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { type MonitoringOptions, windowOf } from '../options.ts';
import type { Queries } from '../queries.ts';

/** What the queries of every panel need. */
export interface Board {
  readonly queries: Queries;
  readonly options: MonitoringOptions;
  /** How far back a value still counts as the newest. */
  readonly window: string;
  /** The cluster that is selected at the top. */
  readonly here: { readonly 'k8s.cluster.name': string };
}

/** A titled row of the dashboard and the panels below it. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

export function boardOf(queries: Queries, options: MonitoringOptions): Board {
  return {
    queries,
    options,
    window: windowOf(options),
    here: { 'k8s.cluster.name': '$cluster' },
  };
}
