import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';

/** `subject master1 neighbour-missing 5/5 critical` */
function findings(damaged: Cluster): readonly string[] {
  return judge(damaged.facts()).findings.map(
    ({ scope, name, cause, otherCauses, missingPeers, checkedPeers, severity }) =>
      [
        scope,
        name,
        cause,
        `${missingPeers}/${checkedPeers}`,
        severity,
        ...(otherCauses.length > 0 ? [`or ${otherCauses.join(', ')}`] : []),
      ].join(' '),
  );
}

const six = cluster(6);
const lost = { subject: 'master1' } as const;
const own = { observer: 'node2' } as const;

describe('judge', () => {
  test.for([
    ['a healthy cluster has no finding', six, []],
    [
      'an entry gone on every peer accuses the subject',
      six.lose('neighbour', lost),
      ['subject master1 neighbour-missing 5/5 critical'],
    ],
    [
      'INCOMPLETE is as good as gone',
      six.ask('INCOMPLETE', lost),
      ['subject master1 neighbour-missing 5/5 critical'],
    ],
    ['so is FAILED', six.ask('FAILED', lost), ['subject master1 neighbour-missing 5/5 critical']],
    [
      'the FDB alone has a name',
      six.lose('fdb', lost),
      ['subject master1 fdb-missing 5/5 critical'],
    ],
    [
      'and so has the route',
      six.lose('route', lost),
      ['subject master1 route-missing 5/5 critical'],
    ],
    [
      'a route to the pods that leads elsewhere is no route',
      six.change('route', lost),
      ['subject master1 route-missing 5/5 critical'],
    ],
    [
      'any two tables are one cause',
      six.lose('neighbour', lost).lose('route', lost),
      ['subject master1 entries-missing 5/5 critical'],
    ],
    [
      'all three were never programmed',
      six.listed().lose('neighbour', lost).lose('fdb', lost).lose('route', lost),
      ['subject master1 never-programmed 5/5 critical'],
    ],
    [
      'what is not permanent works, and is a warning',
      six.weaken(lost),
      ['subject master1 neighbour-not-permanent 5/5 warning'],
    ],
    [
      'another underlay IP in the FDB',
      six.listed().change('fdb', lost),
      ['subject master1 underlay-moved 5/5 critical'],
    ],
    [
      'another MAC, and no annotation to say who is right',
      six.change('neighbour', lost),
      ['subject master1 mac-mismatch 5/5 critical'],
    ],
    [
      'another MAC than device and annotation have',
      six.listed().change('neighbour', lost),
      ['subject master1 stale-mac 5/5 critical'],
    ],
    [
      'a drifted device is one fault with the row that it flushed',
      six.listed().drift('master1'),
      ['subject master1 mac-drift 5/5 critical'],
    ],
    [
      'a host that lost all its neighbours',
      six.lose('neighbour', own),
      ['observer node2 neighbours-flushed 5/5 critical'],
    ],
    [
      'neighbours and routes, as after a link that went down and up',
      six.lose('neighbour', own).lose('route', own),
      ['observer node2 neighbours-and-routes-lost 5/5 critical'],
    ],
    [
      'a device with nothing programmed',
      six.lose('neighbour', own).lose('fdb', own).lose('route', own),
      ['observer node2 tables-empty 5/5 critical'],
    ],
    [
      'no device at all',
      six.listed().dropDevice('node2'),
      ['observer node2 device-missing 5/5 critical'],
    ],
  ] as const)('%s', ([, damaged, expected]) => {
    expect(findings(damaged)).toEqual(expected);
  });

  test.for([
    [
      'a lone cell is a pair, and a warning in a cluster of six',
      six.lose('neighbour', { observer: 'node1', subject: 'node2' }),
      ['pair node1:node2 neighbour-missing 1/5 warning'],
    ],
    [
      'two of five peers are a column, below half',
      six.lose('fdb', { observer: ['node1', 'node2'], subject: 'master1' }),
      ['subject master1 fdb-missing 2/5 warning'],
    ],
    [
      'three of six subjects are a part of a row',
      six.lose('route', { observer: 'node1', subject: ['node2', 'node3', 'master2'] }),
      ['observer node1 route-missing 3/5 critical'],
    ],
    [
      'in a cluster of two every fault is a pair',
      cluster(2).lose('neighbour', { observer: 'master2' }),
      ['pair master2:master1 neighbour-missing 1/1 critical'],
    ],
    [
      'a row and a column at once are two faults',
      six.lose('neighbour', own).lose('fdb', lost),
      [
        'observer node2 neighbours-flushed 5/5 critical',
        'subject master1 fdb-missing 4/5 critical',
      ],
    ],
    [
      'everybody flushed is the cluster',
      six.lose('neighbour', {}),
      ['cluster neighbours-flushed neighbours-flushed 6/6 critical'],
    ],
    [
      'a silent host is no peer that could judge',
      six.lose('neighbour', lost).silence('node3'),
      ['subject master1 neighbour-missing 4/4 critical'],
    ],
    [
      'a table that nobody showed leaves two causes possible',
      six.lose('neighbour', lost).hide('routes'),
      ['subject master1 neighbour-missing 5/5 critical or entries-missing'],
    ],
    ['a host that never had a device is no part of the overlay', six.dropDevice('node2'), []],
    ['a table that nobody showed is not missing', six.hide('neighbours'), []],
    [
      'aging beside lost is one finding of one subject',
      six
        .lose('fdb', { observer: ['node1', 'node2', 'node3'], subject: 'master1' })
        .weaken({ observer: ['master2', 'master3'], subject: 'master1' }),
      ['subject master1 fdb-missing 3/5 critical or neighbour-not-permanent'],
    ],
  ] as const)('%s', ([, damaged, expected]) => {
    expect(findings(damaged)).toEqual(expected);
  });

  const damages = fc.array(
    fc.record({
      table: fc.constantFrom(...TABLES),
      observer: fc.integer({ min: 0, max: 6 }),
      subject: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 40 },
  );

  test('every bad cell is in exactly one finding, and no key comes twice', () => {
    const seven = cluster(7);
    const name = (at: number): string => seven.names[at] ?? '';
    fc.assert(
      fc.property(damages, (done) => {
        const damaged = done.reduce(
          (sofar, { table, observer, subject }) =>
            sofar.lose(table, { observer: name(observer), subject: name(subject) }),
          seven,
        );
        const { matrix, findings: found } = judge(damaged.facts());
        const explained = found.flatMap(({ cells }) => cells);
        expect(new Set(explained)).toEqual(new Set(matrix.cells));
        expect(explained).toHaveLength(matrix.cells.length);
        const keys = found.map(({ scope, name: last }) => `${scope}/${last}`);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what only the roster remembers', () => {
  const remembered = (missing: string) =>
    six.nodes.map((node) => ({
      node: node.node,
      instanceId: node.instanceId,
      vteps: [six.vtepOf(node.node)],
      master: false,
      lastSeen: NOW,
      devices: node.node === missing ? [{ family: 'ipv4', index: 3 } as const] : [],
    }));

  test('a node that left, with all its entries, is no missing VTEP', () => {
    const without = TABLES.reduce(
      (sofar, table) => sofar.lose(table, { subject: 'node3' }),
      six.silence('node3'),
    );
    expect(judge(without.facts({ roster: remembered('node3') })).findings).toEqual([]);
  });

  test('a silent node that its peers lost is one', () => {
    const damaged = six.silence('node3').lose('neighbour', { subject: 'node3' });
    const { findings: found } = judge(damaged.facts({ roster: remembered('node3') }));
    expect(found.map(({ name, cause }) => `${name} ${cause}`)).toEqual(['node3 neighbour-missing']);
  });

  test('a silent node with another MAC than it had is believed to its peers', () => {
    const roster = remembered('node3').map((entry) => ({
      ...entry,
      vteps: entry.vteps.map((vtep) => ({ ...vtep, mac: 'aa:bb:cc:dd:ee:ff' })),
    }));
    expect(judge(six.silence('node3').facts({ roster })).findings).toEqual([]);
  });

  test('a pod CIDR of a family that flannel does not serve makes no VTEP', () => {
    const dual = six.listed((node) => ({
      ...node,
      podCidrs: [...node.podCidrs, cidr('fd00:10::/64')],
    }));
    expect(findings(dual)).toEqual([]);
  });

  test('peers are programmed with another address than the device has, and know better', () => {
    const behindNat = six.names.reduce(
      (sofar, name) =>
        sofar.answer(name, (answer) => ({
          ...answer,
          tables: {
            ...answer.tables,
            devices: answer.tables.devices?.map((one) => ({ ...one, local: ip('10.9.0.1') })),
          },
        })),
      six,
    );
    expect(findings(behindNat)).toEqual([]);
  });
});
