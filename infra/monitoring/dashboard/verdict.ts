import { MEMORY } from '../options.ts';
import type { Board, Section } from './board.ts';
import { type Color, stat, timeSeries } from './panels.ts';

export function verdict(board: Board): Section {
  return {
    title: 'Verdict on $cluster',
    panels: [
      nodesNow(board),
      judgedNow(board),
      lastGoodRun(board),
      nodesOverTime(board),
      lostPeers(board),
    ],
  };
}

type Panel = Section['panels'][number];

/** Colours of the verdicts, by the words that the metric has for them. */
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
        'isolated: cut off from half of its judged peers or more. degraded: from fewer. unknown: its host could not be read.',
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
      title: 'Nodes by verdict',
      description: 'They add up to the cluster.',
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
    legend: queries.spelling.legend('vtepwatch.node.state'),
  };
}

function judgedNow({ queries, window, here }: Board): Panel {
  const by = ['k8s.cluster.name', 'vtepwatch.node.state'] as const;
  const all = queries.latest('vtepwatch.node.count', { by, where: here, window });
  const unknown = queries.latest('vtepwatch.node.count', {
    by,
    where: { ...here, 'vtepwatch.node.state': 'unknown' },
    window,
  });
  return stat(
    {
      title: 'Nodes that could be judged',
      description: 'A fault on the others is not seen.',
      width: 6,
      height: 5,
      unit: 'percentunit',
    },
    [{ expr: `1 - sum(${unknown}) / sum(${all})`, legend: 'judged' }],
    [
      [null, 'red'],
      [0.5, 'yellow'],
      [0.9, 'green'],
    ],
  );
}

function lastGoodRun({ queries, options, here }: Board): Panel {
  const lastSuccess = queries.latest('vtepwatch.check.last_success.timestamp', {
    by: ['k8s.cluster.name'],
    where: here,
    window: MEMORY,
  });
  return stat(
    {
      title: 'Since the last good run',
      description: 'Red after three runs that did not report: nobody watches.',
      width: 6,
      height: 5,
      unit: 's',
      empty: 'never',
    },
    [{ expr: `time() - ${lastSuccess}`, legend: 'age' }],
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
      title: 'Peers that a node is cut off from',
      description:
        'By the open incidents of the node itself; the peers of a broken node are not listed.',
      width: 12,
      height: 8,
      empty: 'No node is cut off from anyone',
    },
    [{ expr: `${lost} > 0`, legend: queries.spelling.legend('k8s.node.name') }],
  );
}
