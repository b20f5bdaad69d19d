import { timeoutSeconds } from '../../cluster.ts';
import { MEMORY } from '../options.ts';
import type { Board, Section } from './board.ts';
import { timeSeries } from './panels.ts';

/** Whether the watch itself is well. */
export function watch({ queries, options, window, here }: Board): Section {
  const { latest } = queries;
  const by = ['k8s.cluster.name'] as const;
  const lastSuccess = latest('vtepwatch.check.last_success.timestamp', {
    by,
    where: here,
    window: MEMORY,
  });
  const seconds = timeoutSeconds({ scheduleMinutes: options.scheduleSeconds / 60 });
  return {
    title: "The watch's own health",
    panels: [
      timeSeries(
        {
          title: 'Since the last good run',
          description:
            'A saw whose teeth are as long as the schedule; it climbs while nobody watches.',
          width: 8,
          height: 7,
          unit: 's',
          limit: 3 * options.scheduleSeconds,
        },
        [{ expr: `time() - ${lastSuccess}`, legend: 'age' }],
      ),
      timeSeries(
        {
          title: 'How long a run takes',
          description: `From its start until its telemetry is sent. Lambda ends the function after ${seconds} s.`,
          width: 8,
          height: 7,
          unit: 's',
        },
        [
          {
            expr: latest('vtepwatch.check.duration_last', { by, where: here, window }),
            legend: 'run',
          },
        ],
      ),
      timeSeries(
        {
          title: 'Command directories on the fullest host',
          description:
            'The SSM agent keeps one of some 28 kB for every command, for 14 days, unless its clean-up is set.',
          width: 8,
          height: 7,
        },
        [
          {
            expr: latest('vtepwatch.agent.orchestration_directories', { by, where: here, window }),
            legend: 'directories',
          },
        ],
      ),
    ],
  };
}
