import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import type { Tables } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip, nthNode } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested } from '../../../support/digested.ts';

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

  test('orphans with them, which are in no sum', () => {
    const { underlayIp } = nthNode(4);
    const orphans = Array.from({ length: 200 }, (_, at) => ({
      device,
      mac: `8a:00:00:00:00:${at.toString(16).padStart(2, '0')}`,
      destination: underlayIp,
    }));
    const booted = besides(TEN, { neighbours: [], fdb: orphans, routes: [] });
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
