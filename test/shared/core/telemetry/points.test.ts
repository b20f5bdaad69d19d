import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { TABLES } from '../../../../shared/contract/causes.ts';
import type { Report, ReportedIncident } from '../../../../shared/contract/report.ts';
import {
  ATTRIBUTES,
  type MetricName,
  METRICS,
  type Point,
} from '../../../../shared/contract/telemetry.ts';
import type { Latency } from '../../../../shared/core/latency.ts';
import { GIVEN_UP_SECONDS, pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { FIGURES, latency, LOST_MASTER, REPORT } from './sample-run.ts';

const PROBE = path.join(import.meta.dirname, '../../../../shared/contract/probe/latency.sh');

/** `node1 fdb: 0`, for every point of one metric: its attributes without the cluster, its value. */
function shown(points: readonly Point[], metric: MetricName): readonly string[] {
  return points
    .filter((point) => point.metric === metric)
    .map(({ attributes: { 'k8s.cluster.name': _cluster, ...rest }, value }) =>
      `${Object.values(rest).join(' ')}: ${value}`.trim(),
    );
}

describe('points of a run', () => {
  const points = pointsOf(REPORT, FIGURES);

  test('every checked node has a value for every table, zeros too', () => {
    expect(shown(points, 'vtepwatch.node.missing_peers')).toEqual(
      ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'].flatMap((node) =>
        TABLES.map((table) => `${node} ${table}: ${node + table === 'master1neighbour' ? 4 : 0}`),
      ),
    );
    expect(shown(points, 'vtepwatch.node.ghost_entries')).toEqual([
      'master1: 0',
      'master2: 0',
      'master3: 0',
      'node1: 0',
      'node2: 2',
    ]);
  });

  test('a silent host is checked by its peers, and nobody knows its ghosts', () => {
    expect(shown(points, 'vtepwatch.node.checked_peers')).toContain('node3: 5');
    const ghosts = points.filter(({ metric }) => metric === 'vtepwatch.node.ghost_entries');
    expect(ghosts.map(({ attributes }) => nodeOf(attributes))).not.toContain('node3');
  });

  test('a node that no peer could check has no missing peers either', () => {
    const alone = pointsOf(
      { ...REPORT, hosts: { observed: ['node1'], unknown: [] } },
      {
        ...FIGURES,
        nodes: new Map([
          [
            'node1',
            {
              checkedPeers: 0,
              missingPeers: { neighbour: 0, fdb: 0, route: 0 },
              lostPeers: 0,
              ghostEntries: undefined,
            },
          ],
        ]),
      },
    );
    expect(shown(alone, 'vtepwatch.node.missing_peers')).toEqual([]);
    expect(shown(alone, 'vtepwatch.node.checked_peers')).toEqual(['node1: 0']);
    expect(shown(alone, 'vtepwatch.node.lost_peers')).toEqual([]);
    expect(shown(alone, 'vtepwatch.node.ghost_entries')).toEqual([]);
  });

  test('all four verdicts are sent, and add up to the cluster', () => {
    expect(shown(points, 'vtepwatch.node.count')).toEqual([
      'ok: 4',
      'degraded: 0',
      'isolated: 1',
      'unknown: 1',
    ]);
  });

  test.for<[string, Partial<typeof LOST_MASTER>, string]>([
    ['a critical column isolates its subject', {}, 'ok 4, degraded 0, isolated 1'],
    ['a warning degrades it', { severity: 'warning' }, 'ok 4, degraded 1, isolated 0'],
    ['information leaves it ok', { severity: 'info' }, 'ok 5, degraded 0, isolated 0'],
    ['a suspected fault counts', { phase: 'suspected' }, 'ok 4, degraded 0, isolated 1'],
    ['a resolved one does not', { phase: 'resolved' }, 'ok 5, degraded 0, isolated 0'],
    ['nor one that costs no peer', { missingPeers: 0 }, 'ok 5, degraded 0, isolated 0'],
    [
      'a row isolates its observer',
      { scope: 'observer', subject: undefined, observers: ['node1'] },
      'ok 4, degraded 0, isolated 1',
    ],
    [
      'a pair has two ends',
      { scope: 'pair', observers: ['node1'], severity: 'warning' },
      'ok 3, degraded 2, isolated 0',
    ],
    [
      'an unknown node stays unknown, whatever its peers say of it',
      { subject: 'node3' },
      'ok 5, degraded 0, isolated 0',
    ],
  ])('%s', ([, change, counts]) => {
    const report = { ...REPORT, incidents: [{ ...LOST_MASTER, ...change }] };
    const sent = shown(pointsOf(report, FIGURES), 'vtepwatch.node.count');
    expect(sent.slice(0, 3).join(', ').replaceAll(':', '')).toBe(counts);
    expect(sent[3]).toBe('unknown: 1');
  });

  test('open incidents are counted by severity, zeros too', () => {
    const suspected = { ...LOST_MASTER, phase: 'suspected' } as const;
    const resolved = { ...LOST_MASTER, phase: 'resolved' } as const;
    const incidents = [LOST_MASTER, suspected, resolved];
    const sent = shown(pointsOf({ ...REPORT, incidents }, FIGURES), 'vtepwatch.incident.active');
    expect(sent).toEqual(['critical: 1', 'warning: 0', 'info: 0']);
  });

  test.for<[string, readonly ReportedIncident[], readonly string[]]>([
    ['a cluster without incidents has no causes', [], []],
    ['a suspicion is none', [{ ...LOST_MASTER, phase: 'suspected' }], []],
    ['an open incident has one', [LOST_MASTER], ['neighbour-missing: 1']],
    [
      'the run that resolves the last one ends its series with a zero',
      [{ ...LOST_MASTER, phase: 'resolved' }],
      ['neighbour-missing: 0'],
    ],
    [
      'of two the other stays',
      [LOST_MASTER, { ...LOST_MASTER, phase: 'resolved' }],
      ['neighbour-missing: 1'],
    ],
  ])('%s', ([, incidents, causes]) => {
    const sent = pointsOf({ ...REPORT, incidents: [...incidents] }, FIGURES);
    expect(shown(sent, 'vtepwatch.cause.incidents')).toEqual(causes);
  });

  test('a master that has not answered this run yet has no value: the next run may have one', () => {
    expect(shown(points, 'vtepwatch.control_plane.reachable')).toEqual([
      'master1: 1',
      'master2: 1',
    ]);
    expect(shown(points, 'vtepwatch.control_plane.response_time')).toEqual([
      'master1: 45.1',
      'master2: 0.21',
    ]);
  });

  test('a master that failed is not reachable, and has no time', () => {
    const latencies = [latency('master1', 'failed', 60)];
    const sent = pointsOf(REPORT, { ...FIGURES, latencies });
    expect(shown(sent, 'vtepwatch.control_plane.reachable')).toEqual(['master1: 0']);
    expect(shown(sent, 'vtepwatch.control_plane.response_time')).toEqual([]);
  });

  describe('a master that has not answered the run before', () => {
    const silent = (seconds: number): Latency => ({
      ...latency('master3', 'no-answer', seconds),
      askedAt: Date.UTC(2026, 10, 23, 9),
    });
    const sentOf = (late: Latency, hosts = REPORT.hosts): readonly string[] => {
      const sent = pointsOf({ ...REPORT, hosts }, { ...FIGURES, latencies: [late] });
      return [
        ...shown(sent, 'vtepwatch.control_plane.reachable').map((one) => `reachable ${one}`),
        ...shown(sent, 'vtepwatch.control_plane.response_time').map((one) => `time ${one}`),
      ];
    };

    test('took at least as long as was waited', () => {
      expect(sentOf(silent(12))).toEqual(['time master3: 12']);
    });

    test('to the command that asks for get nodes took as long', () => {
      const request = { kind: 'get-nodes-and-readyz' } as const;
      expect(sentOf({ ...silent(12), request })).toEqual(['time master3: 12']);
    });

    test('for its aggregated APIs may answer get nodes at once', () => {
      const request = { kind: 'aggregated-apis' } as const;
      expect(sentOf({ ...silent(75), request })).toEqual([]);
    });

    test('within its limit is not reachable, and has no time', () => {
      expect(sentOf(silent(60))).toEqual(['reachable master3: 0']);
      expect(sentOf(silent(75))).toEqual(['reachable master3: 0']);
    });

    test('nor the host anything else has no value: its agent may be gone', () => {
      const hosts = { observed: ['master1'], unknown: ['master3'] };
      expect(sentOf(silent(75), hosts)).toEqual([]);
    });

    test('is given up after the time after which its probe gives up', async () => {
      const script = await readFile(PROBE, 'utf8');
      expect(script).toMatch(new RegExp(`^GET_NODES_SECONDS=${GIVEN_UP_SECONDS}$`, 'm'));
    });
  });

  test("of an earlier run's late answer and this run's, the worse counts", () => {
    const latencies = [
      latency('master1', 'answered', 45.1),
      latency('master1', 'answered', 0.2),
      latency('master2', 'answered', 45.2),
      latency('master2', 'failed', 1),
    ];
    const sent = pointsOf(REPORT, { ...FIGURES, latencies });
    expect(shown(sent, 'vtepwatch.control_plane.reachable')).toEqual(['master1: 1', 'master2: 0']);
    expect(shown(sent, 'vtepwatch.control_plane.response_time')).toEqual([
      'master1: 45.1',
      'master2: 45.2',
    ]);
  });

  test('every reason for a missing answer is sent', () => {
    expect(shown(points, 'vtepwatch.command.failures')).toEqual([
      'timeout: 1',
      'undeliverable: 0',
      'access_denied: 0',
      'bad_output: 0',
      '_OTHER: 0',
    ]);
  });

  test('only a run with a verdict moves the time of the last success on', () => {
    const unjudged: Report = { ...REPORT, verdict: 'unjudged' };
    const metric = 'vtepwatch.check.last_success.timestamp';
    expect(shown(points, metric)).toEqual([': 1795424482.5']);
    expect(shown(pointsOf(unjudged, FIGURES), metric)).toEqual([]);
    expect(shown(pointsOf(unjudged, FIGURES), 'vtepwatch.check.duration_last')).toEqual([': 22.5']);
  });

  test('a name that a host made up is printable', () => {
    const hosts = { observed: ['n\u001b[31m\n'], unknown: [] };
    expect(shown(pointsOf({ ...REPORT, hosts }, FIGURES), 'vtepwatch.node.checked_peers')).toEqual([
      'n?[31m?: 0',
    ]);
  });
});

describe('points and the table', () => {
  test('every point has exactly the attributes of its metric, with allowed values', () => {
    for (const { metric, attributes } of pointsOf(REPORT, FIGURES)) {
      expect(Object.keys(attributes).toSorted()).toEqual(
        [...METRICS[metric].attributes].toSorted(),
      );
      const strange = Object.entries(attributes).filter(
        ([name, value]) => allowedValues(name)?.includes(value) === false,
      );
      expect(strange).toEqual([]);
    }
  });

  test('no two points are one series, and no series is for a pair', () => {
    const points = pointsOf(REPORT, FIGURES);
    const series = points.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
    expect(new Set(series).size).toBe(series.length);
    for (const { attributes } of Object.values(METRICS)) {
      expect(attributes.filter((name) => /node\.name|peer/.test(name)).length).toBeLessThan(2);
    }
  });
});

function nodeOf(attributes: Point['attributes']): string | undefined {
  return 'k8s.node.name' in attributes ? attributes['k8s.node.name'] : undefined;
}

function allowedValues(attribute: string): readonly unknown[] | undefined {
  const definition = Object.entries(ATTRIBUTES).find(([name]) => name === attribute)?.[1];
  return definition !== undefined && 'values' in definition ? definition.values : undefined;
}
