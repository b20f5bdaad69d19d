import { SEVERITIES, TABLES, wakes } from '../../contract/causes.ts';
import type { Report, ReportedIncident } from '../../contract/report.ts';
import {
  CAUSE_SERIES_MAX,
  ERROR_TYPES,
  NODE_STATES,
  type NodeState,
  type Point,
} from '../../contract/telemetry.ts';
import { isOfApi } from '../diagnose/causes.ts';
import type { Latency, LatencyRequest } from '../latency.ts';
import { shortAscii } from '../plain-text.ts';
import type { HostFigures, NodeFigures } from './figures.ts';

/** What the gauges need that the report does not have, or has as text alone. */
export interface RunFigures extends HostFigures {
  /** The masters' latencies as last known. */
  readonly latencies: readonly Latency[];
  readonly durationSeconds: number;
  /** Unix time at which the run ended. */
  readonly endedAtSeconds: number;
}

/**
 * The gauges of one run. Zeros are explicit, so that healthy and unknown differ: a node that was not
 * checked has no `missing_peers`, and 0 checked peers.
 */
export function pointsOf(report: Report, figures: RunFigures): readonly Point[] {
  return [
    ...nodePoints(report, figures),
    ...nodeCountPoints(report),
    ...controlPlanePoints(report, figures),
    ...incidentPoints(report),
    ...causePoints(report, figures),
    ...runPoints(report, figures),
  ];
}

/** The nodes of which enough is read. Of a Windows node that is what the others hold of it. */
function readNodes({ hosts, overlay }: Report): readonly string[] {
  return [...hosts.observed, ...(overlay?.windows ?? [])];
}

function nodePoints(report: Report, { nodes }: RunFigures): readonly Point[] {
  const losses = lossesOf(report, nodes);
  return [...readNodes(report), ...report.hosts.unknown].flatMap((name): readonly Point[] => {
    const attributes = { 'k8s.cluster.name': report.cluster, 'k8s.node.name': shortAscii(name) };
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

/** How far a node is cut off, and by how many peers that is known. */
interface Loss {
  readonly lostPeers: number;
  readonly checkedPeers: number;
}

const NO_LOSS: Loss = { lostPeers: 0, checkedPeers: 0 };

/**
 * What the open incidents cost their own nodes. A node that merely lost a broken peer is not charged:
 * one broken host is one node's loss, and not that of all. An incident stays open while its hosts
 * cannot be read, and then counts as it was last reported.
 */
function lossesOf(
  report: Report,
  nodes: ReadonlyMap<string, NodeFigures>,
): ReadonlyMap<string, Loss> {
  const losses = new Map<string, Loss>();
  for (const incident of report.incidents) {
    for (const [name, loss] of openLossesOf(incident, nodes)) {
      const worst = losses.get(name) ?? NO_LOSS;
      losses.set(name, {
        lostPeers: Math.max(worst.lostPeers, loss.lostPeers),
        checkedPeers: Math.max(worst.checkedPeers, loss.checkedPeers),
      });
    }
  }
  return losses;
}

/** What is not open costs nothing, nor does a fault that pages nobody. */
function openLossesOf(
  incident: ReportedIncident,
  nodes: ReadonlyMap<string, NodeFigures>,
): readonly (readonly [string, Loss])[] {
  if (incident.phase !== 'open' || !wakes(incident)) return [];
  return chargedBy(incident, nodes);
}

/** A fault of the whole cluster, or of a group, counts hosts, not peers: there a node has what its tables say. */
function chargedBy(
  incident: ReportedIncident,
  nodes: ReadonlyMap<string, NodeFigures>,
): readonly (readonly [string, Loss])[] {
  const { scope, missingPeers, checkedPeers, cause } = incident;
  if (missingPeers === 0 || isOfApi(cause)) return [];
  if (scope === 'cluster') return [...nodes];
  if (scope === 'group') {
    const own = new Set(victims(incident));
    return [...nodes].filter(([name]) => own.has(name));
  }
  return victims(incident).map((name) => [name, { lostPeers: missingPeers, checkedPeers }]);
}

/** The nodes that a fault is about: the observers of a column are healthy, and only show it. */
function victims({
  scope,
  subject,
  subjects = [],
  observers,
}: ReportedIncident): readonly string[] {
  const accused = subject === undefined ? subjects : [subject];
  switch (scope) {
    case 'subject':
      return accused;
    case 'observer':
      return observers;
    case 'group':
      return accused.length > 0 ? accused : observers;
    case 'pair':
    case 'cluster':
      return [...accused, ...observers];
  }
}

function nodeCountPoints(report: Report): readonly Point[] {
  const states = [...nodeStates(report).values()];
  return NODE_STATES.map((state) => ({
    metric: 'vtepwatch.node.count',
    value: states.filter((other) => other === state).length,
    attributes: { 'k8s.cluster.name': report.cluster, 'vtepwatch.node.state': state },
  }));
}

/** The state of every node of the report: the worst that any of its faults gives it. */
function nodeStates(report: Report): ReadonlyMap<string, NodeState> {
  const states = new Map<string, NodeState>(readNodes(report).map((name) => [name, 'ok']));
  for (const incident of report.incidents) {
    const state = stateWithin(incident);
    if (state === undefined) continue;
    for (const name of victims(incident)) {
      if (states.has(name) && states.get(name) !== 'isolated') states.set(name, state);
    }
  }
  for (const name of report.hosts.unknown) states.set(name, 'unknown');
  return states;
}

/** A fault that costs no peer, as a slow API server, says nothing of the overlay. */
function stateWithin(incident: ReportedIncident): NodeState | undefined {
  const { phase, missingPeers, cause } = incident;
  if (phase === 'resolved' || missingPeers === 0 || isOfApi(cause)) return undefined;
  switch (incident.severity) {
    case 'critical':
      return 'isolated';
    case 'warning':
      return 'degraded';
    case 'info':
      return undefined;
  }
}

/** After so long a master's own probe gives up on its API server. */
export const GIVEN_UP_SECONDS = 60;

/**
 * A master may have two latencies, an earlier run's late answer and this run's: the worse counts. One
 * that has not answered this run may still do so, which the next run sees. One that has not answered
 * the run before took at least as long as was waited, and after a minute it counts as unreachable.
 */
function controlPlanePoints(report: Report, { latencies }: RunFigures): readonly Point[] {
  const known = latencies.filter((one) => isOfGetNodes(one.request) && counts(one, report));
  return [...Map.groupBy(known, ({ node }) => node)].flatMap(([node, ofNode]) => {
    const attributes = { 'k8s.cluster.name': report.cluster, 'k8s.node.name': shortAscii(node) };
    const points: Point[] = [];
    const ended = ofNode.filter((one) => !isWaiting(one));
    if (ended.length > 0) {
      const value = ended.every(({ outcome }) => outcome === 'answered') ? 1 : 0;
      points.push({ metric: 'vtepwatch.control_plane.reachable', value, attributes });
    }
    const timed = ofNode.filter((one) => one.outcome === 'answered' || isWaiting(one));
    if (timed.length > 0) {
      const value = Math.max(...timed.map(({ seconds }) => seconds));
      points.push({ metric: 'vtepwatch.control_plane.response_time', value, attributes });
    }
    return points;
  });
}

/** The one request whose time is a gauge, and the command whose silence may be its own. */
function isOfGetNodes({ kind }: LatencyRequest): boolean {
  return kind === 'get-nodes' || kind === 'get-nodes-and-readyz';
}

/** The silence of a host that answers nothing at all says nothing of its API server. */
function counts({ node, outcome, askedAt }: Latency, { hosts }: Report): boolean {
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
function causePoints(report: Report, { nodes }: RunFigures): readonly Point[] {
  const confirmed = report.incidents.filter(({ phase }) => phase !== 'suspected');
  return [...Map.groupBy(confirmed, ({ cause }) => cause)]
    .map(([cause, alike]) => ({
      attributes: { 'k8s.cluster.name': report.cluster, 'vtepwatch.cause': cause },
      open: alike.filter(({ phase }) => phase === 'open').length,
      alike,
    }))
    .toSorted((one, other) => other.open - one.open)
    .slice(0, CAUSE_SERIES_MAX)
    .flatMap(({ attributes, open, alike }): readonly Point[] => [
      { metric: 'vtepwatch.cause.incidents', value: open, attributes },
      { metric: 'vtepwatch.cause.nodes', value: cutOffBy(alike, nodes), attributes },
    ]);
}

/** How many nodes these incidents cut off from others, each counted once. */
function cutOffBy(
  incidents: readonly ReportedIncident[],
  nodes: ReadonlyMap<string, NodeFigures>,
): number {
  const losses = incidents.flatMap((incident) => openLossesOf(incident, nodes));
  return new Set(losses.filter(([, { lostPeers }]) => lostPeers > 0).map(([name]) => name)).size;
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
  // What was read and contradicts itself is no reason to say that nothing was checked.
  if (report.verdict !== 'unjudged' || report.checked?.enough === true) {
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
