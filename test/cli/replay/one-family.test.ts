import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayed } from './replayed.ts';

const NODES = [0, 1, 2] as const;

const mac = (node: number): string => `4e:77:a0:1c:00:0${node}`;
const macOfIpv6 = (node: number): string => `6e:77:a0:1c:00:0${node}`;

/** What the commands print on a host with IPv4 and IPv6. */
interface Printed {
  readonly neighbours: readonly string[];
  readonly arp: readonly string[];
  readonly routes: readonly string[];
  readonly routesOfIpv6: readonly string[];
  readonly fdb: readonly string[];
  readonly links: readonly string[];
}

function printedBy(host: number): Printed {
  const others = NODES.filter((node) => node !== host);
  const link = (at: number, name: string, [address, local]: readonly [string, string]): string =>
    `${at}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1430 qdisc noqueue state UNKNOWN mode DEFAULT group default \\    ` +
    `link/ether ${address} brd ff:ff:ff:ff:ff:ff promiscuity 0 \\    vxlan id 1 local ${local} dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 addrgenmode eui64 `;
  return {
    neighbours: others.flatMap((node) => [
      `10.244.${node}.0 dev flannel.1 lladdr ${mac(node)} PERMANENT`,
      `fd00:42:0:${node}:: dev flannel-v6.1 lladdr ${macOfIpv6(node)} PERMANENT`,
    ]),
    arp: [
      'Address                  HWtype  HWaddress           Flags Mask            Iface',
      ...others.map((node) => `10.244.${node}.0  ether  ${mac(node)}  CM  flannel.1`),
    ],
    routes: others.map((node) => `10.244.${node}.0/24 via 10.244.${node}.0 dev flannel.1 onlink`),
    routesOfIpv6: [
      ...others.map(
        (node) =>
          `fd00:42:0:${node}::/64 via fd00:42:0:${node}:: dev flannel-v6.1 metric 1024 onlink`,
      ),
      'fe80::/64 dev eth0 proto kernel metric 256 pref medium',
    ],
    fdb: others.flatMap((node) => [
      `${mac(node)} dev flannel.1 dst 192.168.56.1${node} self permanent`,
      `${macOfIpv6(node)} dev flannel-v6.1 dst fd00:56::1${node} self permanent`,
    ]),
    links: [
      link(7, 'flannel.1', [mac(host), `192.168.56.1${host}`]),
      link(9, 'flannel-v6.1', [macOfIpv6(host), `fd00:56::1${host}`]),
    ],
  };
}

const list = {
  kind: 'List',
  items: NODES.map((node) => ({
    metadata: {
      name: `node-${node}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: {
        'flannel.alpha.coreos.com/backend-type': 'vxlan',
        'flannel.alpha.coreos.com/public-ip': `192.168.56.1${node}`,
        'flannel.alpha.coreos.com/public-ipv6': `fd00:56::1${node}`,
        'flannel.alpha.coreos.com/backend-data': JSON.stringify({ VNI: 1, VtepMAC: mac(node) }),
        'flannel.alpha.coreos.com/backend-v6-data': JSON.stringify({
          VNI: 1,
          VtepMAC: macOfIpv6(node),
        }),
      },
    },
    spec: { podCIDRs: [`10.244.${node}.0/24`, `fd00:42:0:${node}::/64`] },
    status: { addresses: [{ type: 'InternalIP', address: `192.168.56.1${node}` }] },
  })),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-one-family-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What is decided of a cluster with both families, of which each host's files hold these lines. */
async function saidOf(
  files: (printed: Printed) => Readonly<Record<'ip-neigh.txt' | 'ip-route.txt', readonly string[]>>,
) {
  for (const host of NODES) {
    const place = path.join(folder, `node-${host}`);
    mkdirSync(place, { recursive: true });
    const printed = printedBy(host);
    const all = { 'bridge-fdb.txt': printed.fdb, 'ip-link.txt': printed.links, ...files(printed) };
    for (const [file, lines] of Object.entries(all)) {
      writeFileSync(path.join(place, file), `${lines.join('\n')}\n`);
    }
  }
  writeFileSync(path.join(folder, 'nodes.json'), JSON.stringify(list));
  return await replayed(folder);
}

const bothRoutes = ({ routes, routesOfIpv6 }: Printed): readonly string[] => [
  ...routes,
  ...routesOfIpv6,
];

test('with the routes of both families the cluster is healthy', async () => {
  const report = await saidOf((printed) => ({
    'ip-neigh.txt': printed.neighbours,
    'ip-route.txt': bothRoutes(printed),
  }));
  expect(report).toMatchObject({ verdict: 'healthy', problems: [] });
});

test('a route of IPv6 that is gone is lost, where others of IPv6 were captured', async () => {
  const { incidents } = await saidOf((printed) => ({
    'ip-neigh.txt': printed.neighbours,
    'ip-route.txt': bothRoutes(printed).filter((line) => !line.startsWith('fd00:42:0:2::')),
  }));
  expect(incidents).toMatchObject([{ cause: 'route-missing', subject: 'node-2' }]);
});

test('"ip route" shows IPv4 alone: no route of IPv6 is lost, and none is right', async () => {
  const report = await saidOf(({ neighbours, routes }) => ({
    'ip-neigh.txt': neighbours,
    'ip-route.txt': routes,
  }));
  expect(report).toMatchObject({ verdict: 'unjudged', incidents: [] });
  expect(report.problems).toContainEqual({
    where: 'node-1/ip-route.txt',
    message:
      'it shows IPv4 alone, so this table is unknown for IPv6: add the output of "ip -6 route"',
  });
});

test('"arp -n" shows IPv4 alone', async () => {
  const report = await saidOf((printed) => ({
    'ip-neigh.txt': printed.arp,
    'ip-route.txt': bothRoutes(printed),
  }));
  expect(report).toMatchObject({ verdict: 'unjudged', incidents: [] });
  expect(report.problems).toContainEqual({
    where: 'node-1/ip-neigh.txt',
    message: 'it shows IPv4 alone, so this table is unknown for IPv6: add the output of "ip neigh"',
  });
});

test('what IPv4 lost is found all the same', async () => {
  const { incidents } = await saidOf(({ neighbours, routes }) => ({
    'ip-neigh.txt': neighbours.filter((line) => !line.startsWith('10.244.2.0 ')),
    'ip-route.txt': routes,
  }));
  expect(incidents).toMatchObject([{ cause: 'neighbour-missing', subject: 'node-2' }]);
});
