import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { readDashboard } from '../../../lab/dashboard/panels.ts';

/** A query of a panel of Grafana's classic dashboard JSON. */
interface PanelQuery {
  readonly panel: string;
  readonly promql: string;
  /** Asked at one moment, not over a time. */
  readonly instant: boolean;
}

interface DashboardQueries {
  readonly panels: readonly PanelQuery[];
  /** What gives the clusters to choose from. */
  readonly clusters: string;
}

const variablesSchema = z.object({
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
});

const variableSchema = z.object({ query: z.string().check(z.regex(/^query_result\(.*\)$/)) });

/** The queries of a dashboard, for one choice of its variable `cluster`. */
export async function dashboardQueries(file: string, cluster: string): Promise<DashboardQueries> {
  const json = await readFile(file, 'utf8');
  const { templating } = variablesSchema.parse(JSON.parse(json));
  const variable = templating.list.find(({ name }) => name === 'cluster')?.query;
  return {
    panels: readDashboard(json, cluster).panels.flatMap((panel) =>
      panel.type === 'row'
        ? []
        : panel.targets.map(({ expr, instant }) => ({
            panel: panel.title,
            promql: expr,
            instant,
          })),
    ),
    clusters: variableSchema.parse(variable).query.replace(/^query_result\((.*)\)$/, '$1'),
  };
}
