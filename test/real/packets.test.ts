import { describe, expect, it } from 'vitest';
import { DEPLOYMENTS } from './cluster/cluster.ts';
import { useCluster } from './use-cluster.ts';

/** What a rule of this host's own drops, of the packets of VXLAN. */
function dropping(hook: 'input' | 'output', match: string): string {
  return `nft 'add table inet t; add chain inet t c { type filter hook ${hook} priority 0; }; add rule inet t c udp dport 8472 ${match} drop'`;
}

const NO_RULE = 'nft delete table inet t';

describe('packets between real hosts', () => {
  const the = useCluster({
    flanneld: 'newer',
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0, w3: 0 },
    reader: 'default',
  });

  it('all come back in a converged cluster', async () => {
    await the.look();
    const looks = await the.look();
    for (const deployment of DEPLOYMENTS) {
      const { verdict, packets } = looks[deployment].report;
      expect(verdict).toBe('healthy');
      expect(packets).toMatchObject({ lost: 0, untried: [] });
      expect(packets?.ways).toBeGreaterThan(10);
    }
  });

  it.for([
    ['dropped one way', dropping('input', ''), NO_RULE, undefined],
    [
      'larger than the underlay carries',
      'ip link set eth0 mtu 1400',
      'ip link set eth0 mtu 1500 && ip route flush cache',
      'large-packets',
    ],
    [
      'with a checksum that the network card gets wrong',
      dropping('output', '@th,312,8 6 @th,504,8 & 4 == 0'),
      NO_RULE,
      'connections',
    ],
  ] as const)('%s', async ([, fault, repair, loss]) => {
    await the.cluster.on('w1', fault);
    await the.look();
    const looks = await the.look();
    for (const deployment of DEPLOYMENTS) {
      const { report, pages } = looks[deployment];
      expect(report.incidents.map((one) => [one.subject, one.cause, one.phase, one.loss])).toEqual([
        ['w1', 'overlay-blackhole', 'open', loss],
      ]);
      expect(pages.map(({ attributes: { kind } }) => kind)).toEqual(['opened']);
    }
    await the.cluster.on('w1', repair);
    expect(await the.healed()).toBe(true);
  });
});
