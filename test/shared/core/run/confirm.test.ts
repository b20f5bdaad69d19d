import { describe, expect, test } from 'vitest';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { confirm } from '../../../../shared/core/run/confirm.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Observation } from '../../../../shared/core/overlay/vtep.ts';
import { dueForSecondLook, secondLookOf } from '../../../../shared/core/run/second-look.ts';
import { type Cluster, cluster, LIMITS } from '../../../support/cluster.ts';

const SIX = cluster(6);
const VICTIM = { subject: 'master1' } as const;
const LOST = SIX.lose('neighbour', VICTIM);

type Answer = Extract<Observation, { kind: 'tables' }>;

interface SecondLook {
  readonly sees: Cluster;
  /** How much later the hosts answered, by their own uptime. */
  readonly seconds?: number;
  /** Who was asked; everybody where nobody is named. */
  readonly asked?: readonly string[];
  readonly edit?: (answer: Answer) => Answer;
}

/** `subject master1 neighbour-missing 5/5 sure`: what is left of the findings, and what is sure. */
function story(first: Cluster, { sees, seconds = 10, asked, edit }: SecondLook): readonly string[] {
  const facts = first.facts();
  const judgement = judge(facts);
  const observations = sees
    .facts()
    .observations.filter((one) => one.kind === 'tables' && (asked?.includes(one.host.node) ?? true))
    .map((one) => (one.kind === 'tables' ? later(edit?.(one) ?? one, seconds) : one));
  const due = dueForSecondLook(facts, judgement, []);
  const look = secondLookOf(due, judgement, facts.limits);
  const confirmed = confirm(judgement, due, { ...look, observations });
  return confirmed.judgement.findings.map((finding) => {
    const { scope, name, cause, missingPeers, checkedPeers } = finding;
    const sure = confirmed.confirms(finding) ? 'sure' : 'unsure';
    return `${scope} ${name} ${cause} ${missingPeers}/${checkedPeers} ${sure}`;
  });
}

function later(answer: Answer, seconds: number): Answer {
  const uptimeSeconds = (answer.host.uptimeSeconds ?? 0) + seconds;
  return { ...answer, host: { ...answer.host, uptimeSeconds } };
}

/** What a second look confirms. */
function confirms(...looks: Parameters<typeof confirmedBy>): readonly boolean[] {
  const confirmed = confirmedBy(...looks);
  return confirmed.judgement.findings.map(confirmed.confirms);
}

/** A second look in which these nodes' parts of the list could not be read again. */
function confirmedBy(
  first: Cluster,
  second: Cluster,
  unread: readonly string[] = [],
): ReturnType<typeof confirm> {
  const facts = first.facts();
  const judgement = judge(facts);
  const due = dueForSecondLook(facts, judgement, []);
  const observations = second
    .facts()
    .observations.map((one) => (one.kind === 'tables' ? later(one, 10) : one));
  const look = secondLookOf(due, judgement, facts.limits);
  return confirm(judgement, due, { ...look, observations, unread: new Set(unread) });
}

/** These nodes have lost all that they held for the others. */
function dropped(where: Parameters<Cluster['lose']>[1]): Cluster {
  return TABLES.reduce<Cluster>((on, table) => on.lose(table, where), SIX.listed());
}

test('a node that all have dropped may have left, where no list was read again that has it', () => {
  const gone = dropped(VICTIM);
  expect(confirms(gone, gone, ['node1'])).toEqual([true]);
  expect(confirms(gone, gone, SIX.names)).toEqual([false]);
  expect(confirmedBy(gone, gone, SIX.names).judgement.problems).toContainEqual({
    where: 'master1',
    message: expect.stringMatching(
      /^all entries for it are gone, .* no node list was read since: /,
    ),
  });
});

test.for([
  ['one entry for it is gone', LOST],
  ['an observer has lost all that it held', dropped({ observer: 'node1' })],
  ['all have lost all that they held', dropped({})],
] as const)('a list that was not read again changes nothing where %s', ([, first]) => {
  expect(confirms(first, first, SIX.names)).toEqual([true]);
});

test('a node that all have dropped and that is silent the second time may be leaving', () => {
  const gone = dropped(VICTIM);
  expect(confirms(gone, gone)).toEqual([true]);
  expect(confirms(gone, gone.silence('master1'))).toEqual([false]);
  // Where one entry alone is gone, flannel has not removed the node.
  expect(confirms(LOST, LOST.silence('master1'))).toEqual([true]);
});

describe('a second look', () => {
  test.for([
    [
      'that sees the same confirms it',
      LOST,
      { sees: LOST },
      ['subject master1 neighbour-missing 5/5 sure'],
    ],
    ['that sees it healed lets it go', LOST, { sees: SIX }, []],
    [
      'that sees half of it healed keeps the other half',
      LOST,
      { sees: SIX.lose('neighbour', { ...VICTIM, observer: ['node1', 'node2', 'node3'] }) },
      ['subject master1 neighbour-missing 3/5 sure'],
    ],
    [
      'that sees all but one healed keeps a pair',
      LOST,
      { sees: SIX.lose('neighbour', { ...VICTIM, observer: 'node3' }) },
      ['pair node3:master1 neighbour-missing 1/5 sure'],
    ],
    [
      'that came too early confirms nothing',
      LOST,
      { sees: LOST, seconds: 9.9 },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'that came too early heals nothing',
      LOST,
      { sees: SIX, seconds: 9.9 },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'of a host that has booted meanwhile is one of another host',
      LOST,
      {
        sees: LOST,
        edit: (answer: Answer) => ({ ...answer, host: { ...answer.host, bootId: 'another' } }),
      },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'under another managed-node id is one of another host',
      LOST,
      {
        sees: SIX,
        edit: (answer: Answer) => ({ ...answer, host: { ...answer.host, instanceId: 'mi-x' } }),
      },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'that sees another table wrong does not count as the same fault',
      LOST,
      { sees: SIX.lose('fdb', VICTIM) },
      [],
    ],
    [
      'that sees one more table wrong does',
      LOST,
      { sees: LOST.lose('fdb', VICTIM) },
      ['subject master1 entries-missing 5/5 sure'],
    ],
    [
      'in which the table could not be read is none',
      LOST,
      { sees: LOST.hide('neighbours') },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'that nobody answered leaves the finding as it was, and unsure',
      LOST,
      { sees: LOST, asked: [] },
      ['subject master1 neighbour-missing 5/5 unsure'],
    ],
    [
      'of a few is believed for the others while most of the few have not changed',
      LOST,
      { sees: LOST, asked: ['node1', 'node2'] },
      ['subject master1 neighbour-missing 5/5 sure'],
    ],
    [
      'of a few of whom most are healed is believed for the others, too',
      LOST,
      {
        sees: SIX.lose('neighbour', { ...VICTIM, observer: 'node1' }),
        asked: ['node1', 'node2'],
      },
      ['pair node1:master1 neighbour-missing 1/5 sure'],
    ],
    [
      'that sees the missing device again lets it go',
      SIX.listed().dropDevice('node2'),
      { sees: SIX },
      [],
    ],
    [
      'that misses the device again confirms it',
      SIX.listed().dropDevice('node2'),
      { sees: SIX.dropDevice('node2') },
      ['observer node2 device-missing 5/5 sure'],
    ],
    [
      'that sees the device made anew without its peers names what is left',
      SIX.listed().dropDevice('node2'),
      {
        sees: SIX.lose('neighbour', { observer: 'node2' })
          .lose('fdb', { observer: 'node2' })
          .lose('route', { observer: 'node2' }),
      },
      ['observer node2 tables-empty 5/5 sure'],
    ],
    [
      'that sees the drifted MAC set right lets the drift go',
      SIX.listed().drift('master1'),
      { sees: SIX },
      [],
    ],
    [
      'that sees the drifted MAC again confirms the drift',
      SIX.listed().drift('master1'),
      { sees: SIX.drift('master1') },
      ['subject master1 mac-drift 5/5 sure'],
    ],
  ] as const)('%s', ([, first, second, left]) => {
    expect(story(first, second)).toEqual(left);
  });

  test('brings back the lines as the hosts print them', () => {
    const held = { table: 'neighbour', key: '10.68.0.0', value: undefined } as const;
    const printed = { ...held, line: '10.68.0.0 INCOMPLETE' };
    const judgement = judge(LOST.facts());
    const observations = LOST.facts().observations.flatMap((one) =>
      one.kind === 'tables' ? [{ ...later(one, 10), verbatim: [printed] }] : [],
    );
    const look = secondLookOf(judgement.findings, judgement, LIMITS);
    const again = confirm(judgement, judgement.findings, { ...look, observations });
    expect(again.judgement.members.map(({ observed }) => observed?.verbatim)).toEqual(
      SIX.names.map(() => [printed]),
    );
  });

  test('of one fault leaves another, for which nobody was asked, as it was', () => {
    const both = LOST.lose('fdb', { observer: 'node2', subject: 'node3' });
    const sees = LOST;
    expect(story(both, { sees })).toEqual([
      'subject master1 neighbour-missing 5/5 sure',
      'pair node2:node3 fdb-missing 1/5 unsure',
    ]);
  });
});
