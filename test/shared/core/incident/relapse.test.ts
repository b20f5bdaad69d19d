import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../../shared/core/run/run.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { type Hosts, recorded } from '../../../../shared/core/run/hosts.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { UNCONFIRMED } from '../../../support/runs.ts';

const SIX = cluster(6).listed();
const COLUMN = SIX.lose('neighbour', { subject: 'master1' });
const HALF = SIX.lose('neighbour', { observer: ['node1', 'node2'], subject: 'master1' });

/** Runs at these minutes: `X` master1 is lost by all peers, `H` by two of five, `F` its FDB
 * entries are gone, `.` all is well. */
async function decisions(runs: Readonly<Record<number, string>>): Promise<readonly Decision[]> {
  const sees: Readonly<Record<string, Cluster>> = {
    X: COLUMN,
    H: HALF,
    F: SIX.lose('fdb', { subject: 'master1' }),
    '.': SIX,
  };
  let incidents: readonly Incident[] = [];
  const made: Decision[] = [];
  for (const [minute, letter] of Object.entries(runs)) {
    const seen = sees[letter];
    if (seen === undefined) throw new Error(`no such run: ${letter}`);
    const facts = seen.facts({ now: NOW + Number(minute) * 60_000 });
    const decision = await run(facts, incidents, recorded([]));
    ({ incidents } = decision);
    made.push(decision);
  }
  return made;
}

async function played(seen: readonly Cluster[], hosts: Hosts): Promise<readonly Decision[]> {
  let incidents: readonly Incident[] = [];
  const made: Decision[] = [];
  for (const [at, sees] of seen.entries()) {
    const decision = await run(sees.facts({ now: NOW + at * 60_000 }), incidents, hosts);
    ({ incidents } = decision);
    made.push(decision);
  }
  return made;
}

async function reasons(runs: Readonly<Record<number, string>>): Promise<readonly string[]> {
  return (await decisions(runs)).map(
    ({ announcements, reasons: all }) =>
      announcements.map(({ kind, reason }) => `${kind}: ${reason}`).join() ||
      [...all.values()].join(),
  );
}

describe('a relapse', () => {
  test('within half an hour opens the same incident again, and its page says how often', async () => {
    const made = await decisions({ 0: 'X', 4: '.', 5: '.', 30: 'X', 34: '.', 35: '.', 40: 'X' });
    expect(made.flatMap(({ pages }) => pages.map(({ kind, key }) => `${kind} ${key}`))).toEqual([
      'opened prod/subject/master1',
      'resolved prod/subject/master1',
      'opened prod/subject/master1',
      'resolved prod/subject/master1',
      'opened prod/subject/master1',
    ]);
    const heads = made.flatMap(({ pages }) => pages.map(({ text }) => text.split('\n')[0]));
    expect(heads.filter((head) => head?.startsWith('CRITICAL'))).toEqual([
      'CRITICAL  cluster prod',
      'CRITICAL  cluster prod, again, 2nd time',
      'CRITICAL  cluster prod, again, 3rd time',
    ]);
  });

  test('later is a new incident', async () => {
    expect(await reasons({ 0: 'X', 4: '.', 5: '.', 36: 'X' })).toEqual([
      'opened: confirmed',
      'seen-correct',
      'resolved: fixed',
      'opened: confirmed',
    ]);
  });

  test('with another cause is another fault under the same key', async () => {
    const made = await decisions({
      0: 'X',
      4: '.',
      5: '.',
      10: 'F',
      14: '.',
      15: '.',
      20: 'X',
      24: '.',
      25: '.',
      30: 'F',
      34: '.',
      35: '.',
    });
    expect(made.flatMap(({ pages }) => pages.map(({ kind }) => kind))).toEqual([
      'opened',
      'resolved',
      'opened',
      'resolved',
      'opened',
      'resolved',
      'opened',
      'resolved',
    ]);
  });

  test('of a part of its cells is the same incident, under its key', async () => {
    const made = await decisions({ 0: 'X', 4: '.', 5: '.', 10: 'H', 14: 'H' });
    expect(made.at(-1)?.announcements.map(({ incident: { key, times } }) => [key, times])).toEqual([
      ['prod/subject/master1', 2],
    ]);
  });
});

test('a suspicion has another key than the incident that opens again under its name', async () => {
  const weak = (...observers: readonly string[]): Cluster =>
    SIX.weaken({ observer: observers, subject: 'node1' });
  // The pair is what the incident was; the column is new, and nobody has confirmed it yet.
  const both = SIX.weaken({ observer: 'master1', subject: 'node1' })
    .lose('neighbour', { observer: ['master2', 'node2'], subject: 'node1' })
    .lose('route', { observer: ['master2', 'node2'], subject: 'node1' });
  const made = await played([weak('master1', 'node3'), SIX, SIX, both], UNCONFIRMED);
  expect(
    made
      .at(-1)
      ?.reported.map(({ key, phase }) => `${phase} ${key}`)
      .toSorted(),
  ).toEqual(['open prod/subject/node1', 'suspected prod/subject/node1/2']);
});

describe('an incident that has relapsed three times in two hours', () => {
  const flapping = {
    0: 'X',
    1: '.',
    2: '.',
    3: 'X',
    4: '.',
    5: '.',
    6: 'X',
    7: '.',
    8: '.',
    9: 'X',
  };

  test('resolves after thirty clean minutes', async () => {
    expect((await reasons({ ...flapping, 10: '.', 39: '.', 40: '.' })).slice(10)).toEqual([
      'flapping',
      'flapping',
      'resolved: fixed',
    ]);
  });

  test('that begin again when it is wrong once more, of which nobody is paged', async () => {
    expect((await reasons({ ...flapping, 10: '.', 20: 'X', 21: '.', 40: '.' })).slice(10)).toEqual([
      'flapping',
      'unchanged',
      'flapping',
      'flapping',
    ]);
  });

  test('hides no other cause meanwhile', async () => {
    const made = await decisions({ ...flapping, 10: '.', 15: 'F', 16: 'F', 17: '.', 18: '.' });
    const pages = made.slice(10).flatMap(({ pages: some }) => some);
    expect(pages.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'opened prod/subject/master1/2',
      'resolved prod/subject/master1/2',
    ]);
  });

  test('does so no more when its relapses are two hours old', async () => {
    expect((await reasons({ ...flapping, 200: '.', 201: '.' })).at(-1)).toBe('resolved: fixed');
  });
});
