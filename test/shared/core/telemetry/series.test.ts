import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAUSES, SEVERITIES } from '../../../../shared/contract/causes.ts';
import type { Report, ReportedIncident } from '../../../../shared/contract/report.ts';
import { CAUSE_SERIES_MAX, type Point, SERIES_MAX } from '../../../../shared/contract/telemetry.ts';
import { hostFigures } from '../../../../shared/core/telemetry/figures.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Latency, LatencyRequest } from '../../../../shared/core/latency.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { cluster } from '../../../support/cluster.ts';
import { decisions } from '../../../support/runs.ts';
import { costlyRun } from './costly-run.ts';
import { FIGURES, LOST_MASTER, REPORT } from './sample-run.ts';

function bound(nodes: number, masters: number): number {
  return SERIES_MAX.node * nodes + SERIES_MAX.master * masters + SERIES_MAX.cluster;
}

/** Metric and attributes, whatever the value. */
function seriesIn(points: readonly Point[]): ReadonlySet<string> {
  return new Set(points.map(({ metric, attributes }) => JSON.stringify([metric, attributes])));
}

describe('the series of a run', () => {
  test.for([
    { nodes: 6, masters: 3, series: 81 },
    { nodes: 100, masters: 3, series: 645 },
    { nodes: 1000, masters: 5, series: 6049 },
  ])('$nodes nodes and $masters masters, with every incident at once: $series', (wanted) => {
    const { nodes, masters } = wanted;
    const { report, figures } = costlyRun(nodes, masters);
    const points = pointsOf(report, figures);
    expect(seriesIn(points).size).toBe(points.length);
    expect(points.length).toBe(wanted.series);
    expect(points.length).toBeLessThanOrEqual(bound(nodes, masters));
  });

  test('of more causes than have a place, those with the most incidents have one', () => {
    const first = CAUSES.slice(0, 1);
    const causes = [...CAUSES.slice(1), ...first, ...first];
    const incidents = causes.map((cause) => ({ ...LOST_MASTER, cause }));
    const sent = pointsOf({ ...REPORT, incidents }, FIGURES).filter(
      ({ metric }) => metric === 'vtepwatch.cause.incidents',
    );
    expect(sent).toHaveLength(CAUSE_SERIES_MAX);
    expect(sent[0]).toMatchObject({ value: 2, attributes: { 'vtepwatch.cause': CAUSES[0] } });
  });

  test('clusters of 6 and of 100 nodes keep to it, healthy and broken', async () => {
    for (const size of [6, 100]) {
      const healthy = cluster(size).listed();
      const broken = healthy
        .lose('neighbour', { subject: 'master1' })
        .lose('fdb', { observer: 'node1' })
        .silence('node2');
      for (const sees of [healthy, broken]) {
        const [decision] = await decisions([{ sees }]);
        if (decision === undefined) throw new Error('no decision');
        const { nodes } = hostFigures(judge(sees.facts()), []);
        const points = pointsOf(reportOf(decision), { ...FIGURES, nodes });
        expect(seriesIn(points).size).toBe(points.length);
        expect(points.length).toBeLessThanOrEqual(bound(size, 0));
      }
    }
  });

  test('no report of any kind costs more', () => {
    fc.assert(
      fc.property(anyReport, anyLatencies, (report, latencies) => {
        const points = pointsOf(report, { ...FIGURES, latencies });
        const nodes = report.hosts.observed.length + report.hosts.unknown.length;
        const masters = new Set(latencies.map(({ node }) => node)).size;
        expect(seriesIn(points).size).toBe(points.length);
        expect(points.length).toBeLessThanOrEqual(bound(nodes, masters));
      }),
    );
  });
});

const anyNode = fc.constantFrom('master1', 'master2', 'node1', 'node2', 'node3');

const anyIncident: fc.Arbitrary<ReportedIncident> = fc
  .record({
    cause: fc.constantFrom(...CAUSES),
    scope: fc.constantFrom('pair', 'subject', 'observer', 'cluster'),
    severity: fc.constantFrom(...SEVERITIES),
    phase: fc.constantFrom('suspected', 'open', 'resolved'),
    subject: fc.option(anyNode, { nil: undefined }),
    observers: fc.array(anyNode),
    missingPeers: fc.nat(5),
    checkedPeers: fc.nat(5),
  })
  .map((incident) => ({ ...LOST_MASTER, ...incident }));

const anyReport: fc.Arbitrary<Report> = fc
  .record({
    verdict: fc.constantFrom('healthy', 'incident', 'unjudged'),
    hosts: fc
      .uniqueArray(fc.tuple(anyNode, fc.boolean()), { selector: ([node]) => node })
      .map((nodes) => ({
        observed: nodes.filter(([, seen]) => seen).map(([node]) => node),
        unknown: nodes.filter(([, seen]) => !seen).map(([node]) => node),
      })),
    incidents: fc.array(anyIncident, { maxLength: 60 }),
  })
  .map((report) => ({ ...REPORT, ...report }));

const anyLatencies: fc.Arbitrary<readonly Latency[]> = fc.array(
  fc.record({
    node: anyNode,
    request: fc.constantFrom<LatencyRequest>({ kind: 'get-nodes' }, { kind: 'readyz' }),
    outcome: fc.constantFrom('answered', 'failed', 'no-answer'),
    seconds: fc.nat(60),
    detail: fc.constant(''),
  }),
);
