import { describe, expect, test } from 'vitest';
import type { RosterEntry } from '../../../../shared/core/facts.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Tables, Vtep } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip, nthNode } from '../../../support/addressing.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';
import { verdictOf, wrongCells } from '../../../support/verdict.ts';

const SIX = cluster(6).listed();
const PAIR = { observer: 'node1', subject: 'master1' } as const;

/** What is told of digests alone, before any host is read in full. */
function atOnce(damaged: Cluster, roster: readonly RosterEntry[] = []) {
  const judgement = judge(digested(damaged.facts({ roster })));
  return { cells: wrongCells(judgement), unexplained: judgement.matrix.unexplained };
}

function remembering(node: string, changes: Partial<Vtep>): readonly RosterEntry[] {
  const vtep: Vtep = { ...SIX.vtepOf(node), ...changes };
  return [{ node, vteps: [vtep], master: false, lastSeen: NOW, devices: [] }];
}

/** The observer holds this in place of what it should. */
function holding(observer: string, edit: (tables: Tables) => Tables): Cluster {
  return SIX.answer(observer, (answer) => ({ ...answer, tables: edit(answer.tables) }));
}

const OLD_MAC = '8a:00:11:22:33:44';
const OLD_IP = ip('192.168.77.7');

describe('a digest tells of an entry', () => {
  test.for([
    ['of each table, that it is absent', SIX.lose('neighbour', PAIR), 'absent right right'],
    ['', SIX.lose('fdb', PAIR), 'right absent right'],
    ['', SIX.lose('route', PAIR), 'right right absent'],
    [
      'that all are absent',
      SIX.lose('neighbour', PAIR).lose('fdb', PAIR).lose('route', PAIR),
      'absent absent absent',
    ],
    ['that it is not PERMANENT', SIX.weaken(PAIR), 'weak right right'],
    ['that the kernel asks in vain', SIX.ask('INCOMPLETE', PAIR), 'absent right right'],
  ] as const)('%s', ([, damaged, state]) => {
    expect(atOnce(damaged)).toEqual({ cells: [`node1 master1 ${state}`], unexplained: [] });
  });

  test('that it has the MAC that the roster remembers', () => {
    const { tunnelIp } = SIX.vtepOf('master1');
    const stale = holding('node1', (tables) => ({
      ...tables,
      neighbours: tables.neighbours?.map((one) =>
        one.ip === tunnelIp ? { ...one, mac: OLD_MAC } : one,
      ),
    }));
    const roster = remembering('master1', { mac: OLD_MAC });
    expect(atOnce(stale, roster).cells).toEqual(['node1 master1 changed right right']);
    expect(atOnce(stale).unexplained).toEqual([['node1']]);
  });

  test('that it leads to the underlay IP that the roster remembers', () => {
    const { mac } = SIX.vtepOf('master1');
    const moved = holding('node1', (tables) => ({
      ...tables,
      fdb: tables.fdb?.map((one) => (one.mac === mac ? { ...one, destination: OLD_IP } : one)),
    }));
    const roster = remembering('master1', { underlayIp: OLD_IP });
    expect(atOnce(moved, roster).cells).toEqual(['node1 master1 right changed right']);
    expect(atOnce(moved).unexplained).toEqual([['node1']]);
  });

  test('and not of an entry for the host itself', () => {
    const own = nthNode(3);
    const besides = holding(own.node, (tables) => ({
      ...tables,
      fdb: [
        ...(tables.fdb ?? []),
        { device: 'flannel.1', mac: own.mac, destination: own.underlayIp },
      ],
    }));
    expect(atOnce(besides)).toEqual({ cells: [], unexplained: [] });
  });
});

describe('whole tables', () => {
  const MANY = cluster(60).listed();

  test.for([
    ['neighbour'],
    ['fdb'],
    ['route'],
    ['neighbour', 'route'],
    ['neighbour', 'fdb', 'route'],
  ] as const)('that are lost are found without reading any: %s', async (tables) => {
    const flushed = tables.reduce((on, table) => on.lose(table, { observer: 'node1' }), MANY);
    const { judgement, asked } = await settled(flushed.facts());
    expect(asked).toEqual([]);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(flushed.facts())));
  });

  test('are told with a few other entries that are lost', async () => {
    const flushed = MANY.lose('neighbour', { observer: 'node1' })
      .lose('fdb', { observer: 'node1', subject: ['node2', 'node3'] })
      .lose('route', { observer: 'node1', subject: 'node4' });
    const { judgement, asked } = await settled(flushed.facts());
    expect(asked).toEqual([]);
    expect(wrongCells(judgement)).toEqual(wrongCells(judge(flushed.facts())));
  });

  test('that were not shown are unknown, and not lost', () => {
    const hidden = MANY.hide('fdb', 'node1').lose('neighbour', PAIR);
    expect(atOnce(hidden)).toEqual({
      cells: ['node1 master1 absent unknown right'],
      unexplained: [],
    });
  });
});

describe('hosts that differ in the same', () => {
  const MANY = cluster(80).listed();
  const SUBJECTS = MANY.names.slice(20, 65);
  const LOST = (['neighbour', 'fdb', 'route'] as const).reduce(
    (on, table) => on.lose(table, { observer: MANY.names.slice(0, 8), subject: SUBJECTS }),
    MANY,
  );

  test('are told of by one that is read in full', async () => {
    const { judgement, asked } = await settled(LOST.facts());
    expect(asked).toEqual([['master1']]);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(LOST.facts())));
  });

  test('and by a few entries more besides', async () => {
    const besides = LOST.lose('route', { observer: 'node1', subject: ['node4', 'node77'] })
      .weaken({ observer: 'node1', subject: 'node5' })
      .lose('fdb', { observer: 'node2', subject: 'master1' });
    const { judgement, asked } = await settled(besides.facts());
    expect(asked.flat()).toHaveLength(3);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(besides.facts())));
  });

  test('are told of although each has hundreds of routes of the company’s own', async () => {
    const routes = Array.from({ length: 300 }, (_, at) => ({
      device: 'eth1',
      destination: cidr(`172.30.${at % 250}.${64 * Math.floor(at / 250)}/26`),
      gateway: ip('192.168.1.254'),
    }));
    const routed = MANY.names.slice(0, 8).reduce(
      (on, name) =>
        on.answer(name, (answer) => ({
          ...answer,
          tables: { ...answer.tables, routes: [...(answer.tables.routes ?? []), ...routes] },
        })),
      LOST,
    );
    const { judgement, asked } = await settled(routed.facts());
    expect(asked).toEqual([['master1']]);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(routed.facts())));
  });

  test('are not told of by tables that have changed since their digest', () => {
    const facts = LOST.facts();
    const healed = MANY.facts().observations[0];
    const observations = digested(facts).observations.map((one, at) =>
      at === 0 && one.kind === 'digest' && healed?.kind === 'tables'
        ? { ...healed, digest: one.digest }
        : one,
    );
    const { matrix } = judge({ ...facts, observations });
    expect(matrix.unexplained).toEqual([MANY.names.slice(1, 8)]);
  });

  test('are not told of by tables of which one could not be read', () => {
    const facts = LOST.facts();
    const observations = digested(facts).observations.map((one, at) => {
      const whole = facts.observations[at];
      return at === 0 && one.kind === 'digest' && whole?.kind === 'tables'
        ? { ...whole, tables: { ...whole.tables, fdb: undefined }, digest: one.digest }
        : one;
    });
    const { matrix } = judge({ ...facts, observations });
    expect(matrix.unexplained).toEqual([MANY.names.slice(1, 8)]);
  });
});
