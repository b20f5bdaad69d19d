import { describe, expect, it } from 'vitest';
import { DEVICE, useCluster } from './use-cluster.ts';

const HEALTHY = ['healthy'];
const backend = { Type: 'vxlan', DirectRouting: true } as const;

describe('DirectRouting on one subnet', () => {
  const the = useCluster({
    flanneld: 'newer',
    backend,
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0, w3: 0 },
    reader: 'kubeconfig',
  });

  it('a converged cluster is healthy', async () => {
    await the.expectSaid('DirectRouting on one subnet', HEALTHY);
    expect(await the.cluster.reaches('w1', 'm1')).toBe(true);
  });

  it('one peer loses its direct route to another', async () => {
    const { podCidr, underlayIp } = the.cluster.host('m1');
    await the.cluster.on('w1', `ip route del ${podCidr}`);
    await the.expectSaid('one peer loses a direct route', [
      'incident',
      'pair/w1:m1 direct-route-missing warning open 1/4',
      'page opened pair/w1:m1',
    ]);
    expect(await the.typeFix()).toEqual([]);
    await the.printed(['w1'], `ip route show ${podCidr}`, `${podCidr} via ${underlayIp} dev eth0`);
  });
});

describe('DirectRouting on two subnets', () => {
  const the = useCluster({
    flanneld: 'newer',
    backend,
    hosts: { m1: 0, w1: 0, w2: 0, m2: 1, w3: 1, w4: 1 },
    reader: 'kubeconfig',
  });

  it('a converged cluster is healthy', async () => {
    await the.expectSaid('DirectRouting on two subnets', HEALTHY);
    expect(await the.cluster.reaches('w1', 'w2')).toBe(true);
    expect(await the.cluster.reaches('w1', 'w3')).toBe(true);
  });

  it('the other subnet loses the neighbour entries of a node', async () => {
    const { tunnelIp } = the.cluster.host('m1');
    for (const peer of ['m2', 'w3', 'w4']) {
      await the.cluster.on(peer, `ip neigh del ${tunnelIp} dev ${DEVICE}`);
    }
    await the.expectSaid('node lost by the other subnet', [
      'incident',
      'subject/m1 neighbour-missing critical open 3/5',
      'page opened subject/m1',
    ]);
    await the.expectFixedAsSaid('node lost by the other subnet');
    expect(await the.cluster.reaches('w3', 'm1')).toBe(true);
  });
});
