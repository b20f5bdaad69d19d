import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { boardOf } from './dashboard/board.ts';
import { clusters } from './dashboard/clusters.ts';
import { coverage, runs } from './dashboard/coverage.ts';
import { masters, nodes } from './dashboard/nodes.ts';
import { DATA_SOURCE } from './dashboard/panels.ts';
import { incidents, verdict } from './dashboard/verdict.ts';
import { GENERATED, type MonitoringOptions } from './options.ts';
import type { Queries } from './queries.ts';

/** From top to bottom. */
const SECTIONS = [clusters, verdict, nodes, masters, incidents, coverage, runs];

/** The dashboard as Grafana imports it: classic JSON, with the data source and the cluster to choose. */
export function dashboardFile(
  uid: string,
  { queries, options }: { readonly queries: Queries; readonly options: MonitoringOptions },
): string {
  const board = boardOf(queries, options);
  const builder = new dashboard.DashboardBuilder('vtepwatch')
    .uid(uid)
    .description(
      `Whether every node's kernel has correct entries for the VTEP of every other node. ${GENERATED}`,
    )
    .tags(['vtepwatch', 'kubernetes', 'vxlan'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    )
    .withVariable(clusterVariable(queries, options))
    .link(runbookLink(options));
  for (const section of SECTIONS) {
    const { title, panels } = section(board);
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  for (const [at, panel] of (built.panels ?? []).entries()) panel.id = at + 1;
  return `${JSON.stringify(built, undefined, 2)}\n`;
}

/** `label_values` does not take names in quotes; a query's result does, in either spelling. */
function clusterVariable(
  { known }: Queries,
  { memory }: MonitoringOptions,
): dashboard.QueryVariableBuilder {
  const query = known('vtepwatch.node.count', { by: ['k8s.cluster.name'], window: memory });
  const variable = new dashboard.QueryVariableBuilder('cluster')
    .label('Cluster')
    .datasource(DATA_SOURCE)
    .query({ query: `query_result(${query})`, refId: 'clusters' })
    .regex('/="([^"]+)"/')
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged);
  variable.sort(dashboard.VariableSort.AlphabeticalAsc);
  return variable;
}

function runbookLink({ runbookBase }: MonitoringOptions): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder('Runbook')
    .type(dashboard.DashboardLinkType.Link)
    .url(`${runbookBase}RUNBOOK.md`)
    .targetBlank(true);
}
