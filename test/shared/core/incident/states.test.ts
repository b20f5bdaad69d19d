import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../../shared/core/run/report.ts';
import type { Device } from '../../../../shared/core/overlay/vtep.ts';
import { type Answer, cluster, type Cluster } from '../../../support/cluster.ts';
import { confirm } from '../../../../shared/core/run/confirm.ts';
import { dueForSecondLook, secondLookOf } from '../../../../shared/core/run/second-look.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { findings } from '../../../support/findings.ts';
import { announced, decisions, remembered } from '../../../support/runs.ts';

const six = cluster(6).listed();

function withSetting(setting: Partial<Device>, ...nodes: readonly string[]): Cluster {
  const edit = (answer: Answer): Answer => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, ...setting })),
    },
  });
  return nodes.reduce((seen, node) => seen.answer(node, edit), six);
}

function withMtu(mtu: number, ...nodes: readonly string[]): Cluster {
  return withSetting({ mtu }, ...nodes);
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

describe('an incident of a state that pages', () => {
  const cutOff = withSetting({ port: 4789 }, 'node1');
  const KEY = 'subject/node1/vxlan-mismatch';

  test('opens once a second look confirms it, and has one page and one end', async () => {
    const made = await decisions([
      { sees: cutOff, confirmed: false },
      { sees: cutOff },
      { sees: cutOff },
      { sees: cutOff.silence('node1') },
      { sees: six },
      { sees: six },
    ]);
    expect(made.map((one) => announced(one).join())).toEqual([
      '',
      `opened! ${KEY}`,
      '',
      '',
      '',
      `resolved! ${KEY}`,
    ]);
  });

  test('asks its node again, which must show the same', () => {
    const facts = cutOff.facts();
    const judgement = judge(facts);
    const due = dueForSecondLook(facts, judgement, []);
    const look = secondLookOf(due, judgement, facts.limits);
    expect(look.instanceIds).toContain(instanceOf('node1'));
    const sure = (seen: Cluster): readonly boolean[] => {
      const observations = seen
        .facts()
        .observations.map((one) =>
          one.kind === 'tables'
            ? { ...one, host: { ...one.host, uptimeSeconds: (one.host.uptimeSeconds ?? 0) + 10 } }
            : one,
        );
      const confirmed = confirm(judgement, due, { ...look, observations });
      return confirmed.judgement.findings.map(confirmed.confirms);
    };
    expect([sure(cutOff), sure(cutOff.silence('node1')), sure(six)]).toEqual([[true], [false], []]);
  });

  test('is another one than that of the entries for its node', async () => {
    const both = cutOff.lose('neighbour', { subject: 'node1' });
    const made = await decisions([{ sees: both }, { sees: cutOff }, { sees: cutOff }]);
    expect(made.map((one) => announced(one).join())).toEqual([
      `opened! ${KEY},opened! subject/node1`,
      '',
      'resolved! subject/node1',
    ]);
  });

  test('of half of the nodes is one page', async () => {
    const half = withSetting({ port: 4789 }, 'node1', 'node2', 'node3');
    const [first] = await decisions([{ sees: half }]);
    expect(first && announced(first)).toEqual(['opened! cluster/vxlan-mismatch']);
    expect(first?.pages[0]?.subject).toBe(
      '[CRITICAL] prod: 6 of 6 nodes unreachable: master1, ... (vxlan-mismatch)',
    );
  });

  test('goes with its node', async () => {
    const gone = cluster(5).listed();
    const made = await decisions([
      { sees: withSetting({ port: 4789 }, 'node3') },
      { sees: gone },
      { sees: gone },
    ]);
    expect(made.flatMap(announced)).toEqual([
      'opened! subject/node3/vxlan-mismatch',
      'resolved! subject/node3/vxlan-mismatch',
    ]);
  });
});

function instanceOf(node: string): string | undefined {
  return six
    .facts()
    .observations.flatMap((one) =>
      one.kind === 'tables' && one.host.node === node ? (one.host.instanceId ?? []) : [],
    )[0];
}
