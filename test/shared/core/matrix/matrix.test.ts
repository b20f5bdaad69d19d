import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../../shared/core/matrix/cells.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Tables } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';

/** What can be done to one cell, and how it then stands with neighbour, FDB entry and route. */
const DAMAGE: Readonly<
  Record<string, { readonly inflict: (at: At) => Cluster; readonly state: string }>
> = {
  N: { inflict: ({ on, ...at }) => on.lose('neighbour', at), state: 'absent right right' },
  F: { inflict: ({ on, ...at }) => on.lose('fdb', at), state: 'right absent right' },
  R: { inflict: ({ on, ...at }) => on.lose('route', at), state: 'right right absent' },
  n: { inflict: ({ on, ...at }) => on.change('neighbour', at), state: 'changed right right' },
  f: { inflict: ({ on, ...at }) => on.change('fdb', at), state: 'right changed right' },
  r: { inflict: ({ on, ...at }) => on.change('route', at), state: 'right right absent' },
  w: { inflict: ({ on, ...at }) => on.weaken(at), state: 'weak right right' },
  i: { inflict: ({ on, ...at }) => on.ask('INCOMPLETE', at), state: 'absent right right' },
  x: { inflict: ({ on, ...at }) => on.ask('FAILED', at), state: 'absent right right' },
};

interface At {
  readonly on: Cluster;
  readonly observer: string;
  readonly subject: string;
}

function healthyAnswer(node: string) {
  const answer = cluster(3)
    .facts()
    .observations.find((one) => one.kind === 'tables' && one.host.node === node);
  if (answer?.kind !== 'tables') throw new Error(`no answer of ${node}`);
  return answer;
}

/** Every cell in which something is wrong: `master3>master1 absent right right`. */
function cellsOf(damaged: Cluster): readonly string[] {
  return judge(damaged.facts()).matrix.cells.map(stateOf).toSorted();
}

function stateOf({ observer, subject, state }: Cell): string {
  return `${observer}>${subject} ${state.neighbour} ${state.fdb} ${state.route}`;
}

describe('the matrix', () => {
  test('of a healthy cluster has no bad cell', () => {
    expect(cellsOf(cluster(6))).toEqual([]);
    expect(cellsOf(cluster(6).listed())).toEqual([]);
  });

  test('holds exactly the cells that were damaged, with what was done to each', () => {
    const eight = cluster(8).listed();
    const node = fc.constantFrom(...eight.names);
    const damages = fc.uniqueArray(
      fc.record({
        observer: node,
        subject: node,
        kind: fc.constantFrom(...Object.keys(DAMAGE)),
      }),
      { selector: ({ observer, subject }) => `${observer}>${subject}`, maxLength: 30 },
    );
    fc.assert(
      fc.property(damages, (all) => {
        const done = all.filter(({ observer, subject }) => observer !== subject);
        const damaged = done.reduce(
          (on, { kind, ...at }) => DAMAGE[kind]?.inflict({ on, ...at }) ?? on,
          eight,
        );
        expect(cellsOf(damaged)).toEqual(
          done
            .map(({ observer, subject, kind }) => `${observer}>${subject} ${DAMAGE[kind]?.state}`)
            .toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('knows nothing of a table that was not shown', () => {
    const damaged = cluster(3).lose('neighbour', { subject: 'master1' });
    expect(cellsOf(damaged.hide('fdb'))).toEqual([
      'master2>master1 absent unknown right',
      'master3>master1 absent unknown right',
    ]);
    expect(cellsOf(damaged.hide('neighbours'))).toEqual([]);
  });

  test('knows nothing of an entry of which a part is not known', () => {
    const bare = cluster(3)
      .listed((node) => ({ ...node, podCidrs: [] }))
      .hide('devices')
      .lose('neighbour', { subject: 'master1' })
      .lose('route', { subject: 'master1' });
    expect(cellsOf(bare)).toEqual([]);
    // One host of three still holds it: so its tunnel IP, and what hangs on it, is known.
    expect(cellsOf(bare.answer('master2', () => healthyAnswer('master2')))).toEqual([
      'master3>master1 absent right absent',
    ]);
  });

  test('has no row of a silent host, and a column of it as long as its VTEP is known', () => {
    const damaged = cluster(3).listed().lose('fdb', { subject: 'master1' }).silence('master1');
    const { rows, subjects } = judge(damaged.facts()).matrix;
    expect([...rows.keys()]).toEqual(['master2', 'master3']);
    expect([...subjects.keys()]).toEqual(['master1', 'master2', 'master3']);
  });

  test('has no row of a host that could read none of its tables', () => {
    const blind = cluster(3).hide('neighbours', 'master1').hide('fdb', 'master1');
    expect(judge(blind.facts()).matrix.rows.has('master1')).toBe(true);
    expect(judge(blind.hide('routes', 'master1').facts()).matrix.rows.has('master1')).toBe(false);
  });

  test('what was found is told as the tools print it', () => {
    const damaged = cluster(2).listed().ask('FAILED', { observer: 'master2' }).change('fdb', {});
    const { cells } = judge(damaged.facts()).matrix;
    const told = cells.flatMap(({ entries }) =>
      entries.map(({ wanted, found }) => [wanted.table, found]),
    );
    expect(told).toContainEqual(['neighbour', '10.68.0.0 dev flannel.1 FAILED']);
    expect(told).toContainEqual(['fdb', '36:9b:9c:53:00:00 dev flannel.1 dst 192.168.250.240']);
  });
});

describe('DirectRouting', () => {
  const two = cluster(2);
  const routed = (gateway: string): Cluster =>
    two.listed().answer('master2', (answer) => ({
      ...answer,
      tables: { ...answer.tables, ...direct(gateway) },
    }));

  test('a plain route over the underlay is all that such a pair needs', () => {
    expect(cellsOf(routed('192.168.1.0'))).toEqual([]);
  });

  test('a plain route to somebody else is not', () => {
    expect(cellsOf(routed('192.168.1.77'))).toEqual(['master2>master1 absent absent absent']);
  });
});

describe('Calico', () => {
  /** Every node owns a block of addresses, to which its peers have a route by the overlay. */
  const calico = (size: number): Cluster => {
    const plain = cluster(size);
    const renamed = <T extends object>(one: T): T => ({ ...one, device: 'vxlan.calico' });
    return plain.names.reduce(
      (on, name) =>
        on.answer(name, (answer) => ({
          ...answer,
          tables: {
            devices: answer.tables.devices?.map((one) => ({ ...one, name: 'vxlan.calico' })),
            neighbours: answer.tables.neighbours?.map(renamed),
            fdb: answer.tables.fdb?.map(renamed),
            routes: answer.tables.routes?.map((route, at) => ({
              ...renamed(route),
              destination: cidr(`172.20.${at}.64/26`),
            })),
          },
        })),
      plain,
    );
  };

  test('asks for no route: a node may own no block', () => {
    expect(cellsOf(calico(3))).toEqual([]);
    expect(cellsOf(calico(3).answer('master1', withoutRoutes))).toEqual([]);
  });

  test('nor where CrossSubnet routes by the underlay', () => {
    const crossing = calico(3).answer('master1', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        routes: answer.tables.routes?.map((route) => ({
          ...route,
          device: 'ens5',
          gateway: ip('192.168.1.1'),
        })),
      },
    }));
    expect(cellsOf(crossing)).toEqual([]);
  });

  test('asks for the other two entries all the same', () => {
    const lost = calico(3).lose('neighbour', { observer: 'master2', subject: 'master1' });
    expect(cellsOf(lost)).toEqual(['master2>master1 absent right unknown']);
  });

  function withoutRoutes<T extends { readonly tables: Tables }>(answer: T): T {
    return { ...answer, tables: { ...answer.tables, routes: [] } };
  }
});

describe('two families', () => {
  const V6 = { device: 'flannel-v6.1', mac: '66:9b:9c:53:4a:10' } as const;
  const tunnelIp = ip('2001:db8:42::');
  /** Both nodes have both families; what the second holds of the first one's second is given. */
  const dual = (mac: string): Cluster =>
    cluster(2)
      .answer('master1', (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          devices: [
            ...(answer.tables.devices ?? []),
            {
              name: V6.device,
              up: true,
              mac: V6.mac,
              local: ip('fd00:50::1'),
              addresses: [cidr(`${tunnelIp}/128`)],
            },
          ],
        },
      }))
      .answer('master2', (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          neighbours: [
            ...(answer.tables.neighbours ?? []),
            { device: V6.device, ip: tunnelIp, mac, permanent: true, state: 'PERMANENT' },
          ],
          fdb: [
            ...(answer.tables.fdb ?? []),
            { device: V6.device, mac: V6.mac, destination: ip('fd00:50::1') },
          ],
          routes: [
            ...(answer.tables.routes ?? []),
            { device: V6.device, destination: cidr('2001:db8:42::/64'), gateway: tunnelIp },
          ],
        },
      }));

  test('are both expected', () => {
    expect(cellsOf(dual(V6.mac))).toEqual([]);
  });

  test('of one node are one cell, and the worse of them counts', () => {
    expect(cellsOf(dual('6e:0d:51:c7:22:9b'))).toEqual(['master2>master1 changed right right']);
    const both = dual('6e:0d:51:c7:22:9b').lose('neighbour', { observer: 'master2' });
    expect(cellsOf(both)).toEqual(['master2>master1 absent right right']);
  });
});

function direct(gateway: string): Partial<Tables> {
  return {
    neighbours: [],
    fdb: [],
    routes: [{ device: 'eth0', destination: cidr('10.68.0.0/24'), gateway: ip(gateway) }],
  };
}
