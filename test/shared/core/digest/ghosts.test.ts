import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../shared/core/facts.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Tables } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip, nthNode } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';

const TEN = cluster(10).listed();
const device = 'flannel.1';

function besides(nodes: Cluster, more: Required<Pick<Tables, 'neighbours' | 'fdb' | 'routes'>>) {
  return nodes.answer('node1', (answer) => {
    const { neighbours = [], fdb = [], routes = [] } = answer.tables;
    return {
      ...answer,
      tables: {
        ...answer.tables,
        neighbours: [...neighbours, ...(more.neighbours ?? [])],
        fdb: [...fdb, ...(more.fdb ?? [])],
        routes: [...routes, ...(more.routes ?? [])],
      },
    };
  });
}

/** What nodes that are gone have left behind, here of a host's three tables. */
const LEFT = {
  neighbours: [20, 21].map((at) => {
    const { tunnelIp, mac } = nthNode(at);
    return { device, ip: tunnelIp, mac, permanent: true, state: 'PERMANENT' };
  }),
  fdb: [20, 21, 22].map((at) => {
    const { mac, underlayIp } = nthNode(at);
    return { device, mac, destination: underlayIp };
  }),
  routes: [{ device, destination: nthNode(20).podCidr, gateway: nthNode(20).tunnelIp }],
};

function ghostsOn(facts = besides(TEN, LEFT).facts()) {
  const { matrix } = judge(digested(facts));
  expect(matrix.unexplained).toEqual([]);
  return matrix.rows.get('node1')?.ghosts;
}

describe('entries for no live node are counted', () => {
  test('table by table', () => {
    expect(ghostsOn()).toEqual({ neighbour: 2, fdb: 3, route: 1 });
    expect(judge(besides(TEN, LEFT).facts()).matrix.rows.get('node1')?.ghosts).toEqual(ghostsOn());
  });

  test('where entries for live ones are lost as well', () => {
    const lost = besides(TEN, LEFT)
      .lose('neighbour', { observer: 'node1', subject: ['node2', 'node3'] })
      .lose('route', { observer: 'node1', subject: 'node4' });
    expect(ghostsOn(lost.facts())).toEqual({ neighbour: 2, fdb: 3, route: 1 });
  });

  test('where a whole table is lost', () => {
    const lost = besides(TEN.lose('fdb', { observer: 'node1' }), LEFT);
    expect(ghostsOn(lost.facts())).toEqual({ neighbour: 2, fdb: 3, route: 1 });
  });

  test('unused FDB entries with them, which are in no sum', () => {
    const { underlayIp } = nthNode(4);
    const unused = Array.from({ length: 200 }, (_, at) => ({
      device,
      mac: `8a:00:00:00:00:${at.toString(16).padStart(2, '0')}`,
      destination: underlayIp,
    }));
    const booted = besides(TEN, { neighbours: [], fdb: unused, routes: [] });
    expect(ghostsOn(booted.facts())).toEqual({ neighbour: 0, fdb: 200, route: 0 });
  });

  test('and routes over other devices are not among them', () => {
    const routes = [
      { device: 'eth1', destination: cidr('172.30.0.0/16'), gateway: ip('10.1.1.1') },
    ];
    const odd = besides(TEN, { neighbours: [], fdb: [], routes });
    expect(ghostsOn(odd.facts())).toEqual({ neighbour: 0, fdb: 0, route: 0 });
  });
});

type Ghosts = ReadonlyMap<string, Readonly<Record<string, number>>>;

function ghostsIn(judgement: ReturnType<typeof judge>): Ghosts {
  return new Map([...judgement.matrix.rows].map(([node, { ghosts }]) => [node, ghosts]));
}

/** The ghosts on all hosts by their tables, after they were found to be the same by their digests. */
async function sameGhosts(facts: Facts): Promise<Ghosts> {
  const byTables = ghostsIn(judge(facts));
  expect(ghostsIn((await settled(facts)).judgement)).toEqual(byTables);
  return byTables;
}

function onAll(nodes: Cluster, edit: (tables: Tables) => Tables): Cluster {
  return nodes.names.reduce(
    (on, name) => on.answer(name, (answer) => ({ ...answer, tables: edit(answer.tables) })),
    nodes,
  );
}

const NO_GHOSTS = { neighbour: 0, fdb: 0, route: 0 };

describe('tables and digests have the same ghosts', () => {
  const [GONE, LIVE, ALSO_LIVE] = [nthNode(20), nthNode(6), nthNode(7)];

  test('a live pod CIDR by way of a node that is gone is a wrong route and no ghost', async () => {
    const misled = onAll(TEN, (tables) => ({
      ...tables,
      routes: tables.routes?.map((route) =>
        route.destination === LIVE.podCidr ? { ...route, gateway: GONE.tunnelIp } : route,
      ),
    }));
    const facts = misled.facts();
    expect([...(await sameGhosts(facts)).values()]).toEqual(TEN.names.map(() => NO_GHOSTS));
    const wrong = judge(facts).matrix.cells.map(({ subject, state }) => [subject, state.route]);
    expect(new Set(wrong.map(String))).toEqual(new Set([`${LIVE.node},absent`]));
  });

  test('a pod CIDR that is gone by way of a live node is a ghost', async () => {
    const left = onAll(TEN, (tables) => ({
      ...tables,
      routes: [
        ...(tables.routes ?? []),
        { device, destination: GONE.podCidr, gateway: LIVE.tunnelIp },
      ],
    }));
    const ghosts = await sameGhosts(left.facts());
    expect([...ghosts.values()]).toEqual(TEN.names.map(() => ({ ...NO_GHOSTS, route: 1 })));
  });

  test('no route of Calico is one: no node lists the blocks that they lead to', async () => {
    const calico = onAll(TEN, (tables) => {
      const renamed = <T extends object>(one: T): T => ({ ...one, device: 'vxlan.calico' });
      return {
        devices: tables.devices?.map((one) => ({ ...one, name: 'vxlan.calico' })),
        neighbours: tables.neighbours?.map(renamed),
        fdb: tables.fdb?.map(renamed),
        routes: [
          ...(tables.routes ?? []).map(renamed),
          { device: 'vxlan.calico', destination: GONE.podCidr, gateway: GONE.tunnelIp },
        ],
      };
    });
    expect([...(await sameGhosts(calico.facts())).values()]).toEqual(
      TEN.names.map(() => NO_GHOSTS),
    );
  });

  test('whatever is lost, changed and left behind', async () => {
    const gone = fc.integer({ min: 30, max: 40 }).map((at) => nthNode(at));
    const node = fc.oneof(gone, fc.constantFrom(LIVE, ALSO_LIVE));
    // The entries of nodes that are gone, and of live ones a second time with other values.
    const left = fc.record({
      neighbours: fc.uniqueArray(
        fc.tuple(gone, node).map(([{ tunnelIp }, { mac }]) => {
          return { device, ip: tunnelIp, mac, permanent: true, state: 'PERMANENT' };
        }),
        { selector: (entry) => entry.ip, maxLength: 4 },
      ),
      fdb: fc.uniqueArray(
        gone.map(({ mac, underlayIp }) => ({ device, mac, destination: underlayIp })),
        { selector: ({ mac }) => mac, maxLength: 4 },
      ),
      routes: fc.uniqueArray(
        fc.tuple(gone, node).map(([{ podCidr }, { tunnelIp }]) => {
          return { device, destination: podCidr, gateway: tunnelIp };
        }),
        { selector: ({ destination }) => destination, maxLength: 4 },
      ),
    });
    const damage = fc.record({
      how: fc.constantFrom('lose', 'change'),
      table: fc.constantFrom('neighbour', 'route'),
      observer: fc.subarray([...TEN.names], { maxLength: 3 }),
      subject: fc.constantFrom(...TEN.names),
    });
    await fc.assert(
      fc.asyncProperty(left, fc.array(damage, { maxLength: 4 }), async (more, damages) => {
        const damaged = damages.reduce(
          (on, { how, table, ...where }) => on[how](table, where),
          besides(TEN, more),
        );
        const own = (await sameGhosts(damaged.facts())).get('node1');
        expect(own).toEqual({
          neighbour: more.neighbours.length,
          fdb: more.fdb.length,
          route: more.routes.length,
        });
      }),
      { numRuns: 60 },
    );
  });
});
