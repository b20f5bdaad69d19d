import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import type { Tables } from '../../../../shared/core/overlay/vtep.ts';
import { type Addressed, cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { verdictOf, wrongCells } from '../../../support/verdict.ts';

const PLAIN = cluster(8);
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

/** Every node has both families. */
const BOTH = PLAIN.names.reduce(
  (on, name) => on.answer(name, (answer) => ({ ...answer, tables: doubled(name, answer.tables) })),
  PLAIN.listed((node) => {
    const other = sixth(nodeNamed(node.name));
    return {
      ...node,
      internalIps: [...node.internalIps, other.underlayIp],
      podCidrs: [...node.podCidrs, other.podCidr],
      annotated: [
        ...node.annotated,
        { family: 'ipv6', mac: other.mac, publicIp: other.underlayIp },
      ],
    };
  }),
);

function nodeNamed(name: string): Addressed {
  const found = PLAIN.nodes.find(({ node }) => node === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

function doubled(name: string, { devices = [], neighbours = [], fdb = [], routes = [] }: Tables) {
  const own = sixth(nodeNamed(name));
  const peers = PLAIN.nodes.filter(({ node }) => node !== name).map(sixth);
  const device = {
    name: DEVICE,
    up: true,
    mac: own.mac,
    local: own.underlayIp,
    addresses: [cidr(`${own.tunnelIp}/128`)],
  };
  return {
    devices: [...devices, device],
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

function withoutSixth(observer: string, subject: string, table: 'neighbours' | 'fdb' | 'routes') {
  const other = sixth(nodeNamed(subject));
  return BOTH.answer(observer, (answer) => {
    const { neighbours, fdb, routes } = answer.tables;
    const left = {
      neighbours: neighbours?.filter((one) => one.ip !== other.tunnelIp),
      fdb: fdb?.filter((one) => one.mac !== other.mac),
      routes: routes?.filter((one) => one.destination !== other.podCidr),
    };
    return { ...answer, tables: { ...answer.tables, [table]: left[table] } };
  });
}

async function sameFromBoth(damaged: Cluster): Promise<readonly string[]> {
  const facts = damaged.facts();
  const { judgement, asked } = await settled(facts);
  expect(asked).toEqual([]);
  expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
  return wrongCells(judgement);
}

describe('of two families', () => {
  test('both are well', async () => {
    expect(await sameFromBoth(BOTH)).toEqual([]);
  });

  test.for([
    ['neighbours', 'absent right right'],
    ['fdb', 'right absent right'],
    ['routes', 'right right absent'],
  ] as const)('the second alone has lost an entry: %s', async ([table, state]) => {
    expect(await sameFromBoth(withoutSixth('node1', 'node2', table))).toEqual([
      `node1 node2 ${state}`,
    ]);
  });

  test('each has lost another entry, and the cell has both', async () => {
    const lost = withoutSixth('node1', 'node2', 'fdb').lose('route', {
      observer: 'node1',
      subject: 'node2',
    });
    expect(await sameFromBoth(lost)).toEqual(['node1 node2 right absent absent']);
  });
});
