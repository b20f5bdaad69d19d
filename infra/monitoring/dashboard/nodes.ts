import { type Table, TABLES } from '../../../shared/contract/causes.ts';
import { labelOf, legendOf } from '../spelling.ts';
import type { Board, Section } from './board.ts';
import { type Column, stat, type Steps, table, timeSeries } from './panels.ts';

const TITLES: Readonly<Record<Table, string>> = {
  neighbour: 'Neighbour',
  fdb: 'FDB',
  route: 'Route',
};

const LOST: Steps = [
  [null, 'transparent'],
  [1, 'red'],
];

/** The nodes by table: which entries for them are wrong or missing on the others. */
export function nodes({ queries, window, here }: Board): Section {
  const { latest } = queries;
  const by = ['k8s.node.name'] as const;
  const missing = TABLES.map((name): Column => ({
    title: TITLES[name],
    steps: LOST,
    expr: latest('vtepwatch.node.missing_peers', {
      by,
      where: { ...here, 'vtepwatch.table': name },
      window,
    }),
  }));
  const byTable = latest('vtepwatch.node.missing_peers', {
    by: ['k8s.node.name', 'vtepwatch.table'],
    where: here,
    window,
  });
  const legend = `${legendOf('k8s.node.name')} ${legendOf('vtepwatch.table')}`;
  return {
    title: 'Nodes × tables of $cluster',
    panels: [
      table(
        {
          title: 'Which nodes are unreachable, and why',
          description:
            'Neighbour, FDB, Route: the number of nodes without a correct entry for this node. Cut off from: by its own open incidents. Checked from 0 means unknown, not healthy. Ghosts: entries on it for no live node.',
          width: 24,
          height: 10,
          sortBy: 'Cut off from',
        },
        { name: labelOf('k8s.node.name'), title: 'Node' },
        [
          {
            title: 'Cut off from',
            steps: LOST,
            expr: latest('vtepwatch.node.lost_peers', { by, where: here, window }),
          },
          ...missing,
          {
            title: 'Checked from',
            expr: latest('vtepwatch.node.checked_peers', { by, where: here, window }),
          },
          {
            title: 'Ghosts',
            expr: latest('vtepwatch.node.ghost_entries', { by, where: here, window }),
          },
        ],
      ),
      timeSeries(
        {
          title: 'Nodes without a correct entry, by missing node and table',
          description:
            'Each node and table for which at least one other node has no correct entry.',
          width: 24,
          height: 8,
          empty: 'Every node has every entry',
        },
        [{ expr: `${byTable} > 0`, legend }],
      ),
    ],
  };
}

/** How fast each master's own API server answers. */
export function masters({ queries, options, window, here }: Board): Section {
  const { latest, quantile95 } = queries;
  const reading = { by: ['k8s.node.name'], where: here, window } as const;
  const legend = legendOf('k8s.node.name');
  const { slowSeconds } = options;
  return {
    title: 'Masters of $cluster',
    panels: [
      timeSeries(
        {
          title: 'kubectl get nodes, by master',
          description: `Measured on the master itself, against its own API server. A request that still waits counts with its time so far. Slow above ${slowSeconds} s.`,
          width: 12,
          height: 8,
          unit: 's',
          limit: slowSeconds,
          empty: 'No master has been measured',
        },
        [{ expr: latest('vtepwatch.control_plane.response_time', reading), legend }],
      ),
      stat(
        {
          title: '95th percentile of 6 hours',
          description:
            'Counts answered requests only; the next panel shows which masters do not answer.',
          width: 6,
          height: 8,
          unit: 's',
          empty: 'No master has been measured',
        },
        [
          {
            expr: quantile95('vtepwatch.control_plane.response_time', { ...reading, window: '6h' }),
            legend,
          },
        ],
        [
          [null, 'green'],
          [slowSeconds, 'red'],
        ],
      ),
      stat(
        {
          title: 'API servers',
          description: 'Whether the last measured request was answered.',
          words: { '0': 'silent', '1': 'up' },
          width: 6,
          height: 8,
          empty: 'No master has been measured',
        },
        [{ expr: latest('vtepwatch.control_plane.reachable', reading), legend }],
        [
          [null, 'red'],
          [1, 'green'],
        ],
      ),
    ],
  };
}
