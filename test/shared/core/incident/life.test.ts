import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { announced, decided, decisions, UNCONFIRMED } from '../../../support/runs.ts';

const six = cluster(6);
const column = six.lose('neighbour', { subject: 'master1' });
const half = six.lose('neighbour', { observer: ['node1', 'node2'], subject: 'master1' });
const pair = six.lose('neighbour', { observer: 'node1', subject: 'master1' });

/**
 * What a run sees: `X` master1 lost by all peers, `H` by two of five, `P` by one, `x` as X but the
 * second look does not confirm it, `h` as H and `r` all well with the other three peers silent, `W` by all but for good, `.` all well, `?` nobody answers, `t` all
 * well but no host shows its neighbours, `-` master1 has left, and so have its peers' entries.
 */
const SEEN: Readonly<Record<string, { readonly now: Cluster; readonly confirmed: boolean }>> = {
  X: { now: column, confirmed: true },
  x: { now: column, confirmed: false },
  h: { now: half.silence('node3', 'master2', 'master3'), confirmed: true },
  r: { now: six.silence('node3', 'master2', 'master3'), confirmed: true },
  H: { now: half, confirmed: true },
  P: { now: pair, confirmed: true },
  W: { now: six.weaken({ subject: 'master1' }), confirmed: true },
  '.': { now: six, confirmed: false },
  '?': { now: six.silence(...six.names), confirmed: false },
  t: { now: six.hide('neighbours'), confirmed: false },
};

/** Seconds between two runs. */
const INTERVAL_SECONDS = 100;

/** What became of each run: `opened!` paged, `updated` did not; phases where nothing was announced. */
async function story(runs: string): Promise<string> {
  let incidents: readonly Incident[] = [];
  const phases: string[] = [];
  for (const [at, letter] of runs.split('').entries()) {
    const seen = SEEN[letter];
    if (seen === undefined) throw new Error(`no such run: ${letter}`);
    // The roster knows a silent host; without it, the host would be no member.
    const listed = seen.now.listed();
    const facts = listed.facts({ now: NOW + at * INTERVAL_SECONDS * 1000 });
    const hosts = seen.confirmed ? recorded([]) : UNCONFIRMED;
    const decision = await run(facts, incidents, hosts);
    ({ incidents } = decision);
    const kinds = decision.announcements.map(({ kind, pages }) => `${kind}${pages ? '!' : ''}`);
    phases.push(kinds.join('+') || phasesOf(incidents) || 'well');
  }
  return phases.join(' ');
}

/** Of the incidents that are not over. */
function phasesOf(incidents: readonly Incident[]): string {
  const phases = incidents.map(({ phase }) => phase);
  return phases.filter((phase) => phase !== 'resolved').join('+');
}

/** The key that each run remembers. */
async function keysAfter(damages: readonly Cluster[]): Promise<readonly string[]> {
  let incidents: readonly Incident[] = [];
  const keys: string[] = [];
  for (const [at, damaged] of damages.entries()) {
    ({ incidents } = await decided(damaged.facts({ now: NOW + at * 200_000 }), incidents));
    keys.push(incidents.map(({ key }) => key).join('+'));
  }
  return keys;
}

describe('the life of an incident', () => {
  test.for([
    ['X..', 'opened! open resolved!', 'a confirmed finding pages, and so does its end, seen twice'],
    ['X.X.', 'opened! open open open', 'what is wrong again after one clean run was never over'],
    ['X.?.', 'opened! open open resolved!', 'a run that could not look is no clean run'],
    ['XXX', 'opened! open open', 'an open incident is announced once'],
    ['x.', 'suspected well', 'what no second look confirmed is never announced'],
    ['xX', 'suspected opened!', 'a second look that failed leaves it for the next run'],
    ['X?X', 'opened! open open', 'not looking never resolves'],
    ['X?..', 'opened! open open resolved!', 'and the next two looks that see it well do'],
    ['Xt..', 'opened! open open resolved!', 'a table that was not shown is no look'],
    ['?.', 'well well', 'nobody looking opens nothing'],
    ['P.', 'suspected well', 'a lone pair has its patience'],
    ['PPP', 'suspected suspected opened!', 'after three minutes it pages'],
    ['HHH', 'suspected suspected opened!', 'below half of the peers has the same patience'],
    ['PPPX', 'suspected suspected opened! worsened!', 'a severity that rises pages once'],
    ['PPPXX..', 'suspected suspected opened! worsened! open open resolved!', 'and only once'],
    ['XP..', 'opened! updated open resolved!', 'a fault that shrinks is the same incident'],
    ['XPX', 'opened! updated updated', 'and pages no more when it grows again'],
    ['W..', 'opened open resolved', 'what still works wakes nobody'],
    ['WX..', 'opened opened! open resolved!', 'until it stops working'],
    ['Xhr..', 'opened! updated open open resolved!', 'peers that fell silent are not forgotten'],
    ['PPPx', 'suspected suspected opened! updated', 'a rise that no second look saw wakes nobody'],
    ['X..X', 'opened! open resolved! opened!', 'a relapse opens it again'],
  ] as const)('%s: %s (%s)', async ([runs, outcome]) => {
    expect(await story(runs)).toBe(outcome);
  });

  test('hosts that take turns in being silent are all seen correct, and it resolves', async () => {
    const listed = six.listed();
    const peers = ['master2', 'master3', 'node1', 'node2', 'node3'];
    const seen = [column.listed(), ...peers.map((peer) => listed.silence(peer))];
    const made = await decisions(seen.map((sees) => ({ sees })));
    expect(made.flatMap((one) => announced(one))).toEqual([
      'opened! subject/master1',
      'resolved! subject/master1',
    ]);
    expect(made.map(({ reasons }) => [...reasons.values()].join())).toEqual([
      'confirmed',
      'not-checked',
      'seen-correct',
      'not-checked',
      'fixed',
      '',
    ]);
  });

  test('an entry that nobody has read since keeps it open, whoever else is seen correct', async () => {
    const listed = six.listed();
    const gone = column.listed().silence('node2', 'node3', 'master2', 'master3');
    const seen = [column.listed(), listed.silence('node1'), listed.silence('node1'), gone, gone];
    const made = await decisions(seen.map((sees) => ({ sees })));
    expect(made.flatMap((one) => announced(one))).toEqual([
      'opened! subject/master1',
      'updated subject/master1',
    ]);
  });

  test('a fault that grows from a pair to a column keeps its key', async () => {
    const [first, ...later] = await keysAfter([pair, pair, column, half]);
    expect(first).toMatch(/\/pair\/node1:master1$/);
    expect(new Set(later)).toEqual(new Set([first]));
  });
});
