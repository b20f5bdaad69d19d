import { describe, expect, test } from 'vitest';
import type { ReportedIncident } from '../../../../shared/contract/report.ts';
import { lossesOf } from '../../../../shared/core/telemetry/losses.ts';
import { FIGURES, LOST_MASTER, REPORT } from './sample-run.ts';

function lossesWith(...incidents: readonly Partial<ReportedIncident>[]): readonly string[] {
  const told = incidents.map((incident) => ({ ...LOST_MASTER, ...incident }));
  return [...lossesOf({ ...REPORT, incidents: told }, FIGURES.nodes)].map(
    ([node, { lostPeers, checkedPeers }]) => `${node} ${lostPeers}/${checkedPeers}`,
  );
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
    expect(
      lossesWith({ scope: 'cluster', subject: undefined, observers: ['node1', 'node2'] }),
    ).toEqual(['master1 4/4', 'master2 0/4', 'master3 0/4', 'node1 0/4', 'node2 0/4', 'node3 0/5']);
  });
});
