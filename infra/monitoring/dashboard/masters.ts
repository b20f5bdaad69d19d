import type { Board, Section } from './board.ts';
import { stat, timeSeries } from './panels.ts';

export function masters({ queries, options, window, here }: Board): Section {
  const { spelling, latest } = queries;
  const reading = { by: ['k8s.node.name'], where: here, window } as const;
  const legend = spelling.legend('k8s.node.name');
  const { slowSeconds } = options;
  const responseTime = spelling.selector('vtepwatch.control_plane.response_time', here);
  return {
    title: 'Masters of $cluster',
    panels: [
      timeSeries(
        {
          title: 'kubectl get nodes, by master',
          description: `Measured on the master itself, against its own API server; at least so long, where it still waits. Slow from ${slowSeconds} s on.`,
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
          description: 'Of the answers that came: see beside it who does not answer.',
          width: 6,
          height: 8,
          unit: 's',
          empty: 'No master has been measured',
        },
        [
          {
            expr: `max by (${queries.labels(reading.by)}) (quantile_over_time(0.95, ${responseTime}[6h]))`,
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
