import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Table } from '../../../../shared/contract/causes.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { cluster } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { drawn } from '../../../support/matrix.ts';
import { verdictOf } from '../../../support/verdict.ts';

const SIZE = 7;
const WELL = cluster(SIZE).listed();

const MARKS = ['', '', '', '', '?', '!', '~', '-N', '-F', '-R'] as const;

/** Drawings of a matrix in which about half of the cells have one of these letters. */
function drawings(letters: readonly string[]) {
  const cell = fc.oneof(fc.constant('.'), fc.constantFrom(...letters));
  const row = fc.tuple(
    fc.constantFrom(...MARKS),
    fc.array(cell, { minLength: SIZE, maxLength: SIZE }),
  );
  return fc.array(row, { minLength: SIZE, maxLength: SIZE }).map((rows) =>
    rows
      .map(([mark, cells], at) => {
        const others = cells.map((one, column) => (column === at ? '-' : one));
        return `${WELL.names[at]}${mark} ${others.join(' ')}`;
      })
      .join('\n'),
  );
}

const LOST = ['N', 'F', 'R', 'NF', 'NR', 'FR', 'NFR', 'w'] as const;
/**
 * No neighbour entry that is lost or wrong beside an FDB entry that leads elsewhere: that one is an
 * orphan where another leads there as well, and is told as absent.
 */
const CHANGED = ['n', 'f', 'r', 'nF', 'nr', 'fr'] as const;

describe('a judgement from digests is the judgement from tables', () => {
  test('whatever the matrix', async () => {
    await fc.assert(
      fc.asyncProperty(drawings([...LOST, ...CHANGED]), async (drawing) => {
        const facts = drawn(drawing, WELL).facts();
        expect(verdictOf((await settled(facts)).judgement)).toEqual(verdictOf(judge(facts)));
      }),
      { numRuns: 50 },
    );
  });

  // Where peers disagree, and nobody else tells, it depends on how many of them are read.
  test('without a list of nodes, whatever is lost, once every VTEP is known', async () => {
    await fc.assert(
      fc.asyncProperty(drawings(LOST), async (drawing) => {
        const facts = drawn(drawing, cluster(SIZE)).facts();
        const { judgement } = await settled(facts);
        fc.pre(judgement.vteps.every(({ podCidr }) => podCidr !== undefined));
        expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
      }),
      { numRuns: 50 },
    );
  });

  // Forty hosts of twenty entries lost each are past what a digest tells: those are read in full.
  test('in clusters so damaged that hosts must be read in full', async () => {
    const whole = cluster(48).listed();
    const some = fc.subarray([...whole.names], { minLength: 12, maxLength: 36 });
    // Entries that lead to one wrong host are orphans of each other where their neighbours are gone.
    const damage = fc.record({
      kind: fc.constantFrom<readonly ['lose' | 'change', Table]>(
        ['lose', 'neighbour'],
        ['lose', 'fdb'],
        ['lose', 'route'],
        ['change', 'neighbour'],
        ['change', 'route'],
      ),
      observer: some,
      subject: some,
    });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 4, maxLength: 8 }), async (damages) => {
        const facts = damages
          .reduce((on, { kind: [how, table], ...where }) => on[how](table, where), whole)
          .facts();
        const { judgement, asked } = await settled(facts);
        read += asked.flat().length;
        expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
      }),
      { numRuns: 5 },
    );
    expect(read).toBeGreaterThan(5);
  });
});
