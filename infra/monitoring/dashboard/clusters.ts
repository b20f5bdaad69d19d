import { type NodeState } from '../../../shared/contract/telemetry.ts';
import { memoryInWords } from '../options.ts';
import { labelOf } from '../spelling.ts';
import type { Board, Section } from './board.ts';
import { table, type Column, type Steps } from './panels.ts';

/** All clusters, whichever is selected. */
export function clusters({ queries, options, window }: Board): Section {
  const by = ['k8s.cluster.name'] as const;
  const nodes = (title: string, state: NodeState, steps?: Steps): Column => ({
    title,
    ...(steps === undefined ? {} : { steps }),
    expr: queries.latest('vtepwatch.node.count', {
      by,
      where: { 'vtepwatch.node.state': state },
      window,
    }),
  });
  const open = queries.latest('vtepwatch.incident.active', {
    by: ['k8s.cluster.name', 'vtepwatch.severity'],
    window,
  });
  const lastSuccess = queries.latest('vtepwatch.check.last_success.timestamp', {
    by,
    window: options.memory,
  });
  const { scheduleSeconds } = options;
  return {
    title: 'Clusters',
    panels: [
      table(
        {
          title: 'Every cluster',
          description: `Nodes by state, open incidents, and the time since a run could check the cluster. A cluster that stops reporting keeps its last row for ${memoryInWords(options)}.`,
          width: 24,
          height: 6,
          sortBy: 'Cut off',
        },
        { name: labelOf('k8s.cluster.name'), title: 'Cluster' },
        [
          nodes('Cut off', 'isolated', [
            [null, 'transparent'],
            [1, 'red'],
          ]),
          nodes('Degraded', 'degraded', [
            [null, 'transparent'],
            [1, 'orange'],
          ]),
          nodes('Unknown', 'unknown', [
            [null, 'transparent'],
            [1, 'purple'],
          ]),
          nodes('OK', 'ok'),
          {
            title: 'Open incidents',
            expr: `sum by (${queries.labels(by)}) (${open})`,
            steps: [
              [null, 'transparent'],
              [1, 'orange'],
            ],
          },
          {
            title: 'Last successful run',
            expr: `time() - ${lastSuccess}`,
            unit: 's',
            steps: [
              [null, 'green'],
              [2 * scheduleSeconds, 'yellow'],
              [3 * scheduleSeconds, 'red'],
            ],
          },
        ],
      ),
    ],
  };
}
