import { describe, expect, test } from 'vitest';
import type { Facts, RosterEntry } from '../../../../shared/core/facts.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Observation, Vtep } from '../../../../shared/core/overlay/vtep.ts';
import { type Addressed, cidr, ip, nthNode } from '../../../support/addressing.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';
import { verdictOf, wrongCells } from '../../../support/verdict.ts';

type Answer = Extract<Observation, { kind: 'tables' }>;

const TWELVE = cluster(12);
const OLD_MAC = '8a:00:11:22:33:44';
const OLD_IP = ip('192.168.77.7');

/** Remembers all nodes as they are, one of them otherwise. */
function rosterOf(nodes: Cluster, node: string, changes: Partial<Vtep>): readonly RosterEntry[] {
  return nodes.names.map((name) => remembered(nodes.vtepOf(name), name === node ? changes : {}));
}

function remembered(vtep: Vtep, changes: Partial<Vtep> = {}): RosterEntry {
  return {
    node: vtep.node,
    vteps: [{ ...vtep, ...changes }],
    master: false,
    lastSeen: NOW - 60_000,
    devices: [],
  };
}

function everywhere(nodes: Cluster, edit: (answer: Answer) => Answer): Cluster {
  return nodes.names.reduce((on, name) => on.answer(name, edit), nodes);
}

/** What is wrong in the end, and how many hosts had to be read for it. */
async function inTheEnd(facts: Facts) {
  const { judgement, asked } = await settled(facts);
  return { wrong: wrongCells(judgement), read: asked.flat().length };
}

describe('where the roster is out of date, and no annotation tells', () => {
  test.for([
    ['the underlay IP', { underlayIp: OLD_IP }],
    ['the MAC', { mac: OLD_MAC }],
    ['both, of a node replaced under its name', { underlayIp: OLD_IP, mac: OLD_MAC }],
  ] as const)('peers who all know better are believed: %s', async ([, changes]) => {
    const roster = rosterOf(TWELVE, 'node1', changes);
    expect((await inTheEnd(TWELVE.facts({ roster }))).wrong).toEqual([]);
  });

  test('they are believed of a silent host, too', async () => {
    const roster = rosterOf(TWELVE, 'node1', { underlayIp: OLD_IP });
    const { wrong, read } = await inTheEnd(TWELVE.silence('node1').facts({ roster }));
    expect(wrong).toEqual([]);
    expect(read).toBeLessThan(4);
  });

  test('one who knows better than all is not', async () => {
    const roster = rosterOf(TWELVE, 'node1', {});
    const moved = TWELVE.change('fdb', { observer: 'node3', subject: 'node1' });
    expect(await inTheEnd(moved.facts({ roster }))).toEqual({
      wrong: ['node3 node1 right changed right'],
      read: 1,
    });
  });

  test('a node replaced under its name is missed where peers still hold the one before', async () => {
    const roster = rosterOf(TWELVE, 'node1', {});
    const { wrong } = await inTheEnd(TWELVE.renew('node1').facts({ roster }));
    expect(wrong).toEqual(
      TWELVE.names
        .filter((name) => name !== 'node1')
        .map((name) => `${name} node1 changed absent right`)
        .toSorted(),
    );
  });
});

describe('a node that left', () => {
  const EIGHTY = cluster(80);
  const GONE = remembered(nthNode(90));

  test('is missed by nobody', async () => {
    const roster = [...rosterOf(EIGHTY, '', {}), GONE];
    expect(await inTheEnd(EIGHTY.facts({ roster }))).toEqual({ wrong: [], read: 0 });
  });

  test.for([[['neighbour']], [['neighbour', 'fdb', 'route']]] as const)(
    'is missed by nobody beside a host that lost all %s',
    ([tables]) => {
      const roster = [...rosterOf(EIGHTY, '', {}), GONE];
      const flushed = tables.reduce((on, table) => on.lose(table, { observer: 'node1' }), EIGHTY);
      const { findings } = judge(digested(flushed.facts({ roster })));
      expect(findings.map(({ scope, name }) => `${scope} ${name}`)).toEqual(['observer node1']);
    },
  );
});

test('nodes behind NAT without annotations are known after three were read', async () => {
  const behind = everywhere(cluster(20), (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, local: ip('10.0.2.15') })),
    },
  }));
  expect(await inTheEnd(behind.facts())).toEqual({ wrong: [], read: 3 });
});

describe('Calico', () => {
  /** Every node has three blocks of pods of its own, and a tunnel IP out of one of them. */
  const calico = (size: number): Cluster => {
    const flannel = cluster(size);
    return everywhere(flannel, (answer) => {
      const renamed = <T extends object>(one: T): T => ({ ...one, device: 'vxlan.calico' });
      return {
        ...answer,
        tables: {
          devices: answer.tables.devices?.map((one) => ({ ...one, name: 'vxlan.calico' })),
          neighbours: answer.tables.neighbours?.map(renamed),
          fdb: answer.tables.fdb?.map(renamed),
          routes: flannel.nodes.flatMap(({ node, tunnelIp }, at) =>
            [0, 64, 128]
              .filter(() => node !== answer.host.node)
              .map((low) => ({
                device: 'vxlan.calico',
                destination: cidr(`172.20.${at}.${low}/26`),
                gateway: tunnelIp,
              })),
          ),
        },
      };
    });
  };

  test('has routes that no node tells: a few hosts are read, and all are judged', async () => {
    const facts = calico(60).facts();
    const { judgement, asked } = await settled(facts);
    expect(judgement.matrix.rows.size).toBe(60);
    expect(wrongCells(judgement)).toEqual([]);
    expect(asked.flat().length).toBeLessThanOrEqual(3);
  });

  test('has a lost entry told all the same', async () => {
    const lost = calico(60).lose('neighbour', { subject: 'node9', observer: ['node4', 'node5'] });
    expect((await inTheEnd(lost.facts())).wrong).toEqual([
      'node4 node9 absent right unknown',
      'node5 node9 absent right unknown',
    ]);
  });
});

test('a host that could read no table says nothing, and disturbs nobody', () => {
  const lost = TWELVE.listed().lose('fdb', { observer: 'node2', subject: 'node3' });
  const blind = (['neighbours', 'fdb', 'routes'] as const).reduce(
    (on, table) => on.hide(table, 'node1'),
    lost,
  );
  const { matrix } = judge(digested(blind.facts()));
  expect(matrix.rows.has('node1')).toBe(false);
  expect(wrongCells(judge(digested(blind.facts())))).toEqual(['node2 node3 right absent right']);
});

test('a host that is read in full, and shows a table less than its digest, says what it shows', () => {
  const facts = TWELVE.listed().change('fdb', { observer: 'node2', subject: 'node3' }).facts();
  const observations = digested(facts).observations.map((one, at) => {
    const whole = facts.observations[at];
    return one.kind === 'digest' && whole?.kind === 'tables' && one.host.node === 'node2'
      ? { ...whole, tables: { ...whole.tables, fdb: undefined }, digest: one.digest }
      : one;
  });
  const { matrix } = judge({ ...facts, observations });
  expect(matrix.rows.get('node2')?.shown).toEqual(new Set(['neighbour', 'route']));
  expect([matrix.cells, matrix.unexplained]).toEqual([[], []]);
});

test('many new nodes, not judged yet, hide nothing and are no strangers', () => {
  const NEW = new Set(cluster(110).names.slice(50));
  const grown = cluster(110)
    .listed((node) => (NEW.has(node.name) ? { ...node, createdAt: NOW - 1000 } : node))
    .lose('fdb', { observer: 'node1', subject: ['node2', 'node99'] });
  const { matrix } = judge(digested(grown.facts()));
  expect(matrix.unexplained).toEqual([]);
  expect(matrix.cells.map(({ observer, subject }) => [observer, subject])).toEqual([
    ['node1', 'node2'],
  ]);
  expect(matrix.rows.get('node1')?.ghosts).toEqual({ neighbour: 0, fdb: 0, route: 0 });
});

describe('two nodes that share', () => {
  const [ONE, TWO] = [nthNode(6), nthNode(7)];

  function sharing(changes: Partial<Pick<Addressed, 'mac' | 'tunnelIp' | 'podCidr'>>): Facts {
    const two = { ...TWO, ...changes };
    const isOfTwo = (text: string | undefined): boolean =>
      text === TWO.mac || text === TWO.tunnelIp || text === TWO.podCidr;
    const listed = TWELVE.listed((node) =>
      node.name === TWO.node
        ? {
            ...node,
            podCidrs: [two.podCidr],
            annotated: node.annotated.map((one) => ({ ...one, mac: two.mac })),
          }
        : node,
    );
    // A table has one entry a key, and the last that was made is there.
    return everywhere(listed, (answer) => {
      const self = answer.host.node;
      const { devices, neighbours = [], fdb = [], routes = [] } = answer.tables;
      const taken = new Set<string | undefined>(
        self === TWO.node ? [] : [two.tunnelIp, two.mac, two.podCidr],
      );
      const isKept = (key: string): boolean => !isOfTwo(key) && !taken.has(key);
      const device = 'flannel.1';
      const mine = self === TWO.node ? [] : [two];
      return {
        ...answer,
        tables: {
          devices: devices?.map((one) =>
            self === TWO.node
              ? { ...one, mac: two.mac, addresses: [cidr(`${two.tunnelIp}/32`)] }
              : one,
          ),
          neighbours: [
            ...neighbours.filter((one) => isKept(one.ip)),
            ...mine.map(({ tunnelIp, mac }) => {
              return { device, ip: tunnelIp, mac, permanent: true, state: 'PERMANENT' };
            }),
          ],
          fdb: [
            ...fdb.filter((one) => isKept(one.mac)),
            ...mine.map(({ mac, underlayIp }) => ({ device, mac, destination: underlayIp })),
          ],
          routes: [
            ...routes.filter((one) => isKept(one.destination)),
            ...mine.map(({ podCidr, tunnelIp }) => {
              return { device, destination: podCidr, gateway: tunnelIp };
            }),
          ],
        },
      };
    }).facts();
  }

  test.for([
    ['a MAC', { mac: ONE.mac }],
    ['a pod CIDR, and its tunnel IP', { tunnelIp: ONE.tunnelIp, podCidr: ONE.podCidr }],
  ] as const)('%s are told of as in the tables', async ([, changes]) => {
    const facts = sharing(changes);
    const { judgement, asked } = await settled(facts);
    expect(asked).toEqual([]);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
    expect(wrongCells(judgement).length).toBeGreaterThan(5);
  });
});
