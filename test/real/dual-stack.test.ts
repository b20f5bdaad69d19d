import { describe, expect, it } from 'vitest';
import { useCluster } from './use-cluster.ts';

const HEALTHY = ['healthy'];
const DEVICE6 = 'flannel-v6.1';

describe.for(['older', 'newer'] as const)('dual stack, with the %s flannel', (flanneld) => {
  const the = useCluster({
    flanneld,
    families: 'dual',
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0, w3: 0 },
    reader: flanneld === 'older' ? 'default' : 'kubeconfig',
  });

  it('a converged cluster is healthy', async () => {
    await the.expectSaid('dual stack', HEALTHY);
    expect(await the.cluster.reaches('w1', 'm1', 'ipv4')).toBe(true);
    expect(await the.cluster.reaches('w1', 'm1', 'ipv6')).toBe(true);
  });

  it('all peers lose the IPv6 neighbour entry of a node', async () => {
    const { tunnelIp6 } = the.cluster.host('m1');
    for (const peer of ['m2', 'w1', 'w2', 'w3']) {
      await the.cluster.on(peer, `ip -6 neigh del ${tunnelIp6} dev ${DEVICE6}`);
    }
    await the.expectSaid('all peers lose an IPv6 neighbour entry', [
      'incident',
      'subject/m1 neighbour-missing critical open 4/4',
      'page opened subject/m1',
    ]);
    await the.expectFixedAsSaid('all peers lose an IPv6 neighbour entry');
    expect(await the.cluster.reaches('w1', 'm1', 'ipv6')).toBe(true);
  });

  it('the IPv6 device alone is deleted', async () => {
    await the.cluster.on('w1', `ip link delete ${DEVICE6}`);
    await the.expectSaid('IPv6 device deleted', [
      'incident',
      'observer/w1 device-missing critical open 4/4',
      'page opened observer/w1',
    ]);
    expect(await the.cluster.reaches('w1', 'm1', 'ipv4')).toBe(true);
    expect(await the.cluster.reaches('w1', 'm1', 'ipv6')).toBe(false);
    await the.expectFixedAsSaid('IPv6 device deleted');
    expect(await the.cluster.reaches('w1', 'm1', 'ipv6')).toBe(true);
  });
});
