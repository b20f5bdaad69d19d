import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { type Answer, cluster, type Cluster } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import { announced, decisions, remembered } from '../../../support/runs.ts';

const six = cluster(6).listed();

function withMtu(mtu: number, ...nodes: readonly string[]): Cluster {
  const edit = (answer: Answer): Answer => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, mtu })),
    },
  });
  return nodes.reduce((seen, node) => seen.answer(node, edit), six);
}

const odd = withMtu(1400, 'node1');

describe('a state of a node', () => {
  test('is a finding without cells, named by the node and its cause', () => {
    expect(findings(odd)).toEqual(['subject node1/mtu-mismatch mtu-mismatch 5/5 warning']);
  });

  test('is the cluster’s where half of the nodes are in it', () => {
    expect(findings(withMtu(1400, 'node1', 'node2', 'node3'))).toEqual([
      'cluster mtu-mismatch mtu-mismatch 6/6 warning',
    ]);
    expect(findings(withMtu(1400, 'node1', 'node2'))).toEqual([
      'subject node1/mtu-mismatch mtu-mismatch 4/5 warning',
      'subject node2/mtu-mismatch mtu-mismatch 4/5 warning',
    ]);
  });

  test('is another fault than a wrong entry for the same node', () => {
    expect(findings(odd.lose('neighbour', { subject: 'node1' }))).toEqual([
      'subject node1/mtu-mismatch mtu-mismatch 5/5 warning',
      'subject node1 neighbour-missing 5/5 critical',
    ]);
  });
});

describe('an incident of a state', () => {
  const seen = async (...runs: readonly Cluster[]) =>
    await decisions(runs.map((sees) => ({ sees, confirmed: false })));

  test('opens with its own key, and pages nobody where its cause pages nobody', async () => {
    const [first] = await seen(odd);
    expect(first && announced(first)).toEqual(['opened subject/node1/mtu-mismatch']);
    expect(first && reportOf(first).verdict).toBe('incident');
  });

  test('stays while its node is silent, and resolves when the node was seen without it twice', async () => {
    const made = await seen(odd, odd.silence('node1'), odd.silence('node1'), six, six);
    expect(made.map((one) => remembered(one).join())).toEqual([
      'subject/node1/mtu-mismatch open',
      'subject/node1/mtu-mismatch open',
      'subject/node1/mtu-mismatch open',
      'subject/node1/mtu-mismatch open',
      '',
    ]);
    expect(made.flatMap(announced)).toEqual([
      'opened subject/node1/mtu-mismatch',
      'resolved subject/node1/mtu-mismatch',
    ]);
  });

  test('does not open where the node does not answer', async () => {
    expect((await seen(odd.silence('node1'))).flatMap(announced)).toEqual([]);
  });

  test('of the cluster goes on under its key while it is seen, and ends with the last node', async () => {
    const three = withMtu(1400, 'node1', 'node2', 'node3');
    const made = await seen(three, three, withMtu(1400, 'node1'), six, six);
    expect(made.flatMap(announced)).toEqual([
      'opened cluster/mtu-mismatch',
      'updated cluster/mtu-mismatch',
      'resolved cluster/mtu-mismatch',
    ]);
  });
});
