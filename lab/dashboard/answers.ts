import type { Range, Series } from '../backend/prometheus-api.ts';
import type { VictoriaMetrics } from '../backend/victoria-metrics.ts';
import type { Panel, Target } from './panels.ts';

/** A panel with what its queries found. */
export interface AnsweredPanel {
  readonly panel: Panel;
  /** One for each query, in their order. */
  readonly answers: readonly (readonly NamedSeries[])[];
}

export interface NamedSeries extends Series {
  /** As the legend names it. */
  readonly name: string;
}

/** Asks a panel's queries as Grafana does: at the end of the range, or over all of it. */
export async function answer(
  panel: Panel,
  database: VictoriaMetrics,
  range: Range,
): Promise<AnsweredPanel> {
  if (panel.type === 'row') return { panel, answers: [] };
  const answers = await Promise.all(
    panel.targets.map(async (target) => {
      const series = target.instant
        ? await database.query(target.expr, range.to)
        : await database.queryRange(target.expr, range);
      return series.map((one) => ({ ...one, name: nameOf(one, target) }));
    }),
  );
  return { panel, answers };
}

function nameOf({ labels }: Series, { legend }: Target): string {
  return legend.replaceAll(/\{\{(.+?)\}\}/g, (_, label: string) => labels[label] ?? '');
}
