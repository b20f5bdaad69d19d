import { describe, expect, test } from 'vitest';
import type { Damage, StoryEvent } from '../../soak/story.ts';
import { isWrong } from '../../soak/oracle/truth.ts';
import { answerOf } from '../../soak/world/answers.ts';
import { type PlayedWorld, playedWorld } from '../../soak/world/play.ts';

const START = 1_795_424_400_000;
const CLUSTER = { name: 'test', nodes: 6, masters: 3, keepsMac: false, ticks: 10 } as const;

/** The world after so many seconds of a story. */
function after(seconds: number, ...events: readonly StoryEvent[]): PlayedWorld {
  const played = playedWorld({ ...CLUSTER, events }, START);
  played.world.agenda.advanceTo(START + seconds * 1000);
  return played;
}

/** How many hosts hold an entry for this MAC, address or network. */
function holders(
  { world }: PlayedWorld,
  table: 'neighbour' | 'fdb' | 'route',
  key: string,
): number {
  return world.members().filter(({ kernel }) => kernel.find(table, key) !== undefined).length;
}

function fault(damage: Damage, repairedAfter?: number): StoryEvent {
  return { at: 10, kind: 'fault', fault: 'fault1', damage, repairedAfter, repairLasts: 0 };
}

describe('flannel, as the soak models it', () => {
  test('every host holds three entries for every other', () => {
    const { world } = after(0);
    expect(world.members().map(({ kernel }) => kernel.entries().length)).toEqual(Array(6).fill(15));
  });

  test('a node that joins is programmed by all once its flanneld has started', () => {
    const join = {
      at: 10,
      kind: 'join',
      node: 'node9',
      address: 30,
      cidr: 30,
      objectAfter: 20,
      flanneldAfter: 60,
    } as const;
    expect(holders(after(80, join), 'route', '10.128.30.0/24')).toBe(0);
    expect(holders(after(120, join), 'route', '10.128.30.0/24')).toBe(6);
  });

  test('what is held of a node goes with its node object, while its host stays up', () => {
    const leave = {
      at: 10,
      kind: 'leave',
      node: 'node1',
      objectGoneAfter: 0,
      hostOffAfter: 600,
      deregisteredAfter: 0,
    } as const;
    const left = after(60, leave);
    expect(holders(left, 'route', '10.128.3.0/24')).toBe(0);
    expect(left.world.hosts.find(({ name }) => name === 'node1')?.kernel.entries()).toHaveLength(
      15,
    );
  });

  test('no node leaves or joins while no API server runs', () => {
    const off = { kind: 'reboot', downFor: 300, flanneldAfter: 0 } as const;
    const masters = ['master1', 'master2', 'master3'].map((node) => ({ ...off, at: 10, node }));
    const leave = {
      at: 20,
      kind: 'leave',
      node: 'node1',
      objectGoneAfter: 0,
      hostOffAfter: 900,
      deregisteredAfter: 0,
    } as const;
    expect(holders(after(300, ...masters, leave), 'route', '10.128.3.0/24')).toBeGreaterThan(0);
    expect(holders(after(360, ...masters, leave), 'route', '10.128.3.0/24')).toBe(0);
  });

  test('a new MAC replaces the neighbour entry and leaves the old FDB entry', () => {
    const reboot = {
      at: 10,
      kind: 'reboot',
      node: 'node1',
      downFor: 30,
      flanneldAfter: 20,
    } as const;
    const { world } = after(120, reboot);
    const peer = world.member('master1');
    const toNode1 = peer?.kernel
      .entries()
      .filter((entry) => entry.table === 'fdb' && entry.destination === '172.16.0.13');
    expect(toNode1).toHaveLength(2);
    expect(peer?.kernel.find('neighbour', '10.128.3.0')).toMatchObject({
      mac: world.member('node1')?.kernel.device?.mac,
    });
  });

  test.for<readonly [string, Damage]>([
    [
      'lost entries',
      { kind: 'entries-lost', tables: ['neighbour'], subjects: ['node1'], observers: 'others' },
    ],
    ['a weak entry', { kind: 'not-permanent', subject: 'node1', observers: ['node2'] }],
    ['an old MAC', { kind: 'old-mac', subject: 'node1', observers: 'others' }],
    ['drift', { kind: 'drift', subject: 'node1' }],
    ['an old address', { kind: 'old-address', subject: 'node1', observers: 'others' }],
    ['a flushed table', { kind: 'flush', observers: ['node1'], tables: ['neighbour', 'route'] }],
    ['a lost device', { kind: 'device-gone', observers: ['node1'] }],
    ['an overlap', { kind: 'overlap', subject: 'node1', peer: 'node2' }],
    ['a partition', { kind: 'partition', side: ['node1', 'node2'] }],
  ])('%s lasts until a person repairs it, and not longer', ([, damage]) => {
    const wrongAt = (seconds: number): boolean => {
      const { world, faults } = after(seconds, fault(damage, 300));
      return faults.flatMap(({ cells }) => cells).some((cell) => isWrong(world, cell));
    };
    expect([wrongAt(15), wrongAt(305), wrongAt(400)]).toEqual([true, true, false]);
  });

  test('a network on the way to pods goes when flannel sets its route there again', () => {
    const overlapped = fault({ kind: 'overlap', subject: 'node1', peer: 'node2' });
    const restart = { at: 100, kind: 'restart-flanneld', node: 'node1', downFor: 5 } as const;
    const networksAt = (seconds: number): readonly string[] | undefined =>
      after(seconds, overlapped, restart).world.member('node1')?.kernel.networks;
    expect([networksAt(60), networksAt(200)]).toEqual([['10.128.4.0/24'], []]);
  });

  test.for(['bridge', 'network'] as const)(
    'a host answers with its %s, and no more once it has booted',
    (kind) => {
      const damage: Damage =
        kind === 'bridge'
          ? { kind: 'bridge', subject: 'node1', address: '10.99.4.1/24' }
          : { kind: 'overlap', subject: 'node1', peer: 'node2' };
      const line = {
        bridge: 'bridge cni0 10.99.4.1/24',
        network: 'anomaly network eth1 10.128.4.0/24',
      }[kind];
      const reboot = {
        at: 60,
        kind: 'reboot',
        node: 'node1',
        downFor: 20,
        flanneldAfter: 0,
      } as const;
      const saysAt = (seconds: number): boolean | undefined => {
        const { world } = after(seconds, fault(damage), reboot);
        const host = world.member('node1');
        if (host === undefined) return undefined;
        const speaker = {
          host,
          hosts: world.hosts,
          now: world.now,
          hasKubeconfig: false,
          listed: { nodes: [], version: 0 },
        };
        return answerOf(speaker, { action: 'digest', wanted: '' }).split('\n').includes(line);
      };
      expect([saysAt(30), saysAt(200)]).toEqual([true, false]);
    },
  );

  test.for([
    [{ which: 'all', direction: 'in' }, 'lost lost lost', 'lost lost lost', 0],
    [{ which: 'large', direction: 'out' }, 'ok,0.4 lost connected', 'ok,0.4 lost refused', 12],
    [{ which: 'connections', direction: 'out' }, 'ok,0.4 ok,0.6 lost', 'ok,0.4 ok,0.6 refused', 12],
  ] as const)(
    'of a node that loses %j nothing of that comes back, and its tables are right',
    (what) => {
      const [loss, own, others, received] = what;
      const lost = fault({ kind: 'packets-lost', nodes: ['node2'], ...loss }, 300);
      const reboot = {
        at: 30,
        kind: 'reboot',
        node: 'node2',
        downFor: 5,
        flanneldAfter: 0,
      } as const;
      const triesAt = (seconds: number): readonly string[] => {
        const story = { ...CLUSTER, keepsMac: true, events: [lost, reboot] };
        const { world } = playedWorld(story, START);
        world.agenda.advanceTo(START + seconds * 1000);
        const tries = (name: string, wanted: string): string => {
          const host = world.member(name);
          if (host === undefined) return 'off';
          const speaker = { host, hosts: world.hosts, now: world.now, hasKubeconfig: false };
          const listed = { nodes: [], version: 0 };
          return answerOf({ ...speaker, listed }, { action: 'packets', wanted })
            .split('\n')
            .filter((line) => /^(tried|traffic) /.test(line))
            .map((line) => line.replace(/^(tried|traffic) \S+ /, ''))
            .join('; ');
        };
        expect(world.members().map(({ kernel }) => kernel.entries().length)).toEqual(
          Array(6).fill(15),
        );
        return [tries('node2', '10.128.1.0'), tries('master2', '10.128.4.0')];
      };
      const [fromIt = '', toIt = ''] = triesAt(120);
      expect(fromIt).toBe(`${own}; ${received} 12`);
      expect(toIt).toBe(`${others}; 12 12`);
      expect(triesAt(400)).toEqual([
        'ok,0.4 ok,0.6 connected; 12 12',
        'ok,0.4 ok,0.6 refused; 12 12',
      ]);
    },
  );

  test('what peers have lost of a node stays lost while the node boots', () => {
    const lost = fault({
      kind: 'entries-lost',
      tables: ['route'],
      subjects: ['node1'],
      observers: ['node2'],
    });
    const reboot = {
      at: 60,
      kind: 'reboot',
      node: 'node1',
      downFor: 60,
      flanneldAfter: 5,
    } as const;
    const wrongAt = (seconds: number): boolean => {
      const story = { ...CLUSTER, keepsMac: true, events: [lost, reboot] };
      const { world, faults } = playedWorld(story, START);
      world.agenda.advanceTo(START + seconds * 1000);
      return faults.flatMap(({ cells }) => cells).some((cell) => isWrong(world, cell));
    };
    expect([wrongAt(90), wrongAt(300)]).toEqual([true, true]);
  });

  test('flanneld that is restarted puts back what is missing', () => {
    const lost = fault({ kind: 'flush', observers: ['node1'], tables: ['neighbour', 'fdb'] });
    const restart = { at: 100, kind: 'restart-flanneld', node: 'node1', downFor: 5 } as const;
    const { world } = after(200, lost, restart);
    expect(world.member('node1')?.kernel.entries()).toHaveLength(15);
  });
});
