import { describe, expect, test } from 'vitest';
import type { Report, ReportedIncident } from '../../../../shared/contract/report.ts';
import type { MetricName } from '../../../../shared/contract/telemetry.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { FIGURES, LOST_MASTER, REPORT } from './sample-run.ts';

/** `master1 4/5`: nodes that are cut off from others, from how many, of how many that were checked. */
function lossesOf(report: Partial<Report>, figures = FIGURES): readonly string[] {
  const points = pointsOf({ ...REPORT, ...report }, figures);
  const of = (metric: MetricName): ReadonlyMap<string, number> =>
    new Map(
      points.flatMap((point) =>
        point.metric === metric && 'k8s.node.name' in point.attributes
          ? [[point.attributes['k8s.node.name'], point.value]]
          : [],
      ),
    );
  const checked = of('vtepwatch.node.checked_peers');
  return [...of('vtepwatch.node.lost_peers')].flatMap(([node, lost]) =>
    lost > 0 ? [`${node} ${lost}/${checked.get(node)}`] : [],
  );
}

function lossesWith(...changes: readonly Partial<ReportedIncident>[]): readonly string[] {
  return lossesOf({ incidents: changes.map((change) => ({ ...LOST_MASTER, ...change })) });
}

describe('the loss of a node', () => {
  test.for<[string, Partial<ReportedIncident>, readonly string[]]>([
    ["a column is its subject's, and not that of its observers", {}, ['master1 4/4']],
    [
      "a row is its observer's, and not that of its subjects",
      { scope: 'observer', subject: undefined, observers: ['node1'] },
      ['node1 4/4'],
    ],
    [
      'a pair has two ends',
      { scope: 'pair', observers: ['node1'], missingPeers: 1 },
      ['master1 1/4', 'node1 1/4'],
    ],
    ['a suspicion is none yet', { phase: 'suspected' }, []],
    ['what is resolved is none', { phase: 'resolved' }, []],
    ['what works until it ages is none', { cause: 'neighbour-not-permanent' }, []],
    ['nor is what costs no peer', { missingPeers: 0 }, []],
  ])('%s', ([, incident, losses]) => {
    expect(lossesWith(incident)).toEqual(losses);
  });

  test('of two incidents the worse counts', () => {
    expect(lossesWith({}, { scope: 'observer', observers: ['master1'], missingPeers: 1 })).toEqual([
      'master1 4/4',
    ]);
  });

  test('a fault of the whole cluster costs every node what its tables say', () => {
    const incident = { ...LOST_MASTER, scope: 'cluster', subject: undefined } as const;
    const half = { checkedPeers: 4, missingPeers: NONE, lostPeers: 2, ghostEntries: 0 };
    const nodes = new Map([...FIGURES.nodes, ['node1', half]]);
    expect(lossesOf({ incidents: [incident] }, { ...FIGURES, nodes })).toEqual([
      'master1 4/4',
      'node1 2/4',
    ]);
  });

  test('an open incident costs what was last reported, while nobody can be checked', () => {
    const figures = { ...FIGURES, nodes: new Map() };
    expect(lossesOf({ incidents: [LOST_MASTER] }, figures)).toEqual(['master1 4/4']);
  });
});

describe('the nodes that a cause cuts off', () => {
  const nodesOf = (...changes: readonly Partial<ReportedIncident>[]): readonly string[] =>
    pointsOf(
      { ...REPORT, incidents: changes.map((change) => ({ ...LOST_MASTER, ...change })) },
      FIGURES,
    ).flatMap((point) =>
      point.metric === 'vtepwatch.cause.nodes'
        ? [`${point.attributes['vtepwatch.cause']}: ${point.value}`]
        : [],
    );

  test.for<[string, readonly Partial<ReportedIncident>[], readonly string[]]>([
    ['one node is one', [{}], ['neighbour-missing: 1']],
    [
      'each counts once, whatever number of incidents it has',
      [{}, { scope: 'observer', subject: undefined, observers: ['master1', 'node1'] }],
      ['neighbour-missing: 2'],
    ],
    ['what is resolved counts no node', [{ phase: 'resolved' }], ['neighbour-missing: 0']],
    ['a suspicion has no series', [{ phase: 'suspected' }], []],
    ['a warning that pages nobody cuts off none', [{ cause: 'ghost-entry' }], ['ghost-entry: 0']],
    [
      'a slow API server cuts off none',
      [{ cause: 'slow-control-plane' }],
      ['slow-control-plane: 0'],
    ],
  ])('%s', ([, incidents, wanted]) => {
    expect(nodesOf(...incidents)).toEqual(wanted);
  });
});

const NONE = { neighbour: 0, fdb: 0, route: 0 };
