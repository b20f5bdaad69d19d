import { timeoutSeconds } from '../../cluster.ts';
import { AGENT_DIRECTORIES } from '../alerts.ts';
import { legendOf } from '../spelling.ts';
import type { Board, Section } from './board.ts';
import { timeSeries } from './panels.ts';

/** How much of the cluster the last run could read. */
export function coverage({ queries, window, here }: Board): Section {
  const { latest } = queries;
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
          description: 'The state of these hosts is unknown: neither healthy nor broken.',
          width: 12,
          height: 7,
          stacked: true,
        },
        [{ expr: failures, legend: legendOf('error.type') }],
      ),
      timeSeries(
        {
          title: 'Nodes from which a node was checked',
          description:
            'For the node that was checked from the fewest other nodes, and from the most.',
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

/** Whether runs come, end in time, and leave room on the hosts. */
export function runs({ queries, options, window, here }: Board): Section {
  const { latest } = queries;
  const by = ['k8s.cluster.name'] as const;
  const lastSuccess = latest('vtepwatch.check.last_success.timestamp', {
    by,
    where: here,
    window: options.memory,
  });
  const seconds = timeoutSeconds({ scheduleMinutes: options.scheduleSeconds / 60 });
  return {
    title: 'Runs of $cluster',
    panels: [
      timeSeries(
        {
          title: 'Since the last successful run',
          description:
            'Falls with each run that could check the cluster. It climbs while none can.',
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
          description: AGENT_DIRECTORIES,
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
