import { describe, expect, it } from 'vitest';
import { useCluster } from './use-cluster.ts';

describe('host-gw', () => {
  const the = useCluster({
    flanneld: 'newer',
    backend: { Type: 'host-gw' },
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0 },
    reader: 'default',
  });

  it('a cluster without VXLAN is not called healthy', async () => {
    await the.expectSaid('host-gw', ['unjudged']);
    expect(await the.cluster.on('w1', 'ip -o link show type vxlan')).toBe('');
  });
});
