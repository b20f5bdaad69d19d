import type { Severity } from '../../shared/contract/causes.ts';
import {
  memoryInWords,
  type MonitoringOptions,
  PAIR_RUNS,
  promDuration,
  windowOf,
} from './options.ts';
import type { Queries } from './queries.ts';
import { labelOf, labelValue } from './spelling.ts';

/** In the order of the rules file and of the runbook. */
export const ALERT_NAMES = [
  'VtepwatchNodesCutOff',
  'VtepwatchNodeCutOff',
  'VtepwatchVtepMissing',
  'VtepwatchWarningOpen',
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
  /** Labels that the expression's answer does not have. */
  readonly labels?: Readonly<Record<string, string>>;
  /** For how many runs it must hold. An incident needs none: its hosts were read twice. */
  readonly forRuns?: number;
  /** `critical` is meant to page. */
  readonly severity: Extract<Severity, 'critical' | 'warning'>;
  /**
   * One line for a person who does not know vtepwatch. It has no value: an alert whose text changes
   * with every evaluation is another to tools that compare texts.
   */
  readonly summary: string;
  readonly description: string;
}

/** A node with this share of lost peers is cut off; its incident is critical. */
const CUT_OFF_SHARE = 0.5;

/** So many nodes with one cause are one fault of the cluster, and one alert. */
const NODES_ALIKE = 3;

/** For the alert and the dashboard. The script is 46 kB of it: the rest is two copies of its output. */
export const AGENT_DIRECTORIES =
  'The SSM agent keeps a directory of about 80 kB for every command, for 14 days, unless its clean-up is set.';

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
    ...clusterAlerts(queries, options),
    ...nodeAlerts(queries, options),
    ...masterAlerts(queries, options),
    ...runAlerts(queries, options),
  };
}

/** Nodes that one cause cuts off, by cluster and cause. */
function manyNodes({ latest }: Queries, options: MonitoringOptions): string {
  const by = ['k8s.cluster.name', 'vtepwatch.cause'] as const;
  return `${latest('vtepwatch.cause.nodes', { by, window: windowOf(options) })} >= ${NODES_ALIKE}`;
}

function clusterAlerts(queries: Queries, options: MonitoringOptions) {
  const cluster = labelValue('k8s.cluster.name');
  const cause = labelValue('vtepwatch.cause');
  const by = ['k8s.cluster.name'] as const;
  const warnings = queries.latest('vtepwatch.incident.active', {
    by,
    where: { 'vtepwatch.severity': 'warning' },
    window: windowOf(options),
  });
  return {
    VtepwatchNodesCutOff: {
      expr: manyNodes(queries, options),
      severity: 'critical',
      summary: `${cluster}: several nodes are cut off from others, all by ${cause}`,
      description:
        `{{ $value }} nodes are cut off from others, with the cause ${cause}. While this alert fires, ` +
        'no other does about single nodes of this cluster. The page from vtepwatch has the nodes and the fix.',
    },
    VtepwatchWarningOpen: {
      expr: `${warnings} > 0`,
      severity: 'warning',
      summary: `${cluster}: vtepwatch has open incidents of the severity warning`,
      description:
        "{{ $value }} incidents are open. Most warnings page nobody: `vtepwatch show` and the function's log name them.",
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

function nodeAlerts(queries: Queries, options: MonitoringOptions) {
  const { latest, labels } = queries;
  const by = ['k8s.cluster.name', 'k8s.node.name'] as const;
  const window = windowOf(options);
  const lost = latest('vtepwatch.node.lost_peers', { by, window });
  const checked = latest('vtepwatch.node.checked_peers', { by, window });
  const cutOff = `${lost}\n  / on (${labels(by)})\n${checked}\n  >= ${CUT_OFF_SHARE}`;
  const unlessMany = `unless on (${labels(['k8s.cluster.name'])}) (\n${manyNodes(queries, options)}\n)`;
  const cluster = labelValue('k8s.cluster.name');
  const node = labelValue('k8s.node.name');
  return {
    VtepwatchNodeCutOff: {
      expr: `${cutOff}\n${unlessMany}`,
      severity: 'critical',
      summary: `${cluster}: ${node} is cut off from half of the checked nodes or more`,
      description:
        `It is cut off from {{ $value | humanizePercentage }} of them. Pods on ${node} and pods on those nodes cannot reach each other over the overlay, although ` +
        'every node is Ready. The page from vtepwatch has the cause and the fix.',
    },
    VtepwatchVtepMissing: {
      expr: `(${lost} > 0)\nunless on (${labels(by)}) (\n${cutOff}\n)\n${unlessMany}`,
      severity: 'warning',
      summary: `${cluster}: ${node} is cut off from some of the checked nodes`,
      description:
        `It is cut off from {{ $value }} of them. These nodes have no correct entry for the VTEP of ${node}, or ${node} has none for theirs, so ` +
        'their pods cannot reach each other. The page from vtepwatch has the cause and the fix.',
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

function masterAlerts(queries: Queries, options: MonitoringOptions) {
  const { least, most, count } = queries;
  const by = ['k8s.cluster.name', 'k8s.node.name'] as const;
  const time = 'vtepwatch.control_plane.response_time';
  const reachable = 'vtepwatch.control_plane.reachable';
  const cluster = labelValue('k8s.cluster.name');
  const node = labelValue('k8s.node.name');
  return {
    // A single slow answer can be chance.
    VtepwatchControlPlaneSlow: {
      expr: twiceInARow(options, (window) => ({
        condition: `${least(time, { by, window })} > ${options.slowSeconds}`,
        count: count(time, { by, window }),
      })),
      severity: 'warning',
      summary: `${cluster}: kubectl get nodes is slow on ${node}`,
      description:
        `Two runs in a row took more than ${options.slowSeconds} s on ${node}, against its own API server: ` +
        '{{ $value | humanizeDuration }} at least. ' +
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
  const { latest, least, count, labels } = queries;
  const by = ['k8s.cluster.name'] as const;
  const byState = ['k8s.cluster.name', 'vtepwatch.node.state'] as const;
  const window = windowOf(options);
  const unknown = { 'vtepwatch.node.state': 'unknown' } as const;
  const nodes = `sum by (${labels(by)}) (${latest('vtepwatch.node.count', { by: byState, window })})`;
  const lastSuccess = 'vtepwatch.check.last_success.timestamp';
  const directories = latest('vtepwatch.agent.orchestration_directories', { by, window });
  const cluster = labelValue('k8s.cluster.name');
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
      summary: `${cluster}: more than a tenth of the nodes could not be read`,
      description:
        '{{ $value | humanizePercentage }} of the hosts gave no usable answer through Systems Manager. Faults among them are not detected, ' +
        'and incidents on them do not resolve.',
    },
    VtepwatchStale: {
      expr: `time() - ${latest(lastSuccess, { by, window: options.memory })} > ${3 * options.scheduleSeconds}`,
      severity: 'critical',
      summary: `${cluster}: the overlay has not been checked for three schedules`,
      description:
        'For {{ $value | humanizeDuration }} no run that could check the cluster has reported: the function does not ' +
        'run, fails, reads too few hosts, or its telemetry does not arrive.',
    },
    VtepwatchAbsent: {
      expr: absent(queries, options),
      forRuns: 2,
      severity: 'critical',
      summary: `vtepwatch has reported on no cluster for ${memoryInWords(options)}, or never`,
      description:
        'The backend has no data of any cluster: nothing is deployed, or no telemetry arrives.',
    },
    VtepwatchAgentDirectories: {
      expr: `${directories} > ${DIRECTORIES_MAX}`,
      severity: 'warning',
      summary: `${cluster}: the SSM agent of a host keeps too many command directories`,
      description: `It keeps {{ $value | humanize }}. ${AGENT_DIRECTORIES} Set the clean-up, or run less often.`,
    },
  } as const satisfies Partial<Record<AlertName, Alert>>;
}

/** The absent rule of one cluster; the answer of the expression has no label. */
function absentOf(cluster: string, queries: Queries, options: MonitoringOptions): Alert {
  return {
    expr: absent(queries, options, cluster),
    labels: { [labelOf('k8s.cluster.name')]: cluster },
    forRuns: 2,
    severity: 'critical',
    summary: `${cluster}: vtepwatch has not reported for ${memoryInWords(options)}, or never`,
    description:
      'The backend has no data of this cluster: it is not deployed, or no telemetry arrives.',
  };
}

/** Without `max`, a matcher of the selector would be a label of the answer, with its dots. */
function absent({ spelling }: Queries, { memory }: MonitoringOptions, cluster?: string): string {
  const matchers = cluster === undefined ? {} : { 'k8s.cluster.name': cluster };
  const selector = spelling.selector('vtepwatch.check.last_success.timestamp', matchers);
  return `max(absent_over_time(${selector}[${memory}]))`;
}

/** The rules of an alert: one, but an absent rule for each cluster that the options name. */
export function rulesOf(
  name: AlertName,
  queries: Queries,
  options: MonitoringOptions,
): readonly Alert[] {
  const { clusters } = options;
  return name === 'VtepwatchAbsent' && clusters.length > 0
    ? clusters.map((cluster) => absentOf(cluster, queries, options))
    : [alertsOf(queries, options)[name]];
}

/** The alert's section, below the folder of the runbook. */
export function runbookSection(name: AlertName): string {
  return `RUNBOOK.md#${name.toLowerCase()}`;
}

/** The groups of a rules file, as Prometheus, Mimir, vmalert and the Prometheus operator know them. */
export function ruleGroups(queries: Queries, options: MonitoringOptions) {
  const rules = ALERT_NAMES.flatMap((name) =>
    rulesOf(name, queries, options).map((alert) => ({
      alert: name,
      expr: alert.expr,
      ...(alert.forRuns === undefined
        ? {}
        : { for: promDuration(alert.forRuns * options.scheduleSeconds) }),
      labels: { severity: alert.severity, ...alert.labels },
      annotations: {
        summary: alert.summary,
        description: alert.description,
        runbook_url: options.runbookBase + runbookSection(name),
      },
    })),
  );
  return { groups: [{ name: 'vtepwatch', rules }] };
}
