import { stringify } from 'yaml';
import type { Severity } from '../../shared/contract/causes.ts';
import {
  GENERATED,
  MEMORY,
  type MonitoringOptions,
  PAIR_RUNS,
  promDuration,
  windowOf,
} from './options.ts';
import type { Queries } from './queries.ts';

/** In the order of the rules file and of the runbook. */
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
  /** For how many runs it must hold. An incident needs none: its hosts were read twice. */
  readonly forRuns?: number;
  /** `critical` is meant to page. */
  readonly severity: Extract<Severity, 'critical' | 'warning'>;
  /** One line for a person who does not know vtepwatch. */
  readonly summary: string;
  readonly description: string;
}

/** A node with this share of lost peers is cut off; its incident is critical. */
const CUT_OFF_SHARE = 0.5;

/** For the alert and the dashboard. The script is 46 kB of it: the rest is two copies of its output. */
export const AGENT_DIRECTORIES =
  'The SSM agent keeps a directory of about 70 kB for every command, for 14 days, unless its clean-up is set.';

/** A share of unknown nodes that one host of a large cluster cannot reach. */
const BLIND_SHARE = 0.1;

/**
 * Some 1.3 GB. The default schedule stays below it, on a master too, which is sent four commands a run
 * (16,128); a schedule of a minute without clean-up does not, on any host (20,160).
 */
const DIRECTORIES_MAX = 18_000;

/** The alerts, the same in every spelling. Each has a section in RUNBOOK.md. */
export function alertsOf(
  queries: Queries,
  options: MonitoringOptions,
): Readonly<Record<AlertName, Alert>> {
  return {
    ...nodeAlerts(queries, options),
    ...masterAlerts(queries, options),
    ...runAlerts(queries, options),
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
      summary: `${cluster}: ${node} is cut off from {{ $value | humanizePercentage }} of the checked nodes`,
      description:
        `Pods on ${node} and pods on those nodes cannot reach each other over the overlay, although ` +
        'every node is Ready. The page from vtepwatch has the cause and the fix.',
    },
    VtepwatchVtepMissing: {
      expr: `(${lost} > 0)\nunless on (${labels(by)}) (\n${cutOff}\n)`,
      severity: 'warning',
      summary: `${cluster}: ${node} is cut off from {{ $value }} of the checked nodes`,
      description:
        `These nodes have no correct entry for the VTEP of ${node}, or ${node} has none for theirs, so ` +
        'their pods cannot reach each other. The page from vtepwatch has the cause and the fix.',
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
    // A single slow answer can be chance.
    VtepwatchControlPlaneSlow: {
      expr: twiceInARow(options, (window) => ({
        condition: `${least(time, { by, window })} > ${options.slowSeconds}`,
        count: count(time, { by, window }),
      })),
      severity: 'warning',
      summary: `${cluster}: kubectl get nodes takes {{ $value | humanizeDuration }} on ${node}`,
      description:
        `Two runs in a row took more than ${options.slowSeconds} s on ${node}, against its own API server. ` +
        'Often an aggregated API waits for pods behind a broken overlay: check whether a node is cut off.',
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

/** All values in one of the windows meet the condition, and there are at least two. */
function twiceInARow(
  { scheduleSeconds }: MonitoringOptions,
  within: (window: string) => { readonly condition: string; readonly count: string },
): string {
  return PAIR_RUNS.map((runs) => within(promDuration(runs * scheduleSeconds)))
    .map(({ condition, count }) => `${condition}\n  and ${count} >= 2`)
    .join('\nor\n');
}

function runAlerts(queries: Queries, options: MonitoringOptions) {
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
      summary: `${cluster}: {{ $value | humanizePercentage }} of the nodes could not be read`,
      description:
        'These hosts gave no usable answer through Systems Manager. Faults among them are not detected, ' +
        'and incidents on them do not resolve.',
    },
    VtepwatchStale: {
      expr: `time() - ${latest(lastSuccess, { by, window: MEMORY })} > ${3 * options.scheduleSeconds}`,
      severity: 'critical',
      summary: `${cluster}: the overlay has not been checked for {{ $value | humanizeDuration }}`,
      description:
        'No run that could check the cluster has reported: the function does not run, fails, reads too ' +
        'few hosts, or its telemetry does not arrive.',
    },
    VtepwatchAbsent: {
      expr: `absent_over_time(${spelling.selector(lastSuccess, {})}[${MEMORY}])`,
      forRuns: 2,
      severity: 'critical',
      summary: 'vtepwatch has reported on no cluster for 3 days, or never',
      description:
        'The backend has no data of any cluster: nothing is deployed, or no telemetry arrives.',
    },
    VtepwatchAgentDirectories: {
      expr: `${directories} > ${DIRECTORIES_MAX}`,
      severity: 'warning',
      summary: `${cluster}: the SSM agent of a host keeps {{ $value | humanize }} command directories`,
      description: `${AGENT_DIRECTORIES} Set the clean-up, or run less often.`,
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

/** The alert's section in the runbook. */
export function runbookUrl(name: AlertName, { runbookBase }: MonitoringOptions): string {
  return `${runbookBase}RUNBOOK.md#${name.toLowerCase()}`;
}

/** A rules file as Prometheus, Mimir and vmalert load it. */
export function rulesFile(queries: Queries, options: MonitoringOptions): string {
  const alerts = alertsOf(queries, options);
  const rules = ALERT_NAMES.map((name) => {
    const { expr, forRuns = 0, severity, summary, description } = alerts[name];
    return {
      alert: name,
      expr,
      ...(forRuns > 0 ? { for: promDuration(forRuns * options.scheduleSeconds) } : {}),
      labels: { severity },
      annotations: { summary, description, runbook_url: runbookUrl(name, options) },
    };
  });
  return yamlOf({ groups: [{ name: 'vtepwatch', rules }] });
}

/** YAML whose lines are not folded, so that an expression can be copied as it is. */
export function yamlOf(document: unknown): string {
  return `# ${GENERATED}\n${stringify(document, { lineWidth: 0 })}`;
}
