import type { Severity } from '../../shared/contract/causes.ts';
import { MEMORY, type MonitoringOptions, PAIR_RUNS, promDuration, windowOf } from './options.ts';
import type { Queries } from './queries.ts';

/** In the order of the rules file, and of the runbook's sections. */
export const ALERT_NAMES = [
  'VtepwatchNodeCutOff',
  'VtepwatchVtepMissing',
  'VtepwatchControlPlaneSlow',
  'VtepwatchControlPlaneUnreachable',
  'VtepwatchPartlyBlind',
  'VtepwatchStale',
  'VtepwatchAbsent',
  'VtepwatchAgentDirectories',
] as const;

export type AlertName = (typeof ALERT_NAMES)[number];

interface Alert {
  readonly expr: string;
  /** How many runs it must hold. An incident was looked at twice before it is open: that is enough. */
  readonly forRuns?: number;
  /** `critical` is for whoever pages people. */
  readonly severity: Extract<Severity, 'critical' | 'warning'>;
  /** One line that a person understands who has never heard of this watch. */
  readonly summary: string;
  readonly description: string;
}

/** From this share of its peers on a node is cut off, and an incident critical. */
const CUT_OFF_SHARE = 0.5;

/** A share of unknown nodes that no single host of a large cluster makes. */
const BLIND_SHARE = 0.1;

/** Some 300 MB; the default schedule stays below, one of a minute without a clean-up does not. */
const DIRECTORIES_MAX = 10_000;

/** The alerts, which say the same in every spelling. Each has a section in RUNBOOK.md. */
export function alertsOf(
  queries: Queries,
  options: MonitoringOptions,
): Readonly<Record<AlertName, Alert>> {
  return {
    ...nodeAlerts(queries, options),
    ...masterAlerts(queries, options),
    ...watchAlerts(queries, options),
  };
}

function nodeAlerts(queries: Queries, options: MonitoringOptions) {
  const { latest, labels, spelling } = queries;
  const by = ['k8s.cluster.name', 'k8s.node.name'] as const;
  const window = windowOf(options);
  const lost = latest('vtepwatch.node.lost_peers', { by, window });
  const checked = latest('vtepwatch.node.checked_peers', { by, window });
  const cutOff = `${lost}\n  / on (${labels(by)})\n${checked}\n  >= ${CUT_OFF_SHARE}`;
  const cluster = spelling.labelValue('k8s.cluster.name');
  const node = spelling.labelValue('k8s.node.name');
  return {
    VtepwatchNodeCutOff: {
      expr: cutOff,
      severity: 'critical',
      summary: `${cluster}: ${node} is cut off from {{ $value | humanizePercentage }} of its peers`,
      description:
        `The pods of ${node} and those of its peers cannot reach each other over the overlay, although ` +
        'every node is Ready. The page of vtepwatch names the cause and the mend.',
    },
    VtepwatchVtepMissing: {
      expr: `(${lost} > 0)\nunless on (${labels(by)}) (\n${cutOff}\n)`,
      severity: 'warning',
      summary: `${cluster}: ${node} is cut off from {{ $value }} of its peers`,
      description:
        `These peers have no correct entry for the VTEP of ${node}, or it has none for theirs: pods on ` +
        'the two cannot reach each other. The page of vtepwatch names the cause and the mend.',
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

function masterAlerts(queries: Queries, options: MonitoringOptions) {
  const { least, most, count, spelling } = queries;
  const by = ['k8s.cluster.name', 'k8s.node.name'] as const;
  const time = 'vtepwatch.control_plane.response_time';
  const reachable = 'vtepwatch.control_plane.reachable';
  const cluster = spelling.labelValue('k8s.cluster.name');
  const node = spelling.labelValue('k8s.node.name');
  return {
    // One run may meet a master at a bad moment; two do not.
    VtepwatchControlPlaneSlow: {
      expr: twiceInARow(options, (window) => ({
        condition: `${least(time, { by, window })} > ${options.slowSeconds}`,
        count: count(time, { by, window }),
      })),
      severity: 'warning',
      summary: `${cluster}: kubectl get nodes takes {{ $value | humanizeDuration }} on ${node}`,
      description:
        `Two runs in a row measured more than ${options.slowSeconds} s on ${node}, against its own API ` +
        'server. Often an aggregated API waits for pods behind a broken overlay: see whether a node is cut off.',
    },
    VtepwatchControlPlaneUnreachable: {
      expr: twiceInARow(options, (window) => ({
        condition: `${most(reachable, { by, window })} == 0`,
        count: count(reachable, { by, window }),
      })),
      severity: 'warning',
      summary: `${cluster}: the API server of ${node} does not answer`,
      description: `Two runs in a row got no answer to kubectl get nodes on ${node} itself.`,
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

/** All values within one of the windows fulfil the condition, and there are two at least. */
function twiceInARow(
  { scheduleSeconds }: MonitoringOptions,
  within: (window: string) => { readonly condition: string; readonly count: string },
): string {
  return PAIR_RUNS.map((runs) => within(promDuration(runs * scheduleSeconds)))
    .map(({ condition, count }) => `${condition}\n  and ${count} >= 2`)
    .join('\nor\n');
}

function watchAlerts(queries: Queries, options: MonitoringOptions) {
  const { latest, least, count, labels, spelling } = queries;
  const by = ['k8s.cluster.name'] as const;
  const byState = ['k8s.cluster.name', 'vtepwatch.node.state'] as const;
  const window = windowOf(options);
  const unknown = { 'vtepwatch.node.state': 'unknown' } as const;
  const nodes = `sum by (${labels(by)}) (${latest('vtepwatch.node.count', { by: byState, window })})`;
  const lastSuccess = 'vtepwatch.check.last_success.timestamp';
  const directories = latest('vtepwatch.agent.orchestration_directories', { by, window });
  const cluster = spelling.labelValue('k8s.cluster.name');
  return {
    VtepwatchPartlyBlind: {
      expr: twiceInARow(options, (pair) => {
        const reading = { by, where: unknown, window: pair };
        const blind = least('vtepwatch.node.count', reading);
        return {
          condition: `${blind}\n  / on (${labels(by)})\n${nodes}\n  > ${BLIND_SHARE}`,
          count: count('vtepwatch.node.count', reading),
        };
      }),
      severity: 'warning',
      summary: `${cluster}: {{ $value | humanizePercentage }} of the nodes could not be judged`,
      description:
        'These hosts gave no usable answer through Systems Manager. A fault among them is not seen, and ' +
        'an incident on them does not resolve.',
    },
    VtepwatchStale: {
      expr: `time() - ${latest(lastSuccess, { by, window: MEMORY })} > ${3 * options.scheduleSeconds}`,
      severity: 'critical',
      summary: `${cluster}: nobody has watched the overlay for {{ $value | humanizeDuration }}`,
      description:
        'No run that could judge the cluster has reported: the function does not run, fails, reads too ' +
        'few hosts, or its telemetry does not arrive.',
    },
    VtepwatchAbsent: {
      expr: `absent_over_time(${spelling.selector(lastSuccess, {})}[${MEMORY}])`,
      forRuns: 2,
      severity: 'critical',
      summary: 'vtepwatch has not reported on any cluster for 3 days, or never',
      description:
        'The backend has no run of any cluster: nothing is deployed, or the telemetry of none arrives.',
    },
    VtepwatchAgentDirectories: {
      expr: `${directories} > ${DIRECTORIES_MAX}`,
      severity: 'warning',
      summary: `${cluster}: the SSM agent of a host keeps {{ $value | humanize }} command directories`,
      description:
        'Every command leaves a directory of some 28 kB on every host for 14 days. Set the clean-up of ' +
        "the agent's orchestration directories, or run less often.",
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

/** Where the runbook tells of an alert. */
export function runbookUrl(name: AlertName, { runbookBase }: MonitoringOptions): string {
  return `${runbookBase}RUNBOOK.md#${name.toLowerCase()}`;
}
