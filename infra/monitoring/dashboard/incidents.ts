import type { Board, Section } from './board.ts';
import { type Color, timeSeries } from './panels.ts';

const SEVERITY_COLORS = {
  critical: 'red',
  warning: 'orange',
  info: 'blue',
} as const satisfies Readonly<Record<string, Color>>;

/** One fault is one incident, however many pairs show it. */
export function incidents({ queries, window, here }: Board): Section {
  const { spelling, latest } = queries;
  return {
    title: 'Incidents of $cluster',
    panels: [
      timeSeries(
        {
          title: 'Open incidents by severity',
          description: 'critical: a node is cut off from half of its judged peers or more.',
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
            legend: spelling.legend('vtepwatch.severity'),
          },
        ],
        SEVERITY_COLORS,
      ),
      timeSeries(
        {
          title: 'Open incidents by cause',
          description:
            'A cause without an incident has no series. The runbook has a section for each.',
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
            legend: spelling.legend('vtepwatch.cause'),
          },
        ],
      ),
    ],
  };
}
