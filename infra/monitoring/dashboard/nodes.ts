import { type Table, TABLES } from '../../../shared/contract/causes.ts';
import type { Board, Section } from './board.ts';
import { type Column, type Steps, table, timeSeries } from './panels.ts';

const TITLES: Readonly<Record<Table, string>> = {
  neighbour: 'Neighbour',
  fdb: 'FDB',
  route: 'Route',
};

const LOST: Steps = [
  [null, 'transparent'],
  [1, 'red'],
];

export function nodes({ queries, window, here }: Board): Section {
  const { spelling, latest } = queries;
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
  const legend = `${spelling.legend('k8s.node.name')} ${spelling.legend('vtepwatch.table')}`;
  return {
    title: 'Nodes × tables of $cluster',
    panels: [
      table(
        {
          title: 'Who is lost, and where',
          description:
            'Neighbour, FDB and route: how many peers hold no correct entry for the node. Cut off from: by its own open incidents. Judged by 0 means unknown, not healthy. Ghosts: entries on the node for VTEPs of no live node.',
          width: 24,
          height: 10,
          sortBy: 'Cut off from',
        },
        { name: spelling.field('k8s.node.name'), title: 'Node' },
        [
          {
            title: 'Cut off from',
            steps: LOST,
            expr: latest('vtepwatch.node.lost_peers', { by, where: here, window }),
          },
          ...missing,
          {
            title: 'Judged by',
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
          title: 'Peers without a correct entry, by node and table',
          description: 'Every table of every node in which at least one peer lacks an entry.',
          width: 24,
          height: 8,
          empty: 'Every peer holds every entry',
        },
        [{ expr: `${byTable} > 0`, legend }],
      ),
    ],
  };
}
