import { describe, expect, test } from 'vitest';
import { membersOf } from '../../../../shared/core/members/members.ts';
import { profileIn } from '../../../../shared/core/members/member.ts';
import { vtepsOf } from '../../../../shared/core/members/vteps.ts';
import type { Facts, RosterEntry } from '../../../../shared/core/facts.ts';
import type { Tables, Vtep } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';

const SIX = cluster(6);
const SUBJECT = 'master1';

function vtepOf(facts: Facts, node = SUBJECT): Vtep | undefined {
  return vtepsOf(membersOf(facts).members).find((vtep) => vtep.node === node);
}

function remembered(changes: Partial<Vtep>): RosterEntry {
  const { node, family, underlayIp, tunnelIp, mac, podCidr } = SIX.vtepOf(SUBJECT);
  return {
    node: SUBJECT,
    vteps: [{ node, family, underlayIp, tunnelIp, mac, podCidr, ...changes }],
    master: true,
    lastSeen: NOW,
    devices: [],
  };
}

/** A source that knows better than the one behind it: each tells a value of its own. */
describe('of each field the first source that knows is believed', () => {
  const annotations = SIX.listed((node) => ({
    ...node,
    internalIps: [ip('192.168.1.99')],
    podCidrs: [cidr('10.68.77.0/24')],
    annotated: [{ family: 'ipv4', mac: 'aa:aa:aa:aa:aa:aa', publicIp: ip('203.0.113.7') }],
  }));
  const bare = SIX.listed((node) => ({ ...node, podCidrs: [], annotated: [] }));
  const roster = [
    remembered({
      mac: 'bb:bb:bb:bb:bb:bb',
      underlayIp: ip('198.51.100.7'),
      tunnelIp: ip('10.68.88.0'),
      podCidr: cidr('10.68.88.0/24'),
    }),
  ];

  test.for([
    ['mac', 'its device', annotations.facts({ roster }), '36:9b:9c:53:00:00'],
    ['mac', 'its annotation', annotations.silence(SUBJECT).facts({ roster }), 'aa:aa:aa:aa:aa:aa'],
    ['mac', 'the roster', bare.silence(SUBJECT).facts({ roster }), 'bb:bb:bb:bb:bb:bb'],
    ['mac', 'its peers', bare.silence(SUBJECT).facts(), '36:9b:9c:53:00:00'],
    ['underlayIp', 'its annotation', annotations.facts({ roster }), '203.0.113.7'],
    ['underlayIp', 'its device', bare.facts({ roster }), '192.168.1.0'],
    ['underlayIp', 'the roster', bare.silence(SUBJECT).facts({ roster }), '198.51.100.7'],
    ['underlayIp', 'its node object', bare.silence(SUBJECT).facts(), '192.168.1.0'],
    ['tunnelIp', 'its pod CIDR', annotations.facts({ roster }), '10.68.77.0'],
    ['tunnelIp', 'its device', bare.facts({ roster }), '10.68.0.0'],
    ['tunnelIp', 'the roster', bare.silence(SUBJECT).facts({ roster }), '10.68.88.0'],
    ['tunnelIp', 'its peers', bare.silence(SUBJECT).facts(), '10.68.0.0'],
    ['podCidr', 'its node object', annotations.facts({ roster }), '10.68.77.0/24'],
    ['podCidr', 'its peers', bare.facts({ roster }), '10.68.0.0/24'],
    ['podCidr', 'the roster', bare.hide('routes').facts({ roster }), '10.68.88.0/24'],
  ] as const)('%s: %s', ([field, , facts, value]) => {
    expect(vtepOf(facts)?.[field]).toBe(value);
  });
});

test('where peers differ, their majority is believed', () => {
  const silent = SIX.silence(SUBJECT).listed((node) => ({ ...node, podCidrs: [], annotated: [] }));
  const misled = silent.answer('node1', (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      fdb: answer.tables.fdb?.map((entry) => ({ ...entry, mac: '6e:0d:51:c7:22:9b' })),
    },
  }));
  expect(vtepOf(misled.facts())?.mac).toBe('36:9b:9c:53:00:00');
});

describe('a tunnel IP that peers try in vain to resolve', () => {
  /** As the seed was recorded: tables of two hosts, and no devices, annotations or pod CIDRs. */
  const recorded = cluster(4)
    .hide('devices')
    .hide('routes')
    .listed((node) => ({ ...node, podCidrs: [], annotated: [] }));

  test('belongs to the only node whose tunnel IP nobody knows', () => {
    const facts = recorded.ask('INCOMPLETE', { subject: SUBJECT }).facts();
    expect(vtepOf(facts)?.tunnelIp).toBe('10.68.0.0');
  });

  test('belongs to nobody where two nodes could have it', () => {
    const subject = [SUBJECT, 'master2'];
    const facts = recorded.ask('INCOMPLETE', { subject }).facts();
    expect(vtepOf(facts)?.tunnelIp).toBeUndefined();
    expect(vtepOf(facts, 'master2')?.tunnelIp).toBeUndefined();
  });

  test('is not looked for among the tunnel IPs of nodes that are known', () => {
    const facts = recorded
      .ask('FAILED', { subject: 'master2', observer: 'master3' })
      .lose('neighbour', { subject: SUBJECT })
      .facts();
    expect(vtepOf(facts)?.tunnelIp).toBeUndefined();
  });
});

/** Changes what every host, or one, shows of itself. */
function editing(on: Cluster, nodes: readonly string[], edit: (tables: Tables) => Tables): Cluster {
  return nodes.reduce(
    (sofar, name) => sofar.answer(name, (answer) => ({ ...answer, tables: edit(answer.tables) })),
    on,
  );
}

/** The host's device has this address instead of the one that flannel gave it. */
function addressed(on: Cluster, address: string): Cluster {
  return editing(on, [SUBJECT], (tables) => ({
    ...tables,
    devices: tables.devices?.map((device) => ({ ...device, addresses: [cidr(address)] })),
  }));
}

describe('a pod CIDR that no list holds, and to which nobody has a route', () => {
  const lost = SIX.lose('route', { subject: SUBJECT });

  test('begins at the tunnel IP, and is as long as all others', () => {
    expect(vtepOf(lost.facts())?.podCidr).toBe('10.68.0.0/24');
  });

  test('is not known where the others differ in length', () => {
    const { tunnelIp } = SIX.vtepOf('node2');
    const mixed = editing(lost, lost.names, (tables) => ({
      ...tables,
      routes: tables.routes?.map((route) =>
        route.gateway === tunnelIp ? { ...route, destination: cidr(`${tunnelIp}/25`) } : route,
      ),
    }));
    expect(vtepOf(mixed.facts())?.podCidr).toBeUndefined();
  });

  test('is not known where the tunnel IP is no network address of that length', () => {
    expect(vtepOf(addressed(lost, '10.68.0.5/32').facts())).toMatchObject({
      tunnelIp: '10.68.0.5',
      podCidr: undefined,
    });
  });

  test('nor with Calico, whose tunnel IPs have nothing to do with pod CIDRs', () => {
    const calico = editing(SIX, SIX.names, (tables) => ({
      ...tables,
      devices: tables.devices?.map((device) => ({ ...device, name: 'vxlan.calico' })),
    }));
    expect(vtepOf(calico.facts())).toMatchObject({ tunnelIp: '10.68.0.0', podCidr: undefined });
  });
});

test('an address that is no host’s own, as a DHCP client leaves it, is no tunnel IP', () => {
  expect(vtepOf(addressed(SIX, '192.168.1.125/24').facts())).toMatchObject({
    tunnelIp: '10.68.0.0',
    podCidr: '10.68.0.0/24',
  });
});

test('a node of which nobody knows a MAC or a tunnel IP has no VTEP', () => {
  const facts = SIX.silence(...SIX.names)
    .listed((node) => ({ ...node, podCidrs: [], annotated: [] }))
    .facts();
  expect(vtepsOf(membersOf(facts).members)).toEqual([]);
});

test('a node has one VTEP a family', () => {
  const both = cluster(2).answer(SUBJECT, (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: [
        ...(answer.tables.devices ?? []),
        {
          name: 'flannel-v6.1',
          up: true,
          mac: '66:9b:9c:53:4a:10',
          local: ip('fd00:50::1'),
          addresses: [cidr('2001:db8:42::/128')],
        },
      ],
    },
  }));
  const vteps = vtepsOf(membersOf(both.facts()).members).filter(({ node }) => node === SUBJECT);
  expect(vteps.map(({ family, tunnelIp }) => `${family} ${tunnelIp}`)).toEqual([
    'ipv4 10.68.0.0',
    'ipv6 2001:db8:42::',
  ]);
});

describe('the profile of a cluster', () => {
  const withCalico = (base: Cluster, node: string): Cluster =>
    base.answer(node, (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, name: 'vxlan.calico' })),
      },
    }));

  test('is that of most hosts: one host alone does not change it', () => {
    expect(profileIn(membersOf(withCalico(SIX, 'node3').facts()).members).routes).toBe('pod-cidr');
    const most = ['master1', 'master2', 'master3', 'node1'].reduce(withCalico, SIX);
    expect(profileIn(membersOf(most.facts()).members).routes).toBe('blocks');
  });
});
