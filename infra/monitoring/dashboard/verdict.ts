import { legendOf } from '../spelling.ts';
import type { Board, Section } from './board.ts';
import { type Color, stat, timeSeries } from './panels.ts';

/** What the last run found, and since when. */
export function verdict(board: Board): Section {
  return {
    title: 'Verdict on $cluster',
    panels: [
      nodesNow(board),
      checkedNow(board),
      lastSuccess(board),
      nodesOverTime(board),
      lostPeers(board),
    ],
  };
}

type Panel = Section['panels'][number];

/** Colours of the states, by the words that the metric has for them. */
const STATES = {
  isolated: 'red',
  degraded: 'orange',
  unknown: 'purple',
  ok: 'green',
} as const satisfies Readonly<Record<string, Color>>;

function nodesNow(board: Board): Panel {
  return stat(
    {
      title: 'Nodes',
      description:
        'isolated: cut off from half of its checked nodes or more. degraded: from fewer. unknown: its host could not be read.',
      width: 12,
      height: 5,
    },
    [byState(board)],
    STATES,
  );
}

function nodesOverTime(board: Board): Panel {
  return timeSeries(
    {
      title: 'Nodes by state',
      description: 'They add up to the number of nodes in the cluster.',
      width: 12,
      height: 8,
      stacked: true,
    },
    [byState(board)],
    STATES,
  );
}

function byState({ queries, window, here }: Board) {
  const by = ['vtepwatch.node.state'] as const;
  return {
    expr: queries.latest('vtepwatch.node.count', { by, where: here, window }),
    legend: legendOf('vtepwatch.node.state'),
  };
}

function checkedNow({ queries, window, here }: Board): Panel {
  const by = ['k8s.cluster.name', 'vtepwatch.node.state'] as const;
  const all = queries.latest('vtepwatch.node.count', { by, where: here, window });
  const unknown = queries.latest('vtepwatch.node.count', {
    by,
    where: { ...here, 'vtepwatch.node.state': 'unknown' },
    window,
  });
  return stat(
    {
      title: 'Nodes that could be read',
      description: 'Faults on the other nodes are not detected.',
      width: 6,
      height: 5,
      unit: 'percentunit',
    },
    [{ expr: `1 - sum(${unknown}) / sum(${all})`, legend: 'read' }],
    [
      [null, 'red'],
      [0.5, 'yellow'],
      [0.9, 'green'],
    ],
  );
}

function lastSuccess({ queries, options, here }: Board): Panel {
  const success = queries.latest('vtepwatch.check.last_success.timestamp', {
    by: ['k8s.cluster.name'],
    where: here,
    window: options.memory,
  });
  return stat(
    {
      title: 'Since the last successful run',
      description: 'Red after three runs without a report: the cluster is not monitored.',
      width: 6,
      height: 5,
      unit: 's',
      empty: 'never',
    },
    [{ expr: `time() - ${success}`, legend: 'age' }],
    [
      [null, 'green'],
      [2 * options.scheduleSeconds, 'yellow'],
      [3 * options.scheduleSeconds, 'red'],
    ],
  );
}

function lostPeers({ queries, window, here }: Board): Panel {
  const by = ['k8s.node.name'] as const;
  const lost = queries.latest('vtepwatch.node.lost_peers', { by, where: here, window });
  return timeSeries(
    {
      title: 'Nodes that a node is cut off from',
      description:
        'Counts the open incidents of the node itself. The peers of a broken node are not shown.',
      width: 12,
      height: 8,
      empty: 'No node is cut off from another',
    },
    [{ expr: `${lost} > 0`, legend: legendOf('k8s.node.name') }],
  );
}

const SEVERITY_COLORS = {
  critical: 'red',
  warning: 'orange',
  info: 'blue',
} as const satisfies Readonly<Record<string, Color>>;

/** The open incidents. One fault is one incident, however many pairs show it. */
export function incidents({ queries, window, here }: Board): Section {
  const { latest } = queries;
  return {
    title: 'Incidents of $cluster',
    panels: [
      timeSeries(
        {
          title: 'Open incidents by severity',
          description: 'critical: a node is cut off from half of its checked nodes or more.',
          width: 12,
          height: 7,
          stacked: true,
        },
        [
          {
            expr: latest('vtepwatch.incident.active', {
              by: ['vtepwatch.severity'],
              where: here,
              window,
            }),
            legend: legendOf('vtepwatch.severity'),
          },
        ],
        SEVERITY_COLORS,
      ),
      timeSeries(
        {
          title: 'Open incidents by cause',
          description:
            'A cause without an open incident has no series. The runbook has a section for each cause.',
          width: 12,
          height: 7,
          stacked: true,
          empty: 'No incident is open',
        },
        [
          {
            expr: `${latest('vtepwatch.cause.incidents', {
              by: ['vtepwatch.cause'],
              where: here,
              window,
            })} > 0`,
            legend: legendOf('vtepwatch.cause'),
          },
        ],
      ),
      timeSeries(
        {
          title: 'Nodes cut off, by cause',
          description:
            'Nodes that the open incidents of a cause cut off from others. Three or more are one fault of the cluster.',
          width: 24,
          height: 7,
          empty: 'No node is cut off from another',
        },
        [
          {
            expr: `${latest('vtepwatch.cause.nodes', {
              by: ['vtepwatch.cause'],
              where: here,
              window,
            })} > 0`,
            legend: legendOf('vtepwatch.cause'),
          },
        ],
      ),
    ],
  };
}
