import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/diagnose/finding.ts';
import { type Judgement, judge } from '../../../../shared/core/judge.ts';
import { cluster } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { drawn } from '../../../support/matrix.ts';

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
const CHANGED = ['n', 'f', 'r', 'nF', 'nf', 'nfr'] as const;

/** A finding without the words in which its entries were found: a digest has none. */
function told({ cells, ...finding }: Finding) {
  return {
    ...finding,
    cells: cells.map(({ observer, subject, state }) => ({ observer, subject, state })),
  };
}

function verdictOf({ findings, matrix }: Judgement) {
  return {
    findings: findings.map(told),
    rows: [...matrix.rows.values()].map(({ observer, shown }) => [observer, [...shown]]),
    subjects: [...matrix.subjects],
  };
}

describe('a judgement from digests is the judgement from tables', () => {
  test('whatever the matrix', () => {
    fc.assert(
      fc.property(drawings([...LOST, ...CHANGED]), (drawing) => {
        const facts = drawn(drawing, WELL).facts();
        expect(verdictOf(settled(facts).judgement)).toEqual(verdictOf(judge(facts)));
      }),
      { numRuns: 150 },
    );
  });

  // Where peers disagree, and nobody else tells, it depends on how many of them are read.
  test('without a list of nodes, whatever is lost, once every VTEP is known', () => {
    fc.assert(
      fc.property(drawings(LOST), (drawing) => {
        const facts = drawn(drawing, cluster(SIZE)).facts();
        const { judgement } = settled(facts);
        fc.pre(judgement.vteps.every(({ podCidr }) => podCidr !== undefined));
        expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
      }),
      { numRuns: 150 },
    );
  });
});
