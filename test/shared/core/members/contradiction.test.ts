import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import type { Facts, RosterEntry } from '../../../../shared/core/facts.ts';
import type { Tables } from '../../../../shared/core/overlay/vtep.ts';
import { ip } from '../../../support/addressing.ts';
import { fixesOf } from '../../../support/fixes.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { lineOf } from '../../../support/findings.ts';

/** Peers and the roster contradict each other about a node, and no node list has flannel's annotations. */

const SUBJECT = 'master2';
const ELSEWHERE = ip('203.0.113.9');

function rosterOf(healthy: Cluster): readonly RosterEntry[] {
  return nextRoster(healthy.facts(), judge(healthy.facts()));
}

/** These hosts send packets for a node elsewhere. */
function misled(on: Cluster, observers: readonly string[], subject = SUBJECT): Cluster {
  const { mac } = on.vtepOf(subject);
  return observers.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => {
        const fdb = answer.tables.fdb?.map((entry) =>
          entry.mac === mac ? { ...entry, destination: ELSEWHERE } : entry,
        );
        return { ...answer, tables: { ...answer.tables, fdb } };
      }),
    on,
  );
}

function ofDevice(on: Cluster, edit: (tables: Tables) => Tables): Cluster {
  return on.answer(SUBJECT, (answer) => ({ ...answer, tables: edit(answer.tables) }));
}

/** The subject's own device sends its packets from there. */
function moved(on: Cluster): Cluster {
  return ofDevice(on, (tables) => ({
    ...tables,
    devices: tables.devices?.map((device) => ({ ...device, local: ELSEWHERE })),
  }));
}

async function foundIn(
  damaged: Cluster,
  roster: readonly RosterEntry[],
): Promise<readonly string[]> {
  const { judgement } = await settled(damaged.facts({ roster }));
  const whole = judge(damaged.facts({ roster })).findings.map(lineOf);
  expect(judgement.findings.map(lineOf)).toEqual(whole);
  return whole;
}

describe('peers that send packets elsewhere than device and earlier runs have it', () => {
  const TEN = cluster(10);
  const roster = rosterOf(TEN);
  const peers = TEN.names.filter((name) => name !== SUBJECT);

  test.for([
    ['most of them', 7],
    ['all of them', 9],
  ] as const)('%s: nobody is accused, and there is no command', async ([, count]) => {
    const damaged = misled(TEN, peers.slice(0, count));
    expect(await foundIn(damaged, roster)).toEqual([
      `cluster underlay-moved underlay-moved ${count}/10 critical`,
    ]);
    const facts = damaged.facts({ roster });
    const { reported, pages } = await run(facts, [], recorded([]));
    expect(reported.map(({ subject, fix }) => [subject, fix])).toEqual([[undefined, []]]);
    expect(pages).toHaveLength(1);
    expect(pages[0]?.text).toContain(
      `sends packets for ${SUBJECT} to an address that is not its host's`,
    );
    expect(pages[0]?.text).toContain(`own devices and earlier runs have ${SUBJECT} 192.168.1.1`);
  });

  test('and what is proven of another node keeps its own page and its commands', async () => {
    const half = TEN.listed((node) =>
      node.name === SUBJECT ? { ...node, annotated: [], internalIps: [] } : node,
    );
    const undecided = misled(half, peers);
    const first = await run(undecided.facts({ roster }), [], recorded([]));
    expect(first.incidents.map(({ key }) => key)).toEqual(['prod/cluster/underlay-moved']);
    const both = misled(
      undecided,
      TEN.names.filter((name) => name !== 'node1'),
      'node1',
    );
    const { reported, pages } = await run(
      both.facts({ roster, now: NOW + 60_000 }),
      first.incidents,
      recorded([]),
    );
    expect(pages.map(({ key }) => key)).toEqual(['prod/subject/node1']);
    expect(reported.map(({ key, fix }) => [key, fix.length > 0])).toEqual([
      ['prod/cluster/underlay-moved', false],
      ['prod/subject/node1', true],
    ]);
  });

  test('few of them: they are wrong', async () => {
    expect(await foundIn(misled(TEN, peers.slice(0, 2)), roster)).toEqual([
      `subject ${SUBJECT} underlay-moved 2/9 warning`,
    ]);
  });

  test('most of them, against a node list too: they are restarted, and no entry of theirs is overwritten', () => {
    const facts: Facts = misled(TEN, peers.slice(0, 7)).listed().facts({ roster });
    const judgement = judge(facts);
    expect(judgement.findings.map(lineOf)).toEqual([
      `subject ${SUBJECT} underlay-moved 7/9 critical`,
    ]);
    const [finding] = judgement.findings;
    const kinds = finding && fixesOf(judgement)(finding).map(({ kind }) => kind);
    expect(kinds).toEqual(['restart']);
  });
});

describe('the roster yields where device and all peers agree, however few', () => {
  test.for([2, 3, 6])('in a cluster of %i', (size) => {
    const whole = cluster(size);
    const peers = whole.names.filter((name) => name !== SUBJECT);
    const roster = rosterOf(whole);
    expect(judge(moved(misled(whole, peers)).facts({ roster })).findings).toEqual([]);
  });

  test('and not where the device has what it has: then the peers are wrong', () => {
    const two = misled(cluster(2), ['master1']);
    expect(judge(two.facts({ roster: rosterOf(cluster(2)) })).findings.map(lineOf)).toEqual([
      `pair master1:${SUBJECT} underlay-moved 1/1 critical`,
    ]);
  });
});

describe('fewer than three witnesses do not outvote the roster', () => {
  const roster = rosterOf(cluster(4));

  test.for([
    [2, ['cluster underlay-moved underlay-moved 2/2 critical']],
    [3, []],
  ] as const)('%i that agree about a silent node: %s', ([count, found]) => {
    const names = cluster(4).names.filter((name) => name !== SUBJECT);
    const untold = names.slice(count);
    const damaged = misled(cluster(4), names)
      .silence(SUBJECT)
      .hide('neighbours', untold)
      .hide('fdb', untold)
      .hide('routes', untold);
    expect(judge(damaged.facts({ roster })).findings.map(lineOf)).toEqual(found);
  });

  test('one host that lies of another is alone', async () => {
    const TEN = cluster(10);
    const liar = misled(TEN, ['master1']);
    const { judgement } = await settled(liar.facts({ roster: rosterOf(TEN) }));
    expect(judgement.findings.map(lineOf)).toEqual([
      `pair master1:${SUBJECT} underlay-moved 1/9 warning`,
    ]);
  });
});

describe('an FDB entry of an old MAC, which flannel leaves behind', () => {
  const SIX = cluster(6);
  const { mac } = SIX.vtepOf(SUBJECT);
  const OLD = '02:9b:9c:53:4a:10';
  /** It stands first. */
  const withOrphans = SIX.names
    .reduce(
      (on, name) =>
        on.answer(name, (answer) => {
          const { fdb = [] } = answer.tables;
          const orphan = { device: 'flannel.1', mac: OLD, destination: ip('192.168.1.1') };
          return {
            ...answer,
            tables: { ...answer.tables, fdb: name === SUBJECT ? fdb : [orphan, ...fdb] },
          };
        }),
      SIX,
    )
    .silence(SUBJECT);
  const facts = (on: Cluster): Facts => {
    const list = on.listed((node) => ({ ...node, annotated: [] }));
    return list.facts();
  };
  const macIn = (on: Cluster): string | undefined =>
    judge(facts(on)).vteps.find(({ node }) => node === SUBJECT)?.mac;

  test('is not the MAC of a silent node: no neighbour entry leads to it', () => {
    expect(macIn(withOrphans)).toBe(mac);
    expect(judge(facts(withOrphans)).findings).toEqual([]);
  });

  test('where the neighbour entry is lost too, nobody knows which is right', () => {
    expect(macIn(withOrphans.lose('neighbour', { subject: SUBJECT }))).toBeUndefined();
  });

  test('a MAC without a rival counts without its neighbour entry', () => {
    const lost = SIX.silence(SUBJECT).lose('neighbour', { subject: SUBJECT });
    expect(macIn(lost)).toBe(mac);
  });
});
