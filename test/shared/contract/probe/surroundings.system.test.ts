import { describe, expect, test } from 'vitest';
import { parseHostAnswer } from '../../../../shared/core/parse/host-answer.ts';
import { need } from '../latency/need.ts';
import { AWKS, programsOf } from './awks.ts';
import { WITH_IPV6 } from './generated-tables.ts';
import { peers } from './peers.ts';
import { answering, joined } from './recorded-tools.ts';
import { type Ended, payloadOf, runProbe } from './run-probe.ts';
import { hostRoot, programs } from './scratch.ts';

/** What a host has around its overlay, as `ip` prints it. */
interface Around {
  readonly links?: readonly string[];
  readonly addresses?: readonly string[];
  readonly routes?: readonly string[];
  readonly routes6?: readonly string[];
  /** What flannel wrote down. */
  readonly subnetEnv?: string;
  readonly version?: string;
}

const FLANNEL =
  '3: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue \\    link/ether ' +
  '8a:11:11:11:11:01 brd ff:ff:ff:ff:ff:ff \\    vxlan id 1 local 192.168.50.1 dev eth0 dstport 8472 nolearning ';

const OWN_ADDRESSES = [
  '1: lo    inet 127.0.0.1/8 scope host lo',
  '1: lo    inet6 ::1/128 scope host ',
  '2: eth0    inet 192.168.50.1/24 brd 192.168.50.255 scope global eth0',
  '3: flannel.1    inet 10.42.3.0/32 scope global flannel.1',
];

const CNI0 = '4: cni0    inet 10.42.3.1/24 brd 10.42.3.255 scope global cni0';

const OWN_ROUTES = [
  'default via 192.168.50.254 dev eth0 proto dhcp metric 100 ',
  '10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink ',
  '10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink ',
  '10.42.9.0/24 via 10.42.9.0 dev flannel.1 onlink ',
  '192.168.50.0/24 dev eth0 proto kernel scope link src 192.168.50.1 ',
];

const OF_CNI0 = '10.42.3.0/24 dev cni0 proto kernel scope link src 10.42.3.1 ';

const WRITTEN = 'FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.3.1/24\nFLANNEL_MTU=1450\n';

function toolsOf({ links = [FLANNEL], version = 'ip utility, iproute2-6.1.0', ...rest }: Around) {
  const { addresses = OWN_ADDRESSES, routes = OWN_ROUTES, routes6 = [] } = rest;
  const ip = answering({
    '-V': `${version}\n`,
    '-d -o link show type vxlan': joined(links),
    '-o addr show': joined(addresses.map((line) => `${line}\\       valid_lft forever`)),
    'neigh show nud all': '',
    '-4 route show': joined(routes),
    '-6 route show': joined(routes6),
  });
  return programs({ ip, bridge: answering({ 'fdb show': '' }) });
}

async function answered(around: Around, action = 'digest', awk: readonly string[] = []) {
  const root = hostRoot({
    ...(around.routes6 === undefined ? {} : WITH_IPV6),
    ...(around.subnetEnv === undefined ? {} : { 'run/flannel/subnet.env': around.subnetEnv }),
  });
  return await runProbe({ action, path: [...awk, toolsOf(around)], root });
}

/** The records of what is around the overlay. */
function aroundIn(ended: Ended): readonly string[] {
  return payloadOf(ended).filter((line) => /^(?:bridge|address|anomaly|cut) /.test(line));
}

async function found(around: Around): Promise<readonly string[]> {
  return aroundIn(await answered(around));
}

async function anomalies(around: Around): Promise<readonly string[]> {
  return (await found(around)).filter((line) => /^(?:anomaly|cut) /.test(line));
}

const NONE = ['cut -'] as const;

describe('what every healthy host has is no anomaly', () => {
  const HOSTS: Readonly<Record<string, Around>> = {
    'flannel with its bridge': {
      addresses: [...OWN_ADDRESSES, CNI0],
      routes: [...OWN_ROUTES, `${OF_CNI0}linkdown `],
      subnetEnv: WRITTEN,
    },
    'k3s, whose bridge shows how many pods a node has': {
      addresses: [...OWN_ADDRESSES, CNI0, '9: veth1a2b@if2    inet 10.42.3.7/24 scope global x'],
      routes: [...OWN_ROUTES, OF_CNI0],
    },
    'canal, whose pods have a route each': {
      addresses: [...OWN_ADDRESSES, '5: docker0    inet 172.17.0.1/16 scope global docker0'],
      routes: [
        ...OWN_ROUTES,
        '10.42.3.2 dev cali1a2b3c4d5e6 scope link ',
        '10.42.3.3 dev pod7 scope link ',
        '172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown ',
      ],
    },
    'direct routes to nodes in one network, before flannel wrote anything down': {
      routes: ['10.42.0.0/24 via 192.168.50.2 dev eth0 ', ...OWN_ROUTES],
    },
    'nothing but direct routes': {
      routes: [
        '10.42.0.0/24 via 192.168.50.2 dev eth0 ',
        '10.42.1.0/24 via 192.168.50.3 dev eth0 ',
      ],
      subnetEnv: WRITTEN,
    },
    'routes of the company around the pods': {
      routes: [
        ...OWN_ROUTES,
        '10.0.0.0/8 via 192.168.50.7 dev eth0 ',
        'unreachable 10.0.0.0/8 metric 9999 ',
        '10.43.0.0/16 dev wg0 scope link ',
      ],
    },
    'blocks of Calico': {
      routes: [
        ...OWN_ROUTES,
        'blackhole 10.42.3.64/26 proto 80 ',
        'blackhole 10.42.3.0/26 proto bird ',
      ],
    },
    'Calico with its own device': {
      links: [FLANNEL.replace('flannel.1', 'vxlan.calico')],
      addresses: ['5: vxlan.calico    inet 10.42.3.64/32 scope global vxlan.calico'],
      routes: [
        '10.42.1.64/26 via 10.42.1.64 dev vxlan.calico onlink ',
        '10.42.2.64/26 via 192.168.50.2 dev eth0 proto 80 onlink ',
        'blackhole 10.42.3.64/26 proto 80 ',
        '10.42.3.65 dev cali1a2b3c4d5e6 scope link ',
      ],
    },
    'services of kube-proxy, and the node-local DNS': {
      addresses: [
        ...OWN_ADDRESSES,
        ...Array.from(
          { length: 30 },
          (_, at) => `8: kube-ipvs0    inet 10.96.0.${at}/32 scope global kube-ipvs0`,
        ),
        '9: nodelocaldns    inet 169.254.20.10/32 scope global nodelocaldns',
      ],
    },
    'dual stack': {
      addresses: [
        ...OWN_ADDRESSES,
        '4: flannel-v6.1    inet6 2001:db8:42:3::/128 scope global ',
        '2: eth0    inet6 2001:db8:1::5/64 scope global ',
        '4: cni0    inet6 2001:db8:42:3::1/64 scope global ',
      ],
      routes6: [
        '2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium',
        '2001:db8:42:1::/64 via 2001:db8:42:1:: dev flannel-v6.1 metric 1024 onlink pref medium',
        '2001:db8:42:3:: dev flannel-v6.1 proto kernel metric 256 pref medium',
        '2001:db8:42:3::/64 dev cni0 proto kernel metric 256 pref medium',
        'unreachable 2001:db8:42::/48 dev lo metric 1024 pref medium',
        'fe80::/64 dev eth0 proto kernel metric 256 pref medium',
      ],
    },
  };

  test.for(Object.entries(HOSTS))('%s', async ([_kind, around]) => {
    expect(await anomalies(around)).toEqual(NONE);
  });
});

describe('what is in the way of the pod network', () => {
  const HINDERED: Readonly<Record<string, readonly [Around, readonly string[]]>> = {
    'a route that sends the pods of this host into the tunnel': [
      { routes: [...OWN_ROUTES, '10.42.3.0/24 via 10.42.3.0 dev flannel.1 onlink '] },
      ['anomaly route flannel.1 10.42.3.0/24'],
    ],
    'a route of an earlier installation over the pods of this host': [
      { routes: [...OWN_ROUTES, '10.42.3.0/24 via 192.168.50.9 dev eth0 '], subnetEnv: WRITTEN },
      ['anomaly route eth0 10.42.3.0/24'],
    ],
    'a route to a part of another node’s pods': [
      { routes: [...OWN_ROUTES, '10.42.2.128/25 via 192.168.50.9 dev eth0 '] },
      ['anomaly route eth0 10.42.2.128/25'],
    ],
    'an interface in another node’s pods': [
      { routes: [...OWN_ROUTES, '10.42.2.0/24 dev eth1 proto kernel scope link src 10.42.2.9 '] },
      ['anomaly network eth1 10.42.2.0/24'],
    ],
    'an interface whose network the pods are in': [
      { routes: [...OWN_ROUTES, '10.0.0.0/8 dev eth1 proto kernel scope link src 10.9.9.9 '] },
      ['anomaly network eth1 10.0.0.0/8'],
    ],
    'blackholes, of nobody’s blocks': [
      {
        routes: [...OWN_ROUTES, 'blackhole 10.42.2.0/24 ', 'unreachable 10.42.3.0/25 '],
        subnetEnv: WRITTEN,
      },
      ['anomaly unreachable - 10.42.3.0/25', 'anomaly blackhole - 10.42.2.0/24'],
    ],
    'devices of other overlays': [
      {
        links: [FLANNEL, '7: cilium_vxlan: <BROADCAST> mtu 1500 \\ vxlan external dstport 8472 '],
        addresses: [...OWN_ADDRESSES, '8: weave    inet 10.32.0.1/12 scope global weave'],
      },
      ['anomaly device cilium_vxlan -', 'anomaly device weave -'],
    ],
    'Docker beside the bridge of the pods': [
      {
        addresses: [...OWN_ADDRESSES, CNI0, '5: docker0    inet 10.42.0.1/16 scope global docker0'],
        routes: [
          ...OWN_ROUTES,
          OF_CNI0,
          '10.42.0.0/16 dev docker0 proto kernel scope link src 10.42.0.1 ',
        ],
        subnetEnv: WRITTEN,
      },
      ['anomaly network docker0 10.42.0.0/16'],
    ],
    'a network of IPv6': [
      {
        addresses: [...OWN_ADDRESSES, '4: flannel-v6.1    inet6 2001:db8:42:3::/128 scope global '],
        routes6: [
          '2001:db8:42:1::/64 via 2001:db8:42:1:: dev flannel-v6.1 metric 1024 onlink pref medium',
          '2001:db8:42:1:8000::/65 dev eth1 proto kernel metric 256 pref medium',
        ],
      },
      ['anomaly network eth1 2001:db8:42:1:8000::/65'],
    ],
  };

  test.for(Object.entries(HINDERED))('%s', async ([_what, [around, records]]) => {
    expect(await anomalies(around)).toEqual([...records, ...NONE]);
  });

  test('what is nearest comes first, and what gives way is named', async () => {
    const near = Array.from({ length: 3 }, (_, at) => `blackhole 10.42.3.${at * 16}/28 `);
    const far = Array.from({ length: 2 }, (_, at) => `blackhole 10.42.1.${at * 16}/28 `);
    expect(await anomalies({ routes: [...far, ...OWN_ROUTES, ...near] })).toEqual([
      'anomaly blackhole - 10.42.3.0/28',
      'anomaly blackhole - 10.42.3.16/28',
      'anomaly blackhole - 10.42.3.32/28',
      'anomaly blackhole - 10.42.1.0/28',
      'cut anomaly',
    ]);
  });

  test('a host with more other routes than are looked at does not know of the rest', async () => {
    const routes = Array.from({ length: 65 }, (_, at) => `10.50.${at}.0/24 dev eth1 scope link `);
    expect(await anomalies({ routes: [...OWN_ROUTES, ...routes] })).toEqual(['cut anomaly']);
  });

  test('busybox does not show whose blackholes they are', async () => {
    const version = 'BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1) multi-call binary.';
    const routes = [...OWN_ROUTES, 'blackhole 10.42.3.64/26 '];
    expect(await anomalies({ version, routes })).toEqual(['cut anomaly']);
  });
});

describe('addresses and bridge', () => {
  test('the address that the overlay uses comes first, those of containers last', async () => {
    const addresses = [
      '1: docker0    inet 172.17.0.1/16 scope global docker0',
      '5: eth1    inet 10.9.9.9/24 scope global eth1',
      ...OWN_ADDRESSES,
      CNI0,
    ];
    expect(await found({ addresses })).toEqual([
      'bridge cni0 10.42.3.1/24',
      'address eth0 192.168.50.1/24',
      'address eth1 10.9.9.9/24',
      'address docker0 172.17.0.1/16',
      'cut -',
    ]);
  });

  test('docker0 is the bridge where there is no other and it lies in the pod network', async () => {
    const docker = (cidr: string): readonly string[] => [
      ...OWN_ADDRESSES,
      `5: docker0    inet ${cidr} scope global docker0`,
    ];
    const routes = [...OWN_ROUTES, '10.42.3.0/24 dev docker0 proto kernel scope link '];
    const own = { addresses: docker('10.42.3.1/24'), routes, subnetEnv: WRITTEN };
    expect((await found(own))[0]).toBe('bridge docker0 10.42.3.1/24');
    expect(await anomalies(own)).toEqual(NONE);
    const other = { addresses: docker('172.17.0.1/16'), subnetEnv: WRITTEN };
    expect((await found(other)).filter((line) => line.startsWith('bridge'))).toEqual([]);
  });

  test('of more than eight addresses the rest is cut', async () => {
    const more = Array.from(
      { length: 9 },
      (_, at) => `7: eth1    inet 10.9.${at}.9/24 scope global eth1`,
    );
    const records = await found({ addresses: [...more, ...OWN_ADDRESSES] });
    expect(records[0]).toBe('address eth0 192.168.50.1/24');
    expect(records.slice(1)).toHaveLength(8);
    expect(records.at(-1)).toBe('cut address');
  });

  test.for(['ev$il', 'a;reboot', 'ünder'])('an interface named %s is unknown', async (name) => {
    const addresses = [...OWN_ADDRESSES, `7: ${name}    inet 10.9.9.9/24 scope global ${name}`];
    const routes = [...OWN_ROUTES, `10.42.2.0/24 dev ${name} scope link `];
    expect(await found({ addresses, routes })).toEqual([
      'address eth0 192.168.50.1/24',
      'cut bridge,address,anomaly',
    ]);
  });

  test.for(['10.9.9.999/24', '10.9.9.9/33', '10.9.9.9/024', '1::2::3/64', '::ffff:10.0.0.1/96'])(
    'the address %s is unknown',
    async (cidr) => {
      const family = cidr.includes(':') ? 'inet6' : 'inet';
      const addresses = [...OWN_ADDRESSES, `7: eth1    ${family} ${cidr} scope global eth1`];
      const ended = await answered({ addresses });
      expect(aroundIn(ended)).toEqual(['address eth0 192.168.50.1/24', 'cut bridge,address']);
      const read = parseHostAnswer('digest', { instanceId: 'mi-1', text: ended.stdout });
      expect(read.kind).toBe('digest');
    },
  );

  test('what could not be read is unknown', async () => {
    expect(await found({ addresses: ['nonsense'] })).toEqual(['cut bridge,address,anomaly']);
    expect(await found({ routes: ['nonsense'] })).toEqual([
      'address eth0 192.168.50.1/24',
      'cut anomaly',
    ]);
  });
});

const FULL: Around = {
  links: [
    FLANNEL,
    FLANNEL.replace('3: flannel.1', '4: flannel-v6.1').replace(
      '192.168.50.1',
      '2600:1f18:1234:5678:9abc:def0:1234:5678',
    ),
  ],
  addresses: [
    ...OWN_ADDRESSES,
    '4: flannel-v6.1    inet6 2001:db8:42:ffff::/128 scope global ',
    '2: eth0    inet6 2600:1f18:1234:5678:9abc:def0:1234:5678/64 scope global ',
    '4: cni0    inet 10.42.7.1/24 scope global cni0',
    '4: cni0    inet6 2001:db8:42:7::1/64 scope global ',
    ...[1, 2, 3].map(
      (at) => `7: enp125s${at}    inet 172.29.215.20${at}/22 scope global enp125s${at}`,
    ),
    ...[1, 2, 3].map(
      (at) =>
        `7: enp125s${at}    inet6 2600:1f18:1234:5678:9abc:def0:1234:${at}678/64 scope global `,
    ),
  ],
  routes: [
    ...OWN_ROUTES,
    ...[0, 1, 2, 3].map((at) => `10.42.3.${at * 16}/28 via 172.29.215.9 dev enp125s1 `),
  ],
  routes6: [
    '2001:db8:42:1::/64 via 2001:db8:42:1:: dev flannel-v6.1 metric 1024 onlink pref medium',
  ],
};

describe('the answer', () => {
  test('has room for all of it in two families', async () => {
    const ended = await answered(FULL);
    const kinds = aroundIn(ended).map((line) => line.split(' ')[0]);
    expect(kinds.join(' ')).toBe(`bridge bridge${' address'.repeat(8)}${' anomaly'.repeat(4)} cut`);
    expect(aroundIn(ended).at(-1)).toBe('cut -');
    expect(ended.stdout.length).toBeLessThan(2500);
  });

  test('gives up what is least, and the host stays known, where its name is long', async () => {
    const name = `${'n'.repeat(60)}.`.repeat(4).slice(0, -1);
    const root = hostRoot({
      ...WITH_IPV6,
      'proc/sys/kernel/hostname': `${name}\n`,
      [`etc/${'k'.repeat(80)}/admin.conf`]: '',
    });
    const ended = await runProbe({ action: 'digest', path: [toolsOf(FULL)], root });
    expect(payloadOf(ended)).toContain(`host ${name}`);
    expect(aroundIn(ended).at(-1)).toBe('cut anomaly');
    expect(ended.stdout.length).toBeLessThan(2500);
    const read = parseHostAnswer('digest', { instanceId: 'mi-1', text: ended.stdout });
    if (read.kind !== 'digest') throw new Error('the host is unknown');
    expect(read.surroundings?.anomalies).toBeUndefined();
    expect(read.surroundings?.bridges).toHaveLength(2);
  });

  test.for(['ipv4', 'ipv6'] as const)('has all of it at 5,000 peers: %s', async (family) => {
    const { neighbours, fdb, routes, routes6 } = peers(5000, family);
    const printed = (lines: readonly { readonly printed: string }[]): readonly string[] =>
      lines.map((line) => line.printed);
    const ip = answering({
      '-V': 'ip utility, iproute2-6.1.0\n',
      '-d -o link show type vxlan': joined(FULL.links ?? []),
      '-o addr show': joined((FULL.addresses ?? []).map((line) => `${line}\\  valid_lft forever`)),
      'neigh show nud all': joined(printed(neighbours)),
      '-4 route show': joined([...printed(routes), ...(FULL.routes ?? [])]),
      '-6 route show': joined([...printed(routes6), ...(FULL.routes6 ?? [])]),
    });
    const bridge = answering({ 'fdb show': joined(printed(fdb)) });
    const root = hostRoot({ ...WITH_IPV6, 'run/flannel/subnet.env': WRITTEN });
    const ended = await runProbe({ action: 'digest', path: [programs({ ip, bridge })], root });
    expect(aroundIn(ended)).toHaveLength(15);
    expect(aroundIn(ended).at(-1)).toBe('cut -');
    expect(ended.stdout.length).toBeLessThan(2500);
  });

  test.for(['digest', 'tables', 'entries'] as const)(
    'to %s is the same by every awk',
    async (action, { skip }) => {
      need(skip, ...AWKS);
      const answers = await Promise.all(
        AWKS.map(async (awk) => aroundIn(await answered(FULL, action, [programsOf(awk)]))),
      );
      expect(answers[0]).toHaveLength(15);
      for (const other of answers) expect(other).toEqual(answers[0]);
    },
  );
});
