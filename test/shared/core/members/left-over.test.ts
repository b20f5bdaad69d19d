import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import type { Device, Tables } from '../../../../shared/core/overlay/vtep.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';

const SIX = cluster(6).listed();

function onNode2(edit: (tables: Tables) => Tables): Cluster {
  return SIX.answer('node2', (answer) => ({ ...answer, tables: edit(answer.tables) }));
}

function leftOn(damaged: Cluster): readonly string[] {
  const { findings, problems } = judge(damaged.facts());
  expect(findings).toEqual([]);
  return problems.filter(({ where }) => where === 'overlay').map(({ message }) => message);
}

/** A second device of flannel's, down, which nothing uses. */
function second(device: Device): Device {
  return { ...device, name: 'flannel.2', vni: 2, index: 9, up: false, addresses: [] };
}

describe('a device that was left behind is information, and no fault', () => {
  test('of another VNI', () => {
    const beside = onNode2(({ devices = [], ...tables }) => ({
      ...tables,
      devices: [...devices, ...devices.map(second)],
    }));
    expect(leftOn(beside)).toEqual([
      'flannel.2, a device of another overlay or VNI than the one that is checked, is on node2. If it was left behind, it can be deleted',
    ]);
  });

  test('of another overlay', () => {
    const calico = onNode2((tables) => ({
      ...tables,
      anomalies: [{ what: 'device', device: 'vxlan.calico' }],
    }));
    expect(leftOn(calico)[0]).toMatch(/^vxlan\.calico, .* is on node2\./);
  });

  test('is not named where a host calls a device what no overlay does', () => {
    const odd = onNode2((tables) => ({
      ...tables,
      anomalies: [{ what: 'device', device: 'eth9' }],
    }));
    expect(leftOn(odd)).toEqual([]);
  });

  test('where there is none', () => {
    expect(leftOn(SIX)).toEqual([]);
  });
});
