import { describe, expect, test } from 'vitest';
import { TABLES } from '../../../../shared/contract/causes.ts';
import type { Facts } from '../../../../shared/core/facts.ts';
import type { Observation } from '../../../../shared/core/overlay/vtep.ts';
import { type Hosts, recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { type Decision, run } from '../../../../shared/core/run/run.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { announced, decided, decisions, remembered } from '../../../support/runs.ts';

/** What is said of a node for which others hold nothing, where no list says whether it is in the cluster. */

const SIX = cluster(6);

function unheld(base: Cluster, subject: string, observer?: readonly string[]): Cluster {
  return TABLES.reduce(
    (damaged, table) =>
      damaged.lose(table, observer === undefined ? { subject } : { subject, observer }),
    base,
  );
}

describe('a node for which no other node holds anything', () => {
  test('was removed, or is unreachable from all: without a list that is unknown, and nobody is paged', async () => {
    for (const deciding of [decided, settled]) {
      const decision = await deciding(unheld(SIX, 'node2').facts());
      const report = reportOf(decision);
      expect(announced(decision)).toEqual([]);
      expect(report.verdict).toBe('unjudged');
      expect(report.hosts.unknown).toEqual(['node2']);
      expect(report.problems).toContainEqual({
        where: 'prod',
        message: expect.stringMatching(/^node2 answers, .* If "kubectl get nodes" has node2, /),
      });
    }
  });

  test('does not accuse what came after it was removed', async () => {
    const decision = await decided(unheld(unheld(SIX, 'node2'), 'node3', ['node2']).facts());
    expect(remembered(decision)).toEqual([]);
  });

  test('is paged at once where a list has it', async () => {
    expect(announced(await decided(unheld(SIX.listed(), 'node2').facts()))).toEqual([
      'opened! subject/node2',
    ]);
  });

  test('is still accused in a capture, whose hosts a person chose', async () => {
    const facts = unheld(SIX, 'node2').facts();
    const observations = facts.observations.map((one) =>
      one.kind === 'tables' ? { ...one, host: { ...one.host, instanceId: undefined } } : one,
    );
    const { pages } = await run({ ...facts, observations }, [], recorded([]));
    expect(pages.map(({ key }) => key)).toEqual(['prod/subject/node2']);
  });

  test('is no such node where the others hold nothing of anybody: they lost their own tables', async () => {
    const all = SIX.names.filter((name) => name !== 'node2');
    const flushed = TABLES.reduce(
      (damaged, table) => damaged.lose(table, { observer: all }),
      SIX.listed(),
    );
    const bare = { ...flushed.facts(), nodes: { kind: 'not-configured' } } as const;
    expect(remembered(await decided(bare))).toEqual(['cluster/tables-empty open']);
  });

  test('is no such node in a cluster of two, where the other may have lost its tables', async () => {
    const decision = await decided(unheld(cluster(2), 'master2').facts());
    expect(remembered(decision)).toEqual(['pair/master1:master2 suspected']);
  });

  test('keeps an incident open that was paged before the others lost it too', async () => {
    const [, last] = await decisions([
      { sees: SIX.lose('neighbour', { subject: 'node2' }) },
      { sees: unheld(SIX, 'node2') },
    ]);
    expect(last === undefined ? [] : remembered(last)).toEqual(['subject/node2 open']);
  });
});

describe('a node that most have dropped and some still hold', () => {
  const most = ['master1', 'master2', 'node1', 'node3'];

  test('may be leaving: without a list it must last before it is paged', async () => {
    const [first, second] = await decisions([
      { sees: unheld(SIX, 'node2', most) },
      { sees: unheld(SIX, 'node2', most) },
    ]);
    expect(first && remembered(first)).toEqual(['subject/node2 suspected']);
    expect(second && announced(second)).toEqual(['opened! subject/node2']);
  });

  test('so must several of them', async () => {
    const few = cluster(9);
    const dropped = ['node1', 'node2', 'node3'].reduce(
      (damaged, subject) => unheld(damaged, subject, few.names.slice(0, 8)),
      few,
    );
    const decision = await decided(dropped.facts());
    expect(announced(decision)).toEqual([]);
  });

  test('is paged at once where a list has it', async () => {
    const decision = await decided(unheld(SIX.listed(), 'node2', most).facts());
    expect(announced(decision)).toEqual(['opened! subject/node2']);
  });
});

const VICTIM = SIX.vtepOf('node2');
const HEIR = { ...VICTIM, node: 'node9', mac: '0a:00:00:00:00:99', instanceId: 'i-99999999' };

/** node9 has node2's tunnel IP, and these others lead packets to it. */
function replaced(observers: readonly string[], base = SIX): Facts {
  const facts = base.silence('node2').facts();
  const known = facts.observations.map((one): Observation => {
    if (one.kind !== 'tables' || !observers.includes(one.host.node)) return one;
    const { neighbours = [], fdb = [] } = one.tables;
    return {
      ...one,
      tables: {
        ...one.tables,
        neighbours: neighbours.map((entry) =>
          entry.ip === VICTIM.tunnelIp ? { ...entry, mac: HEIR.mac } : entry,
        ),
        fdb: fdb.map((entry) => (entry.mac === VICTIM.mac ? { ...entry, mac: HEIR.mac } : entry)),
      },
    };
  });
  const answer = SIX.facts().observations.find(
    (one) => one.kind === 'tables' && one.host.node === 'node2',
  );
  if (answer?.kind !== 'tables') throw new Error('node2 answers');
  const heir: Observation = {
    ...answer,
    host: { ...answer.host, node: HEIR.node, instanceId: HEIR.instanceId },
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, mac: HEIR.mac })),
    },
  };
  return { ...facts, observations: [...known, heir] };
}

describe('a silent node that no list has', () => {
  const gone = {
    gone: new Set([SIX.nodes.find(({ node }) => node === 'node2')?.instanceId ?? '']),
  };

  async function afterwards(sees: Cluster, changes: Partial<Facts> = {}): Promise<Decision> {
    const { roster, incidents } = await decided(SIX.lose('fdb', { subject: 'node2' }).facts());
    return await decided(
      sees.silence('node2').facts({ roster, now: NOW + 200_000, ...changes }),
      incidents,
    );
  }

  test('has left where its instance is gone and most others have dropped it, though one missed that', async () => {
    const decision = await afterwards(unheld(SIX, 'node2', SIX.names.slice(0, 4)), gone);
    expect(decision.reasons.get('prod/subject/node2')).toBe('seen-correct');
    expect(decision.roster.map(({ node }) => node)).not.toContain('node2');
    expect(reportOf(decision).problems).toContainEqual({
      where: 'node2',
      message: expect.stringMatching(/^it has left: /),
    });
  });

  test.for([
    ['its instance is known', {}, SIX.names.slice(0, 4)],
    ['most still hold it', gone, SIX.names.slice(0, 2)],
  ] as const)('has not where %s', async ([, changes, observers]) => {
    const decision = await afterwards(unheld(SIX, 'node2', observers), changes);
    expect(remembered(decision)).toEqual(['subject/node2 open']);
    expect(decision.roster.map(({ node }) => node)).toContain('node2');
  });

  test('has left where another node has its pod CIDR, and nobody leads packets to it', async () => {
    const { roster } = await decided(SIX.facts());
    for (const deciding of [decided, settled]) {
      const decision = await deciding({ ...replaced(SIX.names), roster });
      expect(remembered(decision)).toEqual([]);
      expect(decision.roster.map(({ node }) => node).includes('node2')).toBe(false);
      expect(decision.roster.map(({ node }) => node).includes('node9')).toBe(true);
    }
  });

  test('is not accused while it answers, its pod CIDR on a node that has just booted', async () => {
    const { observations } = replaced(SIX.names);
    const answers = SIX.facts().observations.filter(
      (one) => one.kind === 'tables' && one.host.node === 'node2',
    );
    const booted = observations.map((one): Observation =>
      one.kind === 'tables' && one.host.node === 'node9'
        ? { ...one, host: { ...one.host, uptimeSeconds: 50 } }
        : one,
    );
    const others = booted.filter((one) => one.kind === 'tables');
    const decision = await decided({ ...SIX.facts(), observations: [...others, ...answers] });
    expect(remembered(decision)).toEqual([]);
    expect(reportOf(decision).problems).toContainEqual({
      where: 'prod',
      message: expect.stringMatching(/^node2 answers, and no entry on another node leads to it/),
    });
  });

  test('has not where only the other node itself says so', async () => {
    const { roster } = await decided(SIX.facts());
    const decision = await decided({ ...replaced([]), roster });
    expect(decision.roster.map(({ node }) => node)).toContain('node2');
  });
});

/** The list of so long ago. */
function list(ageSeconds: number): Partial<Facts> {
  const { nodes } = SIX.listed().facts();
  const origin = { source: 'kubeconfig', ageSeconds, voters: [], silent: [] } as const;
  return nodes.kind === 'read' ? { nodes: { ...nodes, origin } } : {};
}

describe('a silent node that all others have dropped, of a list', () => {
  const dropped = unheld(SIX.listed(), 'node2').silence('node2');

  test('that was read in this run is paged', async () => {
    const decision = await decided(dropped.facts(list(0)));
    expect(announced(decision)).toEqual(['opened! subject/node2']);
  });

  test('that an earlier run has read may have left since', async () => {
    const decision = await decided(dropped.facts(list(120)));
    expect(announced(decision)).toEqual([]);
    expect(remembered(decision)).toEqual([]);
  });

  test('and its open incident stays open until a list says so', async () => {
    const { incidents } = await decided(SIX.listed().lose('fdb', { subject: 'node2' }).facts());
    const facts = dropped.facts({ ...list(120), now: NOW + 200_000 });
    expect(remembered(await decided(facts, incidents))).toEqual(['subject/node2 open']);
  });
});

describe('a node that all others have dropped, and whose list a second look cannot read again', () => {
  const dropped = unheld(SIX.listed(), 'node2');
  const unreadList: Hosts = {
    ...recorded([]),
    again: async () => ({
      observations: dropped
        .facts()
        .observations.map((one) =>
          one.kind === 'tables'
            ? { ...one, host: { ...one.host, uptimeSeconds: (one.host.uptimeSeconds ?? 0) + 10 } }
            : one,
        ),
      problems: [],
      unread: new Set(SIX.names),
    }),
  };

  async function later(ageSeconds: number): Promise<Decision> {
    const first = await run(dropped.facts(list(0)), [], unreadList);
    expect(remembered(first)).toEqual(['subject/node2 suspected']);
    const facts = dropped.facts({ ...list(ageSeconds), now: NOW + 200_000 });
    return await run(facts, first.incidents, unreadList);
  }

  test('is paged by a later run whose own list has it', async () => {
    expect(announced(await later(0))).toEqual(['opened! subject/node2']);
  });

  test('is not, while the list is older than the suspicion', async () => {
    const decision = await later(250);
    expect(announced(decision)).toEqual([]);
    expect(remembered(decision)).toEqual(['subject/node2 suspected']);
  });
});

describe('a silent node whose tunnel IP a host has that no list knows yet', () => {
  test("has left, where the list is an earlier run's and most others lead packets to that host", async () => {
    const { roster } = await decided(SIX.listed().facts());
    for (const deciding of [decided, settled]) {
      const decision = await deciding({ ...replaced(SIX.names), ...list(120), roster });
      expect(remembered(decision)).toEqual([]);
      expect(reportOf(decision).hosts.unknown).toContain('node2');
    }
  });

  test('is accused where the list was read in this run', async () => {
    const decision = await decided({ ...replaced(SIX.names), ...list(0) });
    expect(announced(decision)).toEqual(['opened! subject/node2']);
  });

  test('is accused where that host alone says so', async () => {
    const lost = SIX.lose('neighbour', { subject: 'node2' });
    const decision = await decided({ ...replaced([], lost), ...list(120) });
    expect(announced(decision)).toEqual(['opened! subject/node2']);
  });
});
