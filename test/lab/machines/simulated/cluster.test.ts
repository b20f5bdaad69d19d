import { describe, expect, test } from 'vitest';
import type { SimulatedHost } from '../../../../lab/machines/machine.ts';
import { simulateCluster } from '../../../../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../../../../lab/machines/simulated/hosts.ts';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { parseHostAnswer } from '../../../../shared/core/parse/host-answer.ts';
import { parseMasterAnswer } from '../../../../shared/core/parse/latency-answer.ts';

const SIZE = 30;
const ALL = [SIZE - 1, SIZE - 1, SIZE - 1];
const BOOT = Date.UTC(2026, 10, 26);

/** Thirty hosts whose clock the test sets. */
function timed() {
  let now = BOOT;
  const cluster = simulateCluster(simulatedHosts(SIZE, 1), { now: () => now });
  const wait = (seconds: number): void => {
    now += seconds * 1000;
  };
  return { cluster, wait, node1: () => read(cluster.hosts[1]) };
}

function read(host: SimulatedHost | undefined) {
  const { instanceId = '' } = host ?? {};
  const text = host?.answer(new Map([['Action', 'tables']])) ?? '';
  const answer = parseHostAnswer('tables', { instanceId, text });
  if (answer.kind !== 'tables') throw new Error(JSON.stringify(answer));
  const { neighbours, fdb, routes, devices } = answer.tables;
  return {
    sizes: [neighbours?.length, fdb?.length, routes?.length],
    devices: devices?.length,
    ...answer.host,
  };
}

describe('a simulated cluster', () => {
  test('suffers one thing after the other, and is well again', () => {
    const { cluster, node1 } = timed();
    expect(node1().sizes).toEqual(ALL);
    cluster.inflict({ kind: 'lost', tables: ['neighbour'], on: 'all', of: ['node3'] });
    cluster.inflict({ kind: 'lost', tables: ['route'], on: ['node1'], of: ['node3', 'node4'] });
    expect(node1().sizes).toEqual([SIZE - 2, SIZE - 1, SIZE - 3]);
    cluster.inflict({ kind: 'flannel-restarted', on: ['node1'] });
    expect(node1().sizes).toEqual(ALL);
    expect(read(cluster.hosts[5]).sizes).toEqual([SIZE - 2, SIZE - 1, SIZE - 1]);
    cluster.heal();
    expect(read(cluster.hosts[5]).sizes).toEqual(ALL);
  });

  test('has a host without a device and flanneld after a reboot, until flanneld starts', () => {
    const { cluster, wait, node1 } = timed();
    const before = node1();
    cluster.inflict({ kind: 'rebooted', on: ['node1'], flanneldSeconds: 30 });
    wait(20);
    expect(node1()).toMatchObject({ uptimeSeconds: 20, devices: 0, sizes: [0, 0, 0] });
    expect(node1().flanneldSeconds).toBeUndefined();
    expect(node1().bootId).not.toBe(before.bootId);
    wait(15);
    expect(node1()).toMatchObject({ uptimeSeconds: 35, flanneldSeconds: 5, sizes: ALL });
  });

  test('has hosts that join and leave', () => {
    const { cluster, node1 } = timed();
    const [host] = simulatedHosts(SIZE + 1, 1).slice(SIZE);
    if (host === undefined) throw new Error('no further host');
    cluster.inflict({ kind: 'joined', host });
    expect(node1().sizes).toEqual([SIZE, SIZE, SIZE]);
    expect(read(cluster.hosts[SIZE])).toMatchObject({ node: host.name, uptimeSeconds: 0 });
    cluster.inflict({ kind: 'left', on: [host.name, 'node2'] });
    expect(cluster.hosts).toHaveLength(SIZE - 1);
    expect(node1().sizes).toEqual([SIZE - 2, SIZE - 2, SIZE - 2]);
  });

  test('has half a table while flannel writes it', () => {
    const { cluster, node1 } = timed();
    cluster.inflict({ kind: 'half-written', on: ['node1'], share: 0.5 });
    expect(node1().sizes).toEqual(TABLES.map(() => SIZE / 2 - 1));
  });

  test('loses about the share of entries that it should, the same in each run', () => {
    const sizesBy = (seed: number) => {
      const cluster = simulateCluster(simulatedHosts(100));
      cluster.inflict({ kind: 'lost-at-random', share: 0.1, seed });
      return cluster.hosts.map((host) => read(host).sizes);
    };
    const held = sizesBy(1)
      .flat()
      .reduce((sum = 0, size = 0) => sum + size, 0);
    expect((held ?? 0) / (3 * 100 * 99)).toBeCloseTo(0.9, 1);
    expect(sizesBy(1)).toEqual(sizesBy(1));
    expect(sizesBy(2)).not.toEqual(sizesBy(1));
  });

  test('has masters whose API servers are well', () => {
    const [master] = timed().cluster.hosts;
    const text = master?.answer(new Map([['Action', 'latency']])) ?? '';
    const { value, problems } = parseMasterAnswer('latency', { node: 'master1', text });
    expect(problems).toEqual([]);
    expect(value.latencies.map(({ outcome }) => outcome)).toEqual(['answered', 'answered']);
  });
});
