import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isOverlayDevice } from '../../../../shared/core/overlay/profile.ts';
import type { NeighbourEntry, RouteEntry } from '../../../../shared/core/overlay/vtep.ts';
import { parseAddresses, parseLinks } from '../../../../shared/core/parse/devices.ts';
import { parseFdb } from '../../../../shared/core/parse/fdb.ts';
import { parseNeighbours } from '../../../../shared/core/parse/neighbours.ts';
import type { Listing } from '../../../../shared/core/parse/parsed.ts';
import { parseRoutes } from '../../../../shared/core/parse/routes.ts';

const FOLDER = path.join(import.meta.dirname, '../../../fixtures/iproute2-outputs');

/** One entry as one line, so that what a listing holds can be read. */
type Lines = readonly string[];

const NEIGHBOURS: Lines = [
  '10.42.10.0 flannel.1 8a:11:11:11:22:10 REACHABLE',
  '10.42.12.0 flannel.1 8a:11:11:11:22:12 PROBE',
  '10.42.34.0 flannel.1 8a:11:11:11:22:34 PERMANENT',
  '10.42.14.0 flannel.1 - FAILED',
  '10.42.16.0 flannel.1 - INCOMPLETE',
  '10.42.1.0 flannel.1 8a:11:11:11:11:02 PERMANENT',
  '10.42.33.0 flannel.1 - INCOMPLETE',
  '10.42.11.0 flannel.1 8a:11:11:11:22:11 STALE',
  '10.42.30.0 flannel.1 8a:11:11:11:22:30 PERMANENT',
  '10.42.13.0 flannel.1 8a:11:11:11:22:13 PROBE',
  '10.42.32.0 flannel.1 8a:11:11:11:22:32 PERMANENT',
];

const NEIGHBOUR_V6 = '2001:db8:42:1:: flannel-v6.1 8a:66:11:11:11:02 PERMANENT';

/** arp tells of the states only whether an entry is permanent. */
const ARP = NEIGHBOURS.map((line) => line.replace(/ (?!PERMANENT)[A-Z]+$/, ' '));

const FDB: Lines = [
  '8a:11:11:11:33:05 flannel.1 192.168.50.6',
  '8a:11:11:11:33:03 flannel.1 192.168.50.5',
  '8a:11:11:11:33:02 flannel.1 192.168.50.5',
  '8a:11:11:11:33:01 flannel.1 192.168.50.4',
  '8a:11:11:11:11:02 flannel.1 192.168.50.2',
];

const FDB_V6 = '8a:66:11:11:11:02 flannel-v6.1 fd00:50::2';

const ROUTES: Lines = [
  '10.42.1.0/24 via 10.42.1.0 flannel.1',
  '10.42.6.0/24 via 10.42.6.0 flannel.1',
  '10.42.9.5/32 via 10.42.9.0 flannel.1',
];

const ROUTE_V6 = '2001:db8:42:1::/64 via 2001:db8:42:1:: flannel-v6.1';

/** What DirectRouting would set, over the underlay. */
const ROUTE_DIRECT = '10.42.5.0/24 via 192.168.50.2 eth0';

const LINKS: Lines = [
  '3 flannel.1 up 8a:11:11:11:11:01 mtu 1450 vni 1 local 192.168.50.1 port 8472',
  '4 flannel-v6.1 up 8a:66:11:11:11:01 mtu 1430 vni 1 local fd00:50::1 port 8472',
  '8 vxlan.calico down 66:11:11:11:11:01 mtu 1450 vni 4096 local 192.168.50.1 port 4789',
];

/** Without `-d` a link tells nothing of its tunnel. */
const PLAIN_LINKS = LINKS.map((line) => line.replace(/vni.*/, 'vni - local - port -'));

const neighbourLine = ({ ip, device, mac, state }: NeighbourEntry): string =>
  `${ip} ${device} ${mac ?? '-'} ${state}`;

const neighbours = (text: string, device?: string): Lines =>
  clean(parseNeighbours('here', text, device)).map(neighbourLine);

const fdb = (text: string, device?: string): Lines =>
  clean(parseFdb('here', text, device)).map(
    ({ mac, device: dev, destination }) => `${mac} ${dev} ${destination}`,
  );

const routeLine = ({ destination, gateway, device }: RouteEntry): string =>
  `${destination} via ${gateway} ${device}`;

const routes = (text: string, device?: string): Lines =>
  clean(parseRoutes('here', text, device)).map(routeLine);

const links = (text: string): Lines =>
  clean(parseLinks('here', text)).map(
    ({ index, name, up, mac, mtu, vni, local, port }) =>
      `${index} ${name} ${up ? 'up' : 'down'} ${mac} mtu ${mtu} vni ${vni ?? '-'} local ${local ?? '-'} port ${port ?? '-'}`,
  );

const addresses = (text: string): Lines =>
  clean(parseAddresses('here', text)).map(({ device, address }) => `${device} ${address}`);

/** A listing that its tool printed whole holds nothing that is not understood. */
function clean<T>({ value, problems, understood }: Listing<T>): readonly T[] {
  expect(problems).toEqual([]);
  expect(understood).toBe('all');
  return value;
}

/** A listing with lines that can as well be what is left of others. */
function apartFrom<T>(lines: Lines, { value, problems, understood }: Listing<T>): readonly T[] {
  expect(problems.map(({ message }) => /"(.*)"$/.exec(message)?.[1])).toEqual(lines);
  expect(understood).toBe('some');
  return value;
}

interface Expectation {
  /** Which files, below the folder. */
  readonly files: RegExp;
  readonly fact: string;
  readonly read: (text: string) => Lines;
  readonly holds: Lines;
}

const NONE: Lines = [];

/** The first that fits a file tells what is in it. */
const EXPECTATIONS: readonly Expectation[] = [
  {
    files: /v4\.11\.0\/j-(neigh|route|link)\.txt$/,
    fact: 'ip before 4.14 knows no -j and prints nothing',
    read: (text) => [
      ...neighbours(text, 'flannel.1'),
      ...routes(text, 'flannel.1'),
      ...links(text),
    ],
    holds: NONE,
  },
  {
    files: /nosuch-.*\.txt$/,
    fact: 'of a device that is not there nothing is printed',
    read: (text) => [...neighbours(text, 'nosuch'), ...fdb(text, 'nosuch')],
    holds: NONE,
  },
  {
    files: /(neigh-dev|j-neigh)\.txt$/,
    fact: 'the neighbours of one device, which their lines do not name',
    read: (text) => neighbours(text, 'flannel.1'),
    holds: NEIGHBOURS,
  },
  {
    files: /neigh-all\.txt$/,
    fact: 'the neighbours of all devices, of which only the overlay matters',
    read: (text) => neighbours(text),
    holds: [...NEIGHBOURS, NEIGHBOUR_V6],
  },
  {
    files: /neigh-dev-nudall\.txt$/,
    fact: "nud all: NOARP and multicast are the kernel's own; an entry without a state looks cut",
    read: (text) =>
      apartFrom(['10.42.17.0 '], parseNeighbours('here', text, 'flannel.1')).map(neighbourLine),
    holds: NEIGHBOURS,
  },
  {
    files: /neigh6-dev\.txt$/,
    fact: 'the IPv6 neighbours of one device',
    read: (text) => neighbours(text, 'flannel-v6.1'),
    holds: [NEIGHBOUR_V6],
  },
  {
    files: /(arp-an|proc-net-arp)\.txt$/,
    fact: 'arp: an address that the host publishes is no neighbour',
    read: (text) => neighbours(text),
    holds: ARP,
  },
  {
    files: /(fdb-dev|j-fdb)\.txt$/,
    fact: "the FDB of one device; its flood entries are not flannel's",
    read: (text) => fdb(text, 'flannel.1'),
    holds: FDB,
  },
  {
    files: /fdb-dev-v6\.txt$/,
    fact: 'the FDB of the IPv6 device',
    read: (text) => fdb(text, 'flannel-v6.1'),
    holds: [FDB_V6],
  },
  {
    files: /fdb-all\.txt$/,
    fact: 'the FDB of all devices, of which only the overlay matters',
    read: (text) => fdb(text),
    holds: [...FDB, FDB_V6],
  },
  {
    files: /(route-dev|j-route)\.txt$/,
    fact: 'the routes of one device',
    read: (text) => routes(text, 'flannel.1'),
    holds: ROUTES,
  },
  {
    files: /busybox-1\.35\/route-all\.txt$/,
    fact: 'busybox: of a route with several gateways it prints no more than of one that was cut',
    read: (text) =>
      apartFrom(['10.42.7.0/24 '], parseRoutes('here', text, undefined)).map(routeLine),
    holds: [ROUTES[0] ?? '', ROUTE_DIRECT, ...ROUTES.slice(1)],
  },
  {
    files: /route-all\.txt$/,
    fact: 'all routes with one gateway',
    read: (text) => routes(text),
    holds: [ROUTES[0] ?? '', ROUTE_DIRECT, ...ROUTES.slice(1)],
  },
  {
    files: /route6-dev\.txt$/,
    fact: 'the IPv6 routes of one device',
    read: (text) => routes(text, 'flannel-v6.1'),
    holds: [ROUTE_V6],
  },
  {
    files: /(link-o-d|j-link)\.txt$/,
    fact: 'the overlay devices with their tunnels',
    read: links,
    holds: LINKS,
  },
  {
    files: /link-o\.txt$/,
    fact: 'the overlay devices without their tunnels',
    read: links,
    holds: PLAIN_LINKS,
  },
  {
    files: /addr-o\.txt$/,
    fact: 'the tunnel IP; link-local addresses say nothing',
    read: addresses,
    holds: ['flannel.1 10.42.0.0/32'],
  },
];

const FILES = globSync('**/*.txt', { cwd: FOLDER }).toSorted();

function read(file: string): string {
  return readFileSync(path.join(FOLDER, file), 'utf8');
}

describe('what every version prints', () => {
  test.for(FILES)('%s', (file) => {
    const expectation = EXPECTATIONS.find(({ files }) => files.test(file));
    if (expectation === undefined) throw new Error(`nobody says what ${file} holds`);
    expect(expectation.read(read(file))).toEqual(expectation.holds);
  });

  test.for(EXPECTATIONS)('$fact', ({ files }) => {
    expect(FILES.filter((file) => files.test(file))).not.toEqual([]);
  });
});

describe('what every version complains of', () => {
  const complaints = globSync('**/*.err', { cwd: FOLDER }).toSorted();

  test.for(complaints)('%s holds no entry', (file) => {
    const text = read(file);
    const parsed = [
      parseNeighbours('here', text, 'flannel.1'),
      parseFdb('here', text, 'flannel.1'),
      parseRoutes('here', text, 'flannel.1'),
      parseLinks('here', text),
      parseAddresses('here', text),
    ];
    expect(parsed.flatMap<unknown>(({ value }) => value)).toEqual([]);
    expect(parsed.every(({ problems }) => problems.length > 0)).toBe(true);
  });

  test.for(globSync('**/*.rc', { cwd: FOLDER }).toSorted())(
    '%s: what failed printed no entry, and is told from an empty table by its exit status alone',
    (file) => {
      expect(Number(read(file))).toBeGreaterThan(0);
      expect(read(file.replace(/\.rc$/, '.txt'))).toBe('');
    },
  );
});

test('no file is left out', () => {
  const all = globSync('**/*', { cwd: FOLDER, withFileTypes: true }).filter((one) => one.isFile());
  expect(all.filter(({ name }) => !/\.(txt|err|rc)$/.test(name))).toEqual([]);
});

test.for([
  ['flannel.1', true],
  ['flannel.4096', true],
  ['flannel-v6.1', true],
  ['vxlan.calico', true],
  ['vxlan-v6.calico', true],
  ['flannel.1.5', false],
  ['eth0', false],
  ['vxlan', false],
  ['flannel.1; reboot', false],
] as const)('whether %s is an overlay device: %s', ([name, is]) => {
  expect(isOverlayDevice(name)).toBe(is);
});
