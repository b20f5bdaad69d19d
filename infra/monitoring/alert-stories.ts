import { CAUSES } from '../../shared/contract/causes.ts';
import type { MetricName, METRICS, Point } from '../../shared/contract/telemetry.ts';
import type { AlertName } from './alerts.ts';
import type { MonitoringOptions } from './options.ts';

/** The values of some runs, one after the other, and when an alert fires on them. */
interface Story {
  readonly fact: string;
  /** How many values of a series make one run; one by default. With more, runs can be late. */
  readonly valuesPerRun?: number;
  readonly series: readonly Series[];
  readonly moments: readonly Moment[];
}

/** The first value is that of time 0; undefined where nothing was sent. */
export type Series = { readonly [M in MetricName]: SeriesOf<M> }[MetricName];

interface SeriesOf<M extends MetricName> {
  readonly metric: M;
  readonly attributes: Extract<Point, { readonly metric: M }>['attributes'];
  /** `service.instance.id`; a function that was deployed anew has another. */
  readonly instance?: string;
  readonly values: readonly (number | undefined)[];
}

export interface Moment {
  /** Runs after the first: 2.5 is between the third and the fourth. */
  readonly run: number;
  /** Undefined where the alert does not fire. */
  readonly fires?: {
    readonly attributes: Partial<
      Record<(typeof METRICS)[MetricName]['attributes'][number], string>
    >;
    /** `$value` as the summary shows it. */
    readonly shown: string;
  };
}

/** At least one story for every alert, in which it fires and resolves. */
export function storiesOf(
  options: MonitoringOptions,
): Readonly<Record<AlertName, readonly Story[]>> {
  return {
    ...NODE_STORIES,
    ...MASTER_STORIES,
    ...COVERAGE_STORIES,
    ...deadManStories(options),
  };
}

const CLUSTER = { 'k8s.cluster.name': 'prod' } as const;
const MASTER = { ...CLUSTER, 'k8s.node.name': 'master1' } as const;

function lost(...values: Series['values']): Series {
  return { metric: 'vtepwatch.node.lost_peers', attributes: MASTER, values };
}

function checked(...values: Series['values']): Series {
  return { metric: 'vtepwatch.node.checked_peers', attributes: MASTER, values };
}

/** Any cause will do. */
const ONE_CAUSE = CAUSES.slice(0, 1);
const ALIKE = { ...CLUSTER, 'vtepwatch.cause': ONE_CAUSE.join('') } as const;

function cutOffByOneCause(...values: Series['values']): readonly Series[] {
  return ONE_CAUSE.map((cause) => ({
    metric: 'vtepwatch.cause.nodes',
    attributes: { ...CLUSTER, 'vtepwatch.cause': cause },
    values,
  }));
}

function warnings(...values: Series['values']): Series {
  const attributes = { ...CLUSTER, 'vtepwatch.severity': 'warning' } as const;
  return { metric: 'vtepwatch.incident.active', attributes, values };
}

const NODE_STORIES = {
  VtepwatchNodesCutOff: [
    {
      fact: 'three nodes with one cause are one alert, until fewer are left',
      series: cutOffByOneCause(2, 3, 5, 0),
      moments: [
        { run: 0 },
        { run: 1, fires: { attributes: ALIKE, shown: '3' } },
        { run: 2.8, fires: { attributes: ALIKE, shown: '5' } },
        { run: 3 },
      ],
    },
  ],
  VtepwatchWarningOpen: [
    {
      fact: 'it fires while a warning is open',
      series: [warnings(0, 2, 2, 0)],
      moments: [
        { run: 0 },
        { run: 1, fires: { attributes: CLUSTER, shown: '2' } },
        { run: 2.8, fires: { attributes: CLUSTER, shown: '2' } },
        { run: 3 },
      ],
    },
  ],
  VtepwatchNodeCutOff: [
    {
      fact: 'a fault of many nodes is no alert of each',
      series: [lost(5, 5, 5), checked(6, 6, 6), ...cutOffByOneCause(2, 3, 2)],
      moments: [
        { run: 0, fires: { attributes: MASTER, shown: '83.33%' } },
        { run: 1 },
        { run: 2, fires: { attributes: MASTER, shown: '83.33%' } },
      ],
    },
    {
      fact: 'five of six peers are lost: it fires from the first run that reports it to the first that does not',
      series: [lost(0, 5, 5, 0, 0), checked(6, 6, 6, 6, 6)],
      moments: [
        { run: 0.5 },
        { run: 1, fires: { attributes: MASTER, shown: '83.33%' } },
        { run: 2.8, fires: { attributes: MASTER, shown: '83.33%' } },
        { run: 3 },
      ],
    },
    {
      fact: 'half of the peers are enough, fewer are not',
      series: [lost(2, 3), checked(6, 6)],
      moments: [{ run: 0 }, { run: 1, fires: { attributes: MASTER, shown: '50%' } }],
    },
    {
      fact: 'a run whose telemetry is lost does not resolve it',
      series: [lost(5, undefined, 5), checked(5, undefined, 5)],
      moments: [{ run: 1.8, fires: { attributes: MASTER, shown: '100%' } }],
    },
    {
      fact: 'a function that was deployed anew makes no second alert',
      series: [
        { ...lost(5, 5), instance: 'one' },
        { ...checked(5, 5), instance: 'one' },
        { ...lost(undefined, undefined, 5), instance: 'two' },
        { ...checked(undefined, undefined, 5), instance: 'two' },
      ],
      moments: [{ run: 2.4, fires: { attributes: MASTER, shown: '100%' } }],
    },
    {
      fact: 'it resolves for a node that has left the cluster',
      series: [lost(5), checked(5)],
      moments: [{ run: 2.8, fires: { attributes: MASTER, shown: '100%' } }, { run: 3.2 }],
    },
    {
      fact: 'a node that no other could check is not cut off',
      series: [checked(0, 0, 0)],
      moments: [{ run: 2 }],
    },
  ],
  VtepwatchVtepMissing: [
    {
      fact: 'a fault of many nodes is no alert of each',
      series: [lost(1, 1), checked(10, 10), ...cutOffByOneCause(2, 3)],
      moments: [{ run: 0, fires: { attributes: MASTER, shown: '1' } }, { run: 1 }],
    },
    {
      fact: 'one peer of ten is lost',
      series: [lost(0, 1, 1, 0), checked(10, 10, 10, 10)],
      moments: [
        { run: 0 },
        { run: 1, fires: { attributes: MASTER, shown: '1' } },
        { run: 2.8, fires: { attributes: MASTER, shown: '1' } },
        { run: 3 },
      ],
    },
    {
      fact: 'a node that is cut off has the other alert only',
      series: [lost(4, 5), checked(10, 10)],
      moments: [{ run: 0, fires: { attributes: MASTER, shown: '4' } }, { run: 1 }],
    },
  ],
} as const satisfies Partial<Record<AlertName, readonly Story[]>>;

function responseTime(...values: Series['values']): Series {
  return { metric: 'vtepwatch.control_plane.response_time', attributes: MASTER, values };
}

function reachable(...values: Series['values']): Series {
  return { metric: 'vtepwatch.control_plane.reachable', attributes: MASTER, values };
}

const SLOW = { attributes: MASTER, shown: '45.1s' } as const;
const UNREACHABLE = { attributes: MASTER, shown: '0' } as const;

/** One run, and the next late by 0.3 of one, with ten values to the run. */
const UNTIL_NEXT = Array.from({ length: 9 }, () => undefined);
const UNTIL_LATE = Array.from({ length: 12 }, () => undefined);

const MASTER_STORIES = {
  VtepwatchControlPlaneSlow: [
    {
      fact: 'two slow runs in a row, until the first fast answer',
      series: [responseTime(0.3, 0.3, 0.3, 45.1, 45.2, 45.1, 0.3)],
      moments: [
        { run: 3.8 },
        { run: 4.2, fires: SLOW },
        { run: 5, fires: SLOW },
        { run: 5.4, fires: SLOW },
        { run: 6 },
      ],
    },
    {
      fact: 'one slow answer does not fire',
      series: [responseTime(0.3, 0.3, 45.1, 0.3, 0.3)],
      moments: [{ run: 2 }, { run: 2.8 }, { run: 3 }, { run: 4 }],
    },
    {
      fact: 'one slow answer does not fire if the next run is late',
      valuesPerRun: 10,
      series: [responseTime(0.5, ...UNTIL_NEXT, 9, ...UNTIL_LATE, 0.5)],
      moments: [{ run: 1.8 }, { run: 2 }, { run: 2.2 }, { run: 2.4 }],
    },
    {
      fact: 'one slow answer does not fire if the next runs are lost',
      series: [responseTime(0.3, 0.3, 45.1, undefined, undefined, 0.3)],
      moments: [{ run: 2.8 }, { run: 3.8 }, { run: 4.4 }, { run: 4.8 }, { run: 5 }],
    },
    {
      fact: 'two slow answers with a fast one between them do not fire',
      series: [responseTime(45.1, 0.3, 45.1, 0.3, 45.1)],
      moments: [{ run: 2.4 }, { run: 2.8 }, { run: 4.8 }],
    },
    {
      fact: 'a run whose telemetry is lost does not resolve it',
      series: [responseTime(45.1, 45.1, undefined, 45.1, 45.1)],
      moments: [1.4, 2.2, 2.8, 3.2, 3.8, 4.4].map((run) => ({ run, fires: SLOW })),
    },
    {
      fact: 'a run that is late does not resolve it',
      valuesPerRun: 10,
      series: [responseTime(0.5, ...UNTIL_NEXT, 45.1, ...UNTIL_NEXT, 45.1, ...UNTIL_LATE, 45.1)],
      moments: [2.2, 2.8, 3.2, 3.4].map((run) => ({ run, fires: SLOW })),
    },
    {
      fact: 'a function that was deployed anew continues the series',
      series: [
        { ...responseTime(45.1), instance: 'one' },
        { ...responseTime(undefined, 45.1), instance: 'two' },
      ],
      moments: [{ run: 0.8 }, { run: 1.4, fires: SLOW }],
    },
    {
      fact: 'it resolves for a master that is no longer measured',
      series: [responseTime(45.1, 45.1)],
      moments: [{ run: 2.8, fires: SLOW }, { run: 3.2 }],
    },
  ],
  VtepwatchControlPlaneUnreachable: [
    {
      fact: 'two runs in a row without an answer, until the first answer',
      series: [reachable(1, 1, 0, 0, 0, 1)],
      moments: [
        { run: 2.8 },
        { run: 3.2, fires: UNREACHABLE },
        { run: 4.4, fires: UNREACHABLE },
        { run: 5 },
      ],
    },
    {
      fact: 'one run does not fire if the next one is late',
      valuesPerRun: 10,
      series: [reachable(1, ...UNTIL_NEXT, 0, ...UNTIL_LATE, 1)],
      moments: [{ run: 1.8 }, { run: 2.2 }, { run: 2.4 }],
    },
  ],
} as const satisfies Partial<Record<AlertName, readonly Story[]>>;

function nodes(state: 'ok' | 'unknown', ...values: Series['values']): Series {
  const attributes = { ...CLUSTER, 'vtepwatch.node.state': state } as const;
  return { metric: 'vtepwatch.node.count', attributes, values };
}

const COVERAGE_STORIES = {
  VtepwatchPartlyBlind: [
    {
      fact: 'two of ten nodes are unknown for two runs',
      series: [nodes('ok', 10, 8, 8, 8, 8, 10), nodes('unknown', 0, 2, 2, 2, 2, 0)],
      moments: [
        { run: 1.8 },
        { run: 2.2, fires: { attributes: CLUSTER, shown: '20%' } },
        { run: 4.8, fires: { attributes: CLUSTER, shown: '20%' } },
        { run: 5 },
      ],
    },
    {
      fact: 'one run does not fire if the next two are lost',
      series: [
        nodes('ok', 10, 8, undefined, undefined, 10),
        nodes('unknown', 0, 2, undefined, undefined, 0),
      ],
      moments: [{ run: 1.8 }, { run: 2.8 }, { run: 3 }, { run: 3.8 }, { run: 4 }],
    },
    {
      fact: 'one of ten does not fire',
      series: [nodes('ok', 9, 9, 9, 9), nodes('unknown', 1, 1, 1, 1)],
      moments: [{ run: 3 }],
    },
  ],
  VtepwatchAgentDirectories: [
    {
      fact: 'it fires on a schedule of a minute without clean-up, and resolves with it',
      series: [
        {
          metric: 'vtepwatch.agent.orchestration_directories',
          attributes: CLUSTER,
          values: [12_096, 20_160, 2000],
        },
      ],
      moments: [
        { run: 0 },
        { run: 1, fires: { attributes: CLUSTER, shown: '20.16k' } },
        { run: 2 },
      ],
    },
  ],
} as const satisfies Partial<Record<AlertName, readonly Story[]>>;

function deadManStories({ scheduleSeconds, clusters }: MonitoringOptions) {
  /** For each run, the number of the last successful one. */
  const successes = (
    ...runs: Series['values']
  ): SeriesOf<'vtepwatch.check.last_success.timestamp'> => ({
    metric: 'vtepwatch.check.last_success.timestamp',
    attributes: CLUSTER,
    values: runs.map((run) => (run === undefined ? undefined : run * scheduleSeconds)),
  });
  const [first, ...others] = clusters;
  const absent: readonly Story[] =
    first === undefined
      ? [
          {
            fact: 'no cluster reports',
            series: [],
            moments: [{ run: 1 }, { run: 3, fires: { attributes: {}, shown: '' } }],
          },
          {
            fact: 'a single silent cluster has the other alert',
            series: [successes(0)],
            moments: [{ run: 10 }],
          },
        ]
      : [
          {
            fact: 'one of the named clusters has never reported',
            series: others.map((name) => ({
              ...successes(0, 1, 2, 3),
              attributes: { 'k8s.cluster.name': name },
            })),
            moments: [
              { run: 1 },
              { run: 3, fires: { attributes: { 'k8s.cluster.name': first }, shown: '' } },
            ],
          },
        ];
  return {
    VtepwatchStale: [
      {
        fact: 'three runs do not report, until one does',
        series: [successes(0, 1, undefined, undefined, undefined, 5)],
        moments: [
          { run: 1 },
          { run: 3.8 },
          { run: 4.4, fires: { attributes: CLUSTER, shown: humanized(3.4 * scheduleSeconds) } },
          { run: 5 },
        ],
      },
    ],
    VtepwatchAbsent: absent,
  } satisfies Partial<Record<AlertName, readonly Story[]>>;
}

/** Whole seconds of less than a day, as Prometheus' `humanizeDuration` shows them. */
function humanized(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = Math.round(seconds % 60);
  if (hours > 0) return `${hours}h ${minutes}m ${rest}s`;
  return minutes > 0 ? `${minutes}m ${rest}s` : `${rest}s`;
}
