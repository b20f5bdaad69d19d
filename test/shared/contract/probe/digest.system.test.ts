import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf, type PodNetworks } from '../../../../lab/digest-oracle.ts';
import { generatedTables, generatedTools, recordsOf, WITH_IPV6 } from './generated-tables.ts';
import { peers } from './peers.ts';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import { answering, joined, recordedIproute2 } from './recorded-tools.ts';
import { hostRoot, programs } from './scratch.ts';

const PEER = '8a:11:11:11:11:02';
const OLD = '8a:11:11:11:11:99';

/** What one host prints. */
interface Printed {
  readonly neighbours?: readonly string[];
  readonly fdb?: readonly string[];
  readonly routes?: readonly string[];
  readonly routes6?: readonly string[];
}

/** The digest's record of a host that prints this, and has these files. */
async function digestWhere(printed: Printed, files: Readonly<Record<string, string>> = {}) {
  const { neighbours = [], fdb = [], routes = [], routes6 = [] } = printed;
  const ip = answering({
    '-V': 'ip utility, iproute2-6.1.0\n',
    '-d -o link show type vxlan': '',
    '-o addr show': '',
    'neigh show nud all': joined(neighbours),
    '-4 route show': joined(routes),
    '-6 route show': joined(routes6),
  });
  const bridge = answering({ 'fdb show': joined(fdb) });
  const root = hostRoot({ ...WITH_IPV6, ...files });
  const ended = await runProbe({ action: 'digest', path: [programs({ ip, bridge })], root });
  return tablesOf(ended).join('\n');
}

describe('a digest', () => {
  test('it is what the contract makes of the entries, whatever they are', async () => {
    const root = hostRoot(WITH_IPV6);
    await fc.assert(
      fc.asyncProperty(generatedTables, async (tables) => {
        const ended = await runProbe({ action: 'digest', path: [generatedTools(tables)], root });
        expect(tablesOf(ended).at(-1)).toBe(digestOf(recordsOf(tables)));
      }),
      { numRuns: 40 },
    );
  });

  test('nothing held is a digest of nothing', async () => {
    expect(await digestWhere({})).toBe(`S 0 0 0 0 0 ${'A'.repeat(1280)}`);
  });

  test('the facts and devices come along, the entries do not', async () => {
    const path = [recordedIproute2('v7.1.0')];
    const ended = await runProbe({ action: 'digest', path, root: hostRoot({}) });
    const kinds = payloadOf(ended).map((line) => line.split(' ')[0]);
    expect(kinds.join(' ')).toBe('host boot install flanneld agent master tools D D D A S cut');
  });

  test('an entry that is there twice counts twice', async () => {
    const line = `10.42.1.0 dev flannel.1 lladdr ${PEER} PERMANENT `;
    const record = `N flannel.1 10.42.1.0 ${PEER} PERMANENT`;
    expect(await digestWhere({ neighbours: [line, line] })).toBe(digestOf([record, record]));
  });

  test('a neighbour without a MAC is none', async () => {
    const neighbours = ['10.42.1.0 dev flannel.1 FAILED ', '10.42.2.0 dev flannel.1 INCOMPLETE '];
    expect(await digestWhere({ neighbours })).toBe(digestOf([]));
  });
});

describe('ghosts of the FDB', () => {
  const neighbours = [`10.42.1.0 dev flannel.1 lladdr ${PEER} PERMANENT `];
  const neighbour = `N flannel.1 10.42.1.0 ${PEER} PERMANENT`;
  const fdb = (mac: string, to: string): string => `${mac} dev flannel.1 dst ${to} self permanent`;

  test.for([
    ['before', [OLD, PEER]],
    ['after', [PEER, OLD]],
  ] as const)('an old entry %s the peer’s own is counted only', async ([_place, macs]) => {
    const held = macs.map((mac) => fdb(mac, '192.168.50.2'));
    const digest = await digestWhere({ neighbours, fdb: held });
    expect(digest).toMatch(/^S 1 1 0 0 1 /);
    const own = digestOf([neighbour, `F flannel.1 ${PEER} 192.168.50.2 permanent`]);
    expect(digest.slice(-1280)).toBe(own.slice(-1280));
  });

  test('a victim’s entry, to which no neighbour leads any more, is a symbol', async () => {
    const held = [fdb(PEER, '192.168.50.2'), fdb(OLD, '192.168.50.3')];
    const digest = await digestWhere({ neighbours, fdb: held });
    expect(digest).toMatch(/^S 1 2 0 0 0 /);
  });

  test('of two entries to one host, neither is a ghost if no neighbour leads to either', async () => {
    const held = [fdb(PEER, '192.168.50.2'), fdb(OLD, '192.168.50.2')];
    expect(await digestWhere({ fdb: held })).toMatch(/^S 0 2 0 0 0 /);
  });

  test('there are none where the neighbours could not be read', async () => {
    const held = [fdb(PEER, '192.168.50.2'), fdb(OLD, '192.168.50.2')];
    const digest = await digestWhere({ neighbours: [...neighbours, 'nonsense'], fdb: held });
    expect(digest).toMatch(/^U neighbour unrecognised\nS 0 2 0 0 0 /);
  });
});

describe('a table that could not be read', () => {
  const neighbours = [`10.42.1.0 dev flannel.1 lladdr ${PEER} PERMANENT `];
  const fdb = [`${PEER} dev flannel.1 dst 192.168.50.2 self permanent`];
  const routes = [
    '10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink ',
    '10.9.0.0/16 via 10.0.0.1 dev eth0 ',
  ];
  const routes6 = ['2001:db8:42:1::/64 via 2001:db8:42:1:: dev flannel-v6.1 onlink '];
  const records = {
    neighbour: [`N flannel.1 10.42.1.0 ${PEER} PERMANENT`],
    fdb: [`F flannel.1 ${PEER} 192.168.50.2 permanent`],
    route: [
      'R flannel.1 10.42.1.0/24 10.42.1.0 onlink',
      'R eth0 10.9.0.0/16 10.0.0.1 -',
      'R flannel-v6.1 2001:db8:42:1::/64 2001:db8:42:1:: onlink',
    ],
  } as const;

  test.for([
    ['neighbour', { neighbours: [...neighbours, 'nonsense'], fdb, routes, routes6 }],
    ['fdb', { neighbours, fdb: [...fdb, 'nonsense'], routes, routes6 }],
    ['route', { neighbours, fdb, routes: [...routes, 'nonsense'], routes6 }],
    ['route', { neighbours, fdb, routes, routes6: [...routes6, 'nonsense'] }],
  ] as const)('half of `%s` is no part of the digest', async ([table, printed]) => {
    const unread = `U ${table} unrecognised`;
    const digest = digestOf([unread, ...Object.values(records).flat()]);
    expect(await digestWhere(printed)).toBe(`${unread}\n${digest}`);
    expect(digest).not.toBe(digestOf(Object.values(records).flat()));
  });

  test.for(['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', ':', '1::2::3::4::5::6::7::8::9'])(
    'the address %s is none',
    async (address) => {
      const lines = [`${address} dev flannel-v6.1 lladdr ${PEER} PERMANENT `];
      expect(await digestWhere({ neighbours: lines })).toMatch(/^U neighbour unrecognised\nS 0 /);
    },
  );

  test.for(['1.2.3', '10.0.0.99999', '1e5.0.0.0'])('the address %s is none', async (address) => {
    const lines = [`${address} dev flannel.1 lladdr ${PEER} PERMANENT `];
    expect(await digestWhere({ neighbours: lines })).toMatch(/^U neighbour unrecognised\nS 0 /);
  });
});

describe('direct routes', () => {
  const destinations = ['10.42.0.0/24', '10.42.15.0/24', '10.42.16.0/24', '10.42.0.0/16'];
  const destinations6 = ['2001:db8:42:10::/64', '2001:db8:42:100::/64', '2001:db8:43::/64'];
  const routes = destinations.map((to) => `${to} via 192.168.50.2 dev eth0 `);
  const routes6 = destinations6.map((to) => `${to} via fe80::1 dev eth0 `);
  const records = [
    ...destinations.map((to) => `R eth0 ${to} 192.168.50.2 -`),
    ...destinations6.map((to) => `R eth0 ${to} fe80::1 -`),
  ];

  test.for<readonly [string, PodNetworks, number]>([
    ['', {}, 7],
    ['FLANNEL_NETWORK=10.42.0.0/20\nFLANNEL_MTU=1450\n', { ipv4: '10.42.0.0/20' }, 5],
    ['FLANNEL_IPV6_NETWORK=2001:db8:42::/56', { ipv6: '2001:db8:42::/56' }, 5],
    [
      'FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_IPV6_NETWORK=2001:db8:42::/48\n',
      { ipv4: '10.42.0.0/16', ipv6: '2001:db8:42::/48' },
      6,
    ],
    ['FLANNEL_NETWORK=0.0.0.0/0\n', { ipv4: '0.0.0.0/0' }, 7],
    ['FLANNEL_NETWORK=$(reboot)\n', {}, 7],
    ['FLANNEL_NETWORK=', {}, 7],
  ])('flannel told %j', async ([told, networks, count]) => {
    const digest = await digestWhere({ routes, routes6 }, { 'run/flannel/subnet.env': told });
    expect(digest).toBe(digestOf(records, networks));
    expect(digest).toMatch(new RegExp(`^S 0 0 0 ${count} 0 `));
  });

  test('without the file each is a symbol', async () => {
    expect(await digestWhere({ routes, routes6 })).toBe(digestOf(records));
  });
});

describe('at 5,000 peers', () => {
  test.for(['ipv4', 'ipv6'] as const)(
    'the answer has room to spare in 2,000 bytes, and is right: %s',
    async (family) => {
      const tables = peers(5000, family);
      const name = 'n'.repeat(60);
      const root = hostRoot({ ...WITH_IPV6, 'proc/sys/kernel/hostname': `${name}\n` });
      const ended = await runProbe({ action: 'digest', path: [generatedTools(tables)], root });
      expect(payloadOf(ended)).toContain(`host ${name}`);
      expect(tablesOf(ended).at(-1)).toBe(digestOf(recordsOf(tables)));
      expect(ended.stdout.length).toBeLessThan(2000);
    },
  );
});
