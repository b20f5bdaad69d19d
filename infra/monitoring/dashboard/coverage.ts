import type { Board, Section } from './board.ts';
import { timeSeries } from './panels.ts';

export function coverage({ queries, window, here }: Board): Section {
  const { spelling, latest } = queries;
  const failures = latest('vtepwatch.command.failures', {
    by: ['error.type'],
    where: here,
    window,
  });
  const checked = latest('vtepwatch.node.checked_peers', {
    by: ['k8s.node.name'],
    where: here,
    window,
  });
  return {
    title: 'Coverage of $cluster',
    panels: [
      timeSeries(
        {
          title: 'Hosts without a usable answer, by reason',
          description: 'These hosts are unknown: neither sick nor well.',
          width: 12,
          height: 7,
          stacked: true,
        },
        [{ expr: failures, legend: spelling.legend('error.type') }],
      ),
      timeSeries(
        {
          title: 'Peers by which a node could be judged',
          description:
            'Of the node that the fewest could judge, and of the one that the most could.',
          width: 12,
          height: 7,
        },
        [
          { expr: `min(${checked})`, legend: 'fewest' },
          { expr: `max(${checked})`, legend: 'most' },
        ],
      ),
    ],
  };
}
