import { SEVERITIES, TABLES } from '../../contract/causes.ts';
import type { Table } from '../../contract/causes.ts';
import type { Latency, Report } from '../../contract/report.ts';
import {
  CAUSE_SERIES_MAX,
  ERROR_TYPES,
  type ErrorType,
  NODE_STATES,
  type Point,
} from '../../contract/telemetry.ts';
import { lossesOf } from './losses.ts';
import { nodeStates } from './node-states.ts';
import { plain } from './plain.ts';

/** What the report does not say and the gauges need. */
export interface RunFigures {
  readonly durationSeconds: number;
  /** Unix time at which the run ended. */
  readonly endedAtSeconds: number;
  /** Every node that was judged, by its name in the report. */
  readonly nodes: ReadonlyMap<string, NodeFigures>;
  /** Hosts without a usable answer; a reason that is not named counts 0. */
  readonly failures: Readonly<Partial<Record<ErrorType, number>>>;
  /** The most orchestration directories on any one host; undefined when no host told. */
  readonly orchestrationDirectories: number | undefined;
}

export interface NodeFigures {
  /** Peers whose entries for this node could be judged. */
  readonly checkedPeers: number;
  /** How many of these hold no correct entry for it, in each table. */
  readonly missingPeers: Readonly<Record<Table, number>>;
  /** Peers in whose row or column a table is wrong, whoever is to blame; the larger of the two. */
  readonly lostPeers: number;
  /** Entries that this node itself holds for VTEPs of no live node; undefined when not counted. */
  readonly ghostEntries: number | undefined;
}

/**
 * The gauges of one run. Zeros are explicit, so that healthy and unknown differ: a node that could
 * not be judged has no `missing_peers`, and 0 checked peers.
 */
export function pointsOf(report: Report, figures: RunFigures): readonly Point[] {
  return [
    ...nodePoints(report, figures),
    ...nodeCountPoints(report),
    ...controlPlanePoints(report),
    ...incidentPoints(report),
    ...causePoints(report),
    ...runPoints(report, figures),
  ];
}

/** How the report names the one request whose time is a gauge. */
const GET_NODES = 'kubectl get nodes';

function nodePoints(report: Report, { nodes }: RunFigures): readonly Point[] {
  const losses = lossesOf(report, nodes);
  return [...report.hosts.observed, ...report.hosts.unknown].flatMap((name): readonly Point[] => {
    const attributes = { 'k8s.cluster.name': report.cluster, 'k8s.node.name': plain(name) };
    const node = nodes.get(name);
    const loss = losses.get(name);
    const checked = Math.max(node?.checkedPeers ?? 0, loss?.checkedPeers ?? 0);
    const points: Point[] = [
      { metric: 'vtepwatch.node.checked_peers', value: checked, attributes },
    ];
    if (checked > 0) {
      const value = loss?.lostPeers ?? 0;
      points.push({ metric: 'vtepwatch.node.lost_peers', value, attributes });
    }
    if (node === undefined) return points;

    for (const table of node.checkedPeers === 0 ? [] : TABLES) {
      points.push({
        metric: 'vtepwatch.node.missing_peers',
        value: node.missingPeers[table],
        attributes: { ...attributes, 'vtepwatch.table': table },
      });
    }
    if (node.ghostEntries !== undefined) {
      const value = node.ghostEntries;
      points.push({ metric: 'vtepwatch.node.ghost_entries', value, attributes });
    }
    return points;
  });
}

function nodeCountPoints(report: Report): readonly Point[] {
  const states = nodeStates(report);
  return NODE_STATES.map((state) => ({
    metric: 'vtepwatch.node.count',
    value: [...states.values()].filter((other) => other === state).length,
    attributes: { 'k8s.cluster.name': report.cluster, 'vtepwatch.node.state': state },
  }));
}

/** After so long a master's own probe gives up on its API server, as does everybody who types it. */
export const GIVEN_UP_SECONDS = 60;

/**
 * A master may have two latencies, an earlier run's late answer and this run's: the worse counts. One
 * that has not answered this run may still do so: the next run tells. One that has not answered the
 * run before took at least as long as was waited, and with a minute of it does not answer at all.
 */
function controlPlanePoints(report: Report): readonly Point[] {
  const told = report.latencies.filter((one) => one.request === GET_NODES && tells(one, report));
  return [...Map.groupBy(told, ({ node }) => node)].flatMap(([node, latencies]) => {
    const attributes = { 'k8s.cluster.name': report.cluster, 'k8s.node.name': plain(node) };
    const points: Point[] = [];
    const ended = latencies.filter((one) => !isWaiting(one));
    if (ended.length > 0) {
      const value = ended.every(({ outcome }) => outcome === 'answered') ? 1 : 0;
      points.push({ metric: 'vtepwatch.control_plane.reachable', value, attributes });
    }
    const timed = latencies.filter((one) => one.outcome === 'answered' || isWaiting(one));
    if (timed.length > 0) {
      const value = Math.max(...timed.map(({ seconds }) => seconds));
      points.push({ metric: 'vtepwatch.control_plane.response_time', value, attributes });
    }
    return points;
  });
}

/** The silence of a host that answers nothing at all says nothing of its API server. */
function tells({ node, outcome, askedAt }: Latency, { hosts }: Report): boolean {
  return outcome !== 'no-answer' || (askedAt !== undefined && !hosts.unknown.includes(node));
}

function isWaiting({ outcome, seconds }: Latency): boolean {
  return outcome === 'no-answer' && seconds < GIVEN_UP_SECONDS;
}

function incidentPoints(report: Report): readonly Point[] {
  const open = report.incidents.filter(({ phase }) => phase === 'open');
  return SEVERITIES.map((severity) => ({
    metric: 'vtepwatch.incident.active',
    value: open.filter((one) => one.severity === severity).length,
    attributes: { 'k8s.cluster.name': report.cluster, 'vtepwatch.severity': severity },
  }));
}

/**
 * A zero for each of all causes would cost more series than the cluster has to spend, so a cause
 * comes with its first incident, and its series ends with the zero of the run that resolves the last.
 */
function causePoints(report: Report): readonly Point[] {
  const told = report.incidents.filter(({ phase }) => phase !== 'suspected');
  return [...Map.groupBy(told, ({ cause }) => cause)]
    .map(([cause, alike]): Point => ({
      metric: 'vtepwatch.cause.incidents',
      value: alike.filter(({ phase }) => phase === 'open').length,
      attributes: { 'k8s.cluster.name': report.cluster, 'vtepwatch.cause': cause },
    }))
    .toSorted((one, other) => other.value - one.value)
    .slice(0, CAUSE_SERIES_MAX);
}

function runPoints(report: Report, figures: RunFigures): readonly Point[] {
  const attributes = { 'k8s.cluster.name': report.cluster };
  const points: Point[] = ERROR_TYPES.map((type) => ({
    metric: 'vtepwatch.command.failures',
    value: figures.failures[type] ?? 0,
    attributes: { ...attributes, 'error.type': type },
  }));
  points.push({
    metric: 'vtepwatch.check.duration_last',
    value: figures.durationSeconds,
    attributes,
  });
  if (report.verdict !== 'unjudged') {
    points.push({
      metric: 'vtepwatch.check.last_success.timestamp',
      value: figures.endedAtSeconds,
      attributes,
    });
  }
  if (figures.orchestrationDirectories !== undefined) {
    points.push({
      metric: 'vtepwatch.agent.orchestration_directories',
      value: figures.orchestrationDirectories,
      attributes,
    });
  }
  return points;
}
