import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested } from '../../../support/digested.ts';
import { routedDirectly } from '../../../support/direct-routing.ts';
import { fixed, guarded } from '../../../support/fixes.ts';

/** Nodes 0 to 255 are in one subnet, the others in another. */
const TWO_SUBNETS = routedDirectly(cluster(262).listed());
const ONE_SUBNET = routedDirectly(cluster(6).listed());
const TABLES = ['neighbour', 'fdb', 'route'] as const;

/** `cause[scope] subject: observers`, the same from tables and from digests. */
function found(damaged: Cluster): readonly string[] {
  const facts = damaged.facts();
  const judged = [facts, digested(facts)].map((one) =>
    judge(one).findings.map(
      ({ cause, scope, name, otherCauses }) =>
        `${cause}[${scope}] ${name}${otherCauses.map((other) => ` or ${other}`).join('')}`,
    ),
  );
  expect(judged[1]).toEqual(judged[0]);
  return judged[0] ?? [];
}

function loseAll(whole: Cluster, where: Parameters<Cluster['lose']>[1]): Cluster {
  return TABLES.reduce((sofar, table) => sofar.lose(table, where), whole);
}

describe('a lost direct route', () => {
  test('of one pair is that, in one subnet and in two', () => {
    const pair = { observer: 'node1', subject: 'node2' };
    expect(found(ONE_SUBNET.lose('route', pair))).toEqual([
      'direct-route-missing[pair] node1:node2',
    ]);
    expect(found(TWO_SUBNETS.lose('route', pair))).toEqual([
      'direct-route-missing[pair] node1:node2',
    ]);
  });

  test('of a subject on all nodes of its subnet is its column', () => {
    expect(found(ONE_SUBNET.lose('route', { subject: 'node2' }))).toEqual([
      'direct-route-missing[subject] node2',
    ]);
  });

  test('is a row where the underlay of a host went down and up', () => {
    const { names } = ONE_SUBNET;
    expect(found(ONE_SUBNET.lose('route', { observer: 'node2', subject: names }))).toEqual([
      'direct-route-missing[observer] node2',
    ]);
  });

  test('of a row beside the overlay’s own entries is no emptied table', () => {
    const near = TWO_SUBNETS.names.slice(256);
    const lost = TWO_SUBNETS.lose('route', { observer: 'node254', subject: near });
    expect(found(lost)).toEqual(['direct-route-missing[observer] node254']);
  });

  test('in a cluster of two is shown by the way back', () => {
    const two = routedDirectly(cluster(2).listed());
    expect(found(two.lose('route', { observer: 'master1', subject: 'master2' }))).toEqual([
      'direct-route-missing[pair] master1:master2',
    ]);
  });

  test('is one that leads elsewhere too', () => {
    const led = ONE_SUBNET.lose('route', { observer: 'node1', subject: 'node2' }).answer(
      'node1',
      (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          routes: [
            ...(answer.tables.routes ?? []),
            { device: 'eth0', destination: cidr('10.68.4.0/24'), gateway: ip('192.168.1.77') },
          ],
        },
      }),
    );
    const [finding] = judge(led.facts()).findings;
    expect(finding).toMatchObject({ cause: 'direct-route-missing', name: 'node1:node2' });
    expect(finding?.cells.flatMap(({ entries }) => entries.map((entry) => entry.found))).toEqual([
      '10.68.4.0/24 via 192.168.1.77 dev eth0',
    ]);
  });

  test('is one of a mode that was changed, whose neighbour and FDB entries flannel left', () => {
    const pair = { observer: 'node1', subject: 'node2' };
    const { mac = '', underlayIp } = ONE_SUBNET.vtepOf('node2');
    const left = ONE_SUBNET.lose('route', pair).answer('node1', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        fdb: [{ device: 'flannel.1', mac, destination: underlayIp ?? ip('0.0.0.0') }],
      },
    }));
    expect(found(left)).toEqual(['direct-route-missing[pair] node1:node2']);
  });
});

describe('entries of the overlay that are lost', () => {
  test('between subnets are never taken for a direct route, and get their commands', () => {
    const lost = loseAll(TWO_SUBNETS, { observer: 'node1', subject: 'node257' });
    expect(found(lost)).toEqual(['never-programmed[pair] node1:node257']);
    expect(fixed(lost).map(({ kind }) => kind)).toEqual(['entries', 'restart']);
  });

  test('may be a direct route where nobody knows in which network the host is: then neither has a command', () => {
    const unknown = ONE_SUBNET.names.reduce(
      (sofar, name) =>
        sofar.answer(name, (answer) => ({
          ...answer,
          tables: { ...answer.tables, subnets: undefined },
        })),
      ONE_SUBNET.lose('route', { observer: ['node1', 'node2'], subject: ['node1', 'node2'] }),
    );
    expect(
      judge(unknown.facts()).findings.map(({ cause, otherCauses }) => [cause, ...otherCauses]),
    ).toEqual([
      ['never-programmed', 'direct-route-missing'],
      ['never-programmed', 'direct-route-missing'],
    ]);
    expect(fixed(unknown).map(({ kind }) => kind)).toEqual(['restart', 'restart']);
  });

  test('are no direct routes where no host has any', () => {
    const lost = loseAll(cluster(6).listed(), { observer: 'node1', subject: 'node2' });
    expect(found(lost)).toEqual(['never-programmed[pair] node1:node2']);
  });

  test('of a host beside one that alone claims direct routes are none either', () => {
    const plain = cluster(6).listed();
    const claiming = plain.answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        routes: plain.nodes
          .filter(({ node }) => node !== 'node3')
          .map(({ podCidr, underlayIp }) => ({
            device: 'eth0',
            destination: podCidr,
            gateway: underlayIp,
          })),
      },
    }));
    const lost = loseAll(claiming, { observer: 'node1', subject: 'node2' });
    expect(judge(lost.facts()).findings.map(({ cause }) => cause)).toEqual(['never-programmed']);
  });
});

describe('what puts a direct route back', () => {
  const NODE2 = cluster(6).vtepOf('node2');
  const ROUTE = 'ip route replace 10.68.4.0/24 via 192.168.1.4';

  test('is the route alone, and a restart as the second way', () => {
    const [entries, restart, ...more] = fixed(ONE_SUBNET.lose('route', { subject: 'node2' }));
    expect(more).toEqual([]);
    expect(entries).toMatchObject({
      kind: 'entries',
      hosts: ['master1', 'master2', 'master3', 'node1', 'node3'],
      commands: [guarded(NODE2, ROUTE)],
      check: { command: 'ip route show 10.68.4.0/24', shows: 'via 192.168.1.4' },
    });
    expect(restart?.kind).toBe('restart');
    expect(restart?.condition).toMatch(/^Only if that fails/);
  });

  test('is one block where a host has lost several', () => {
    const { names } = ONE_SUBNET;
    const [entries] = fixed(ONE_SUBNET.lose('route', { observer: 'node2', subject: names }));
    expect(entries?.hosts).toEqual(['node2']);
    expect(entries?.commands).toHaveLength(5);
    expect(entries?.commands.join()).not.toMatch(/neigh|fdb|onlink/);
  });

  test('and without a node list it is one that other nodes of the subnet hold', () => {
    const pair = { observer: 'node1', subject: 'node2' };
    const [entries] = fixed(routedDirectly(cluster(262)).lose('route', pair));
    expect(entries?.commands).toEqual([guarded(NODE2, ROUTE)]);
  });

  test('and no command where they hold another one', () => {
    const whole = routedDirectly(cluster(262));
    const others = whole.names.filter((name) => name !== 'node1' && name !== 'node2');
    const elsewhere = others.reduce(
      (sofar, name) =>
        sofar.answer(name, (answer) => ({
          ...answer,
          tables: {
            ...answer.tables,
            routes: answer.tables.routes?.map((route) =>
              route.destination === NODE2.podCidr && route.device === 'eth0'
                ? { ...route, gateway: ip('192.168.1.77') }
                : route,
            ),
          },
        })),
      whole,
    );
    const lost = elsewhere.lose('route', { observer: 'node1', subject: 'node2' });
    expect(fixed(lost).filter(({ kind }) => kind === 'entries')).toEqual([]);
  });
});
