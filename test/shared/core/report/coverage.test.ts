import { describe, expect, test } from 'vitest';
import { clusterSchema } from '../../../../infra/cluster.ts';
import type { Coverage } from '../../../../shared/contract/report.ts';
import type { RosterEntry } from '../../../../shared/core/facts.ts';
import { judge } from '../../../../shared/core/judge.ts';
import {
  coverageOf,
  type OptionalIntegrations,
  withoutSubscribers,
} from '../../../../shared/core/report/coverage.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';

const ALL: OptionalIntegrations = { telemetry: true, channels: ['sns'] };

function covered(
  seen: Cluster,
  {
    integrations = ALL,
    roster = [],
  }: {
    integrations?: OptionalIntegrations;
    roster?: readonly RosterEntry[];
  } = {},
): Coverage {
  const facts = seen.facts({ roster });
  return coverageOf(facts, judge(facts), integrations);
}

function withKubeconfig(seen: Cluster, node: string): Cluster {
  return seen.answer(node, (answer) => ({
    ...answer,
    host: { ...answer.host, kubeconfig: '/etc/kubernetes/admin.conf' },
  }));
}

function remembered(node: string, changes: Partial<RosterEntry> = {}): RosterEntry {
  return { node, vteps: [], master: false, lastSeen: NOW, devices: [], ...changes };
}

const gapsOf = ({ gaps }: Coverage): readonly string[] => gaps.map(({ missing }) => missing);

describe('a cluster of which all is seen', () => {
  test('has no gap', () => {
    const seen = withKubeconfig(cluster(3).listed(), 'master1');
    expect(covered(seen)).toEqual({
      outside: [],
      masters: ['master1'],
      channels: ['sns'],
      gaps: [],
    });
  });
});

describe('a node that Kubernetes lists', () => {
  test('and that never answered is outside, and its tables are missed', () => {
    const coverage = covered(cluster(4).listed().silence('node1'));
    expect(coverage.outside).toEqual(['node1']);
    expect(coverage.gaps).toContainEqual({
      missing: 'hosts',
      adds: expect.stringMatching(/^the tables of node1: Kubernetes lists/),
      causes: [],
    });
  });

  test('and that answered an earlier run is unknown, and not outside', () => {
    const roster = [remembered('node1', { instanceId: 'mi-00000000000000142' })];
    const coverage = covered(cluster(4).listed().silence('node1'), { roster });
    expect(coverage.outside).toEqual([]);
    expect(gapsOf(coverage)).not.toContain('hosts');
  });

  test('is one of very many: a sentence names ten of them, the list all', () => {
    const names = cluster(40).names.slice(3);
    const coverage = covered(
      cluster(40)
        .listed()
        .silence(...names),
    );
    expect(coverage.outside).toHaveLength(37);
    expect(coverage.gaps[0]?.adds).toMatch(/ and 27 more: /);
  });
});

describe('masters', () => {
  test('are those with an admin kubeconfig, silent ones as they are remembered', () => {
    const seen = withKubeconfig(cluster(6).listed(), 'master3').silence('master1');
    const roster = [
      remembered('master1', { master: true, instanceId: 'mi-1' }),
      // It was one, and has answered without a kubeconfig.
      remembered('node1', { master: true }),
    ];
    expect(covered(seen, { roster }).masters.toSorted()).toEqual(['master1', 'master3']);
  });
});

describe('what was not given is a gap, with what it would add', () => {
  test('the node list, and the causes that only annotations tell apart', () => {
    const { gaps } = covered(withKubeconfig(cluster(3), 'master1'));
    expect(gaps).toEqual([
      {
        missing: 'kubernetes',
        adds: expect.stringContaining('a node list'),
        causes: ['mac-drift', 'stale-mac'],
      },
    ]);
  });

  test('masters, and an OTLP endpoint', () => {
    const integrations = { telemetry: false, channels: ['sns'] };
    const coverage = covered(cluster(3).listed(), { integrations });
    expect(gapsOf(coverage)).toEqual(['masters', 'telemetry']);
  });

  test('names keys of cdk.json that there are', () => {
    const integrations = { telemetry: false, channels: ['sns'] };
    const { gaps } = withoutSubscribers(covered(cluster(3), { integrations }));
    const keys = gaps.flatMap(({ adds }) => /(\w+) in cdk\.json/.exec(adds)?.[1] ?? []);
    expect(keys).toEqual(['kubeconfigParameter', 'kubeconfigPaths', 'telemetry', 'paging']);
    expect(Object.keys(clusterSchema.shape)).toEqual(expect.arrayContaining(keys));
  });
});

describe('a topic without a subscription', () => {
  const seen = withKubeconfig(cluster(3).listed(), 'master1');

  test('is a gap where it is the only channel', () => {
    const coverage = withoutSubscribers(covered(seen));
    expect(coverage.gaps).toMatchObject([
      { missing: 'paging', adds: expect.stringContaining('nobody is paged') },
    ]);
  });

  test.for(['pagerduty', 'webhook'])('is none beside %s', (other) => {
    const integrations = { telemetry: true, channels: ['sns', other] };
    expect(withoutSubscribers(covered(seen, { integrations })).gaps).toEqual([]);
  });
});
