import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAUSE_TABLE } from '../../../../shared/contract/causes.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { cluster } from '../../../support/cluster.ts';
import { findings, lineOf } from '../../../support/findings.ts';
import { drawn } from '../../../support/matrix.ts';

/** How large a random cluster is. */
const SIZE = 7;

describe('whatever the matrix', () => {
  const cell = fc.constantFrom(
    '.',
    '.',
    '.',
    'N',
    'F',
    'R',
    'NF',
    'NR',
    'FR',
    'NFR',
    'n',
    'f',
    'w',
    'nF',
  );
  const row = fc.tuple(
    fc.constantFrom('', '', '', '', '?', '!', '~', '-N', '-F', '-R'),
    fc.array(cell, { minLength: SIZE, maxLength: SIZE }),
  );
  const anyDrawing = fc
    .array(row, { minLength: SIZE, maxLength: SIZE })
    .map((rows) =>
      rows
        .map(
          ([mark, cells], at) =>
            `${cluster(SIZE).names[at]}${mark} ${cells.map((one, column) => (column === at ? '-' : one)).join(' ')}`,
        )
        .join('\n'),
    );
  test('every bad cell is in exactly one finding, under a key that comes once', () => {
    fc.assert(
      fc.property(anyDrawing, fc.boolean(), (drawing, listed) => {
        const damaged = drawn(drawing, listed ? undefined : cluster(SIZE));
        const { matrix, findings: found } = judge(damaged.facts());
        const explained = found.flatMap(({ cells }) => cells);
        expect(explained).toHaveLength(matrix.cells.length);
        expect(new Set(explained)).toEqual(new Set(matrix.cells));
        const keys = found.map(({ scope, name }) => `${scope}/${name}`);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 100 },
    );
  });

  test('no finding has more lost peers than checked ones', () => {
    fc.assert(
      fc.property(anyDrawing, fc.boolean(), (drawing, listed) => {
        const damaged = drawn(drawing, listed ? undefined : cluster(SIZE));
        for (const { missingPeers, checkedPeers, scope, observers } of judge(damaged.facts())
          .findings) {
          expect(missingPeers).toBeLessThanOrEqual(checkedPeers);
          expect(observers.length).toBe(
            scope === 'observer' || scope === 'pair' ? 1 : missingPeers,
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a finding has a scope and a severity that the table of causes gives its cause', () => {
    fc.assert(
      fc.property(anyDrawing, fc.boolean(), (drawing, listed) => {
        const damaged = drawn(drawing, listed ? undefined : cluster(SIZE));
        for (const { cause, scope, severity } of judge(damaged.facts()).findings) {
          const { scopes, severity: worst } = CAUSE_TABLE[cause];
          expect(scopes).toContain(scope);
          expect([worst, 'warning']).toContain(severity);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('the same facts give the same findings', () => {
    fc.assert(
      fc.property(anyDrawing, fc.boolean(), (drawing, listed) => {
        const damaged = drawn(drawing, listed ? undefined : cluster(SIZE));
        expect(findings(damaged)).toEqual(findings(damaged));
      }),
      { numRuns: 50 },
    );
  });

  test('the order in which hosts answered changes no finding', () => {
    fc.assert(
      fc.property(anyDrawing, fc.boolean(), (drawing, listed) => {
        const damaged = drawn(drawing, listed ? undefined : cluster(SIZE));
        const facts = damaged.facts();
        const turned = { ...facts, observations: facts.observations.toReversed() };
        expect(judge(turned).findings.map(lineOf)).toEqual(findings(damaged));
      }),
      { numRuns: 100 },
    );
  });
});
