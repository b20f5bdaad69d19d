import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';

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

const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z._default(
        z.array(z.object({ expr: z.string(), instant: z._default(z.boolean(), false) })),
        [],
      ),
    }),
  ),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
});

const variableSchema = z.object({ query: z.string().check(z.regex(/^query_result\(.*\)$/)) });

/** The queries of a dashboard, for one choice of its variable `cluster`. */
export async function dashboardQueries(file: string, cluster: string): Promise<DashboardQueries> {
  const { panels, templating } = dashboardSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const variable = templating.list.find(({ name }) => name === 'cluster')?.query;
  return {
    panels: panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, instant }) => ({
        panel: title,
        promql: expr.replaceAll('$cluster', cluster),
        instant,
      })),
    ),
    clusters: variableSchema.parse(variable).query.replace(/^query_result\((.*)\)$/, '$1'),
  };
}
