import type { ClusterNode, Tables } from '../../shared/core/overlay/vtep.ts';
import { type Addressed, cidr, ip } from './addressing.ts';
import type { Answer, Cluster } from './cluster.ts';

const DEVICE = 'flannel-v6.1';

/** What a node is in the second family: a MAC and addresses of its own. */
function sixth({ mac, tunnelIp }: Addressed) {
  const [, high, low] = tunnelIp.split('.');
  return {
    mac: mac.replace('36:', '3e:'),
    underlayIp: ip(`fd00:1::${high}:${low}`),
    tunnelIp: ip(`fd00:10:${high}:${low}::`),
    podCidr: cidr(`fd00:10:${high}:${low}::/64`),
  };
}

/** The cluster, whose nodes have IPv6 besides. */
export function inBothFamilies(whole: Cluster): Cluster {
  return inFamilies(whole, 'both');
}

/** The cluster with IPv6 in the place of IPv4. */
export function inIpv6(whole: Cluster): Cluster {
  return inFamilies(whole, 'ipv6');
}

function inFamilies(whole: Cluster, families: 'both' | 'ipv6'): Cluster {
  const named = (name: string): Addressed => {
    const found = whole.nodes.find(({ node }) => node === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  };
  return whole.names.reduce(
    (on, name) =>
      on.answer(name, (answer) => ({
        ...answer,
        tables: tablesOf(answer, named(name), { whole, families }),
      })),
    whole.listed((node) => {
      const more = listedNode(node, named(node.name));
      return families === 'ipv6'
        ? more
        : {
            ...node,
            internalIps: [...node.internalIps, ...more.internalIps],
            podCidrs: [...node.podCidrs, ...more.podCidrs],
            annotated: [...node.annotated, ...more.annotated],
          };
    }),
  );
}

function listedNode(node: ClusterNode, addressed: Addressed): ClusterNode {
  const { mac, underlayIp, podCidr } = sixth(addressed);
  return {
    ...node,
    internalIps: [underlayIp],
    podCidrs: [podCidr],
    annotated: [{ family: 'ipv6', mac, publicIp: underlayIp }],
  };
}

function tablesOf(
  { tables }: Answer,
  self: Addressed,
  { whole, families }: { readonly whole: Cluster; readonly families: 'both' | 'ipv6' },
): Tables {
  const own = sixth(self);
  const peers = whole.nodes.filter(({ node }) => node !== self.node).map(sixth);
  const {
    devices = [],
    neighbours = [],
    fdb = [],
    routes = [],
  } = families === 'both' ? tables : {};
  return {
    devices: [
      ...devices,
      {
        name: DEVICE,
        up: true,
        mac: own.mac,
        local: own.underlayIp,
        addresses: [cidr(`${own.tunnelIp}/128`)],
      },
    ],
    neighbours: neighbours.concat(
      peers.map(({ tunnelIp, mac }) => {
        return { device: DEVICE, ip: tunnelIp, mac, permanent: true, state: 'PERMANENT' };
      }),
    ),
    fdb: fdb.concat(
      peers.map(({ mac, underlayIp }) => ({ device: DEVICE, mac, destination: underlayIp })),
    ),
    routes: routes.concat(
      peers.map(({ podCidr, tunnelIp }) => {
        return { device: DEVICE, destination: podCidr, gateway: tunnelIp };
      }),
    ),
  };
}

/** The observer's entry for the subject is gone, of IPv6 alone. */
export function withoutSixth(
  whole: Cluster,
  pair: { readonly observer: string; readonly subject: string },
  table: 'neighbours' | 'fdb' | 'routes',
): Cluster {
  const node = whole.nodes.find((one) => one.node === pair.subject);
  if (node === undefined) throw new Error(`no node ${pair.subject}`);
  const other = sixth(node);
  return whole.answer(pair.observer, (answer) => {
    const { neighbours, fdb, routes } = answer.tables;
    const left = {
      neighbours: neighbours?.filter((one) => one.ip !== other.tunnelIp),
      fdb: fdb?.filter((one) => one.mac !== other.mac),
      routes: routes?.filter((one) => one.destination !== other.podCidr),
    };
    return { ...answer, tables: { ...answer.tables, [table]: left[table] } };
  });
}
