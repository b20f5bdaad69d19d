import { expect, test } from 'vitest';
import { anomaliesIn } from '../../../../shared/core/parse/surroundings.ts';

const LISTING = `\
default via 192.168.50.254 dev eth0 proto dhcp
10.0.0.0/8 via 192.168.50.9 dev eth0
10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink
10.42.3.0/24 via 10.42.3.0 dev flannel.1 onlink
10.42.3.0/24 dev cni0 proto kernel scope link src 10.42.3.1
10.42.3.5 dev cali1234 scope link
10.42.4.0/24 dev eth1 proto kernel scope link src 10.42.4.9
blackhole 10.42.5.0/24
blackhole 10.42.3.64/26 proto 80
unreachable 10.42.6.0/24 metric 5
10.42.7.0/24 proto bgp metric 20
\tnexthop via 192.168.50.2 dev eth0 weight 1
`;

test('the networks, routes and dead ends of a listing are named, whatever they hinder', () => {
  expect(anomaliesIn(LISTING)).toEqual([
    { what: 'route', device: 'eth0', range: '10.0.0.0/8' },
    { what: 'route', device: 'flannel.1', range: '10.42.1.0/24' },
    { what: 'route', device: 'flannel.1', range: '10.42.3.0/24' },
    { what: 'network', device: 'eth1', range: '10.42.4.0/24' },
    { what: 'blackhole', range: '10.42.5.0/24' },
    { what: 'unreachable', range: '10.42.6.0/24' },
  ]);
});

test('of two routes to one destination the second is never used', () => {
  const own = '10.42.3.0/24 dev cni0 proto kernel scope link src 10.42.3.1\n';
  const ghost = '10.42.3.0/24 via 10.42.3.0 dev flannel.1 onlink\n';
  expect(anomaliesIn(own + ghost)).toEqual([]);
});

test('route -n does not show which routes are dead ends', () => {
  expect(
    anomaliesIn(
      '10.42.1.0       10.42.1.0       255.255.255.0   UG    0      0        0 flannel.1\n',
    ),
  ).toBeUndefined();
});
