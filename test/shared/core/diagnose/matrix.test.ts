import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/diagnose/finding.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { drawn } from '../../../support/matrix.ts';

/** `subject master1 neighbour-missing 5/5 critical`, and what else it could be. */
function findings(damaged: Cluster): readonly string[] {
  return judge(damaged.facts()).findings.map(lineOf);
}

function lineOf(finding: Finding): string {
  const { scope, name, cause, otherCauses, missingPeers, checkedPeers, severity } = finding;
  const others = otherCauses.length === 0 ? '' : ` or ${otherCauses.join(', ')}`;
  return `${scope} ${name} ${cause} ${missingPeers}/${checkedPeers} ${severity}${others}`;
}

describe('the smallest cover of the bad cells', () => {
  test.for([
    [
      'a column',
      `master1  -  .  .  .
       master2  N  -  .  .
       master3  N  .  -  .
       node1    N  .  .  -`,
      ['subject master1 neighbour-missing 3/3 critical'],
    ],
    [
      'a row',
      `master1  -  .  .  .
       master2  N  -  N  N
       master3  .  .  -  .
       node1    .  .  .  -`,
      ['observer master2 neighbours-flushed 3/3 critical'],
    ],
    [
      'a cross is a row and a column, and their common cell is told once',
      `master1  -  .  .  .  .
       master2  F  -  N  N  N
       master3  F  .  -  .  .
       node1    F  .  .  -  .
       node2    F  .  .  .  -`,
      [
        'subject master1 fdb-missing 4/4 critical',
        'observer master2 neighbour-missing 3/4 critical',
      ],
    ],
    [
      'a whole row takes the cell that it shares with a column',
      `master1  -  .  .  .  .
       master2  N  -  N  N  N
       master3  N  .  -  .  .
       node1    N  .  .  -  .
       node2    N  .  .  .  -`,
      [
        'observer master2 neighbours-flushed 4/4 critical',
        'subject master1 neighbour-missing 3/4 critical',
      ],
    ],
    [
      'two columns',
      `master1  -  .  .  .  .
       master2  N  -  .  .  F
       master3  N  .  -  .  F
       node1    N  .  .  -  F
       node2    N  .  .  .  -`,
      ['subject master1 neighbour-missing 4/4 critical', 'subject node2 fdb-missing 3/4 critical'],
    ],
    [
      'two pairs that share nothing',
      `master1  -  N  .  .  .
       master2  .  -  .  .  .
       master3  .  .  -  R  .
       node1    .  .  .  -  .
       node2    .  .  .  .  -`,
      [
        'pair master1:master2 neighbour-missing 1/4 warning',
        'pair master3:node1 route-missing 1/4 warning',
      ],
    ],
    [
      'two cells of a row below half are a part of a row',
      `master1  -  N  N  .  .  .
       master2  .  -  .  .  .  .
       master3  .  .  -  .  .  .
       node1    .  .  .  -  .  .
       node2    .  .  .  .  -  .
       node3    .  .  .  .  .  -`,
      ['observer master1 neighbour-missing 2/5 warning'],
    ],
    [
      'of a row and a column of the same length the column is taken',
      `master1  -  N  .  .  .  .
       master2  .  -  .  .  .  .
       master3  .  N  -  N  .  .
       node1    .  .  .  -  .  .
       node2    .  .  .  .  -  .
       node3    .  .  .  .  .  -`,
      [
        'subject master2 neighbour-missing 2/5 warning',
        'pair master3:node1 neighbour-missing 1/5 warning',
      ],
    ],
    [
      'half of the judged peers are a column',
      `master1  -  .  .  .  .
       master2  N  -  .  .  .
       master3  N  .  -  .  .
       node1    .  .  .  -  .
       node2    .  .  .  .  -`,
      ['subject master1 neighbour-missing 2/4 critical'],
    ],
    [
      'the same row on most of the nodes is the cluster',
      `master1  -  N  N  N
       master2  N  -  N  N
       master3  N  N  -  N
       node1    .  .  .  -`,
      ['cluster neighbours-flushed neighbours-flushed 3/4 critical'],
    ],
    [
      'two flushed rows of four are two faults',
      `master1  -  N  N  N
       master2  N  -  N  N
       master3  .  .  -  .
       node1    .  .  .  -`,
      [
        'observer master1 neighbours-flushed 3/3 critical',
        'observer master2 neighbours-flushed 3/3 critical',
      ],
    ],
  ] as const)('%s', ([, drawing, told]) => {
    expect(findings(drawn(drawing))).toEqual(told);
  });
});

describe('clusters of two and three', () => {
  test.for([
    [
      'in a cluster of two a cell is a pair',
      `master1  -  .
       master2  N  -`,
      ['pair master2:master1 neighbour-missing 1/1 critical'],
    ],
    [
      'two that have lost each other are two pairs',
      `master1  -  N
       master2  N  -`,
      [
        'pair master1:master2 neighbour-missing 1/1 critical',
        'pair master2:master1 neighbour-missing 1/1 critical',
      ],
    ],
    [
      'in a cluster of three a lone cell is a pair, and cuts off from half of the peers',
      `master1  -  .  .
       master2  N  -  .
       master3  .  .  -`,
      ['pair master2:master1 neighbour-missing 1/2 critical'],
    ],
    [
      'and both peers are a column',
      `master1  -  .  .
       master2  N  -  .
       master3  N  .  -`,
      ['subject master1 neighbour-missing 2/2 critical'],
    ],
  ] as const)('%s', ([, drawing, told]) => {
    expect(findings(drawn(drawing))).toEqual(told);
  });
});

describe('what nobody saw', () => {
  test.for([
    [
      'silent observers do not count',
      `master1    -  .  .  .
       master2    N  -  .  .
       master3?   .  .  -  .
       node1?     .  .  .  -`,
      ['subject master1 neighbour-missing 1/1 critical'],
    ],
    [
      'a silent subject is judged by its peers',
      `master1?   -  .  .  .
       master2    N  -  .  .
       master3    N  .  -  .
       node1      N  .  .  -`,
      ['subject master1 neighbour-missing 3/3 critical'],
    ],
    [
      'a row without its FDB could have been flushed or be empty',
      `master1-F  -  NR NR NR
       master2    .  -  .  .
       master3    .  .  -  .
       node1      .  .  .  -`,
      ['observer master1 neighbours-and-routes-lost 3/3 critical or tables-empty'],
    ],
    [
      'of what was read only the surest cause is told, where it leaves no doubt',
      `master1-R  -  .  .  .
       master2-R  n  -  .  .
       master3-R  n  .  -  .
       node1-R    n  .  .  -`,
      ['subject master1 stale-mac 3/3 critical'],
    ],
    [
      'without two tables the third fits all that lose it',
      `master1      -  .  .  .
       master2-F-R  N  -  .  .
       master3-F-R  N  .  -  .
       node1-F-R    N  .  .  -`,
      ['subject master1 neighbour-missing 3/3 critical or never-programmed, entries-missing'],
    ],
    [
      'a table that its row did not show is not lost',
      `master1    -  .  .  .
       master2-N  N  -  .  .
       master3-N  N  .  -  .
       node1-N    N  .  .  -`,
      [],
    ],
  ] as const)('%s', ([, drawing, told]) => {
    expect(findings(drawn(drawing))).toEqual(told);
  });
});

describe('one fault is one finding', () => {
  test.for([
    [
      'a missing device explains its empty tables',
      `master1    -  .  .  .
       master2!   .  -  .  .
       master3    .  .  -  .
       node1      .  .  .  -`,
      ['observer master2 device-missing 3/3 critical'],
    ],
    [
      'a drifted MAC explains the neighbours that the change has flushed',
      `master1~   -  .  .  .
       master2    .  -  .  .
       master3    .  .  -  .
       node1      .  .  .  -`,
      ['subject master1 mac-drift 3/3 critical'],
    ],
    [
      'and not another fault of its peers',
      `master1~   -  .  .  .
       master2    .  -  F  .
       master3    .  .  -  .
       node1      .  .  .  -`,
      ['subject master1 mac-drift 3/3 critical', 'pair master2:master3 fdb-missing 1/3 warning'],
    ],
    [
      'where peers differ, most of them name it',
      `master1    -  .  .  .  .
       master2    N  -  .  .  .
       master3    N  .  -  .  .
       node1      N  .  .  -  .
       node2      NF .  .  .  -`,
      ['subject master1 neighbour-missing 4/4 critical or entries-missing'],
    ],
    [
      'what only ages is told with what is lost',
      `master1    -  .  .  .  .
       master2    N  -  .  .  .
       master3    N  .  -  .  .
       node1      w  .  .  -  .
       node2      w  .  .  .  -`,
      ['subject master1 neighbour-missing 2/4 critical or neighbour-not-permanent'],
    ],
    [
      'what ages beside a lost route is a lost route',
      `master1    -  .  .  .
       master2    wR -  .  .
       master3    wR .  -  .
       node1      wR .  .  -`,
      ['subject master1 route-missing 3/3 critical'],
    ],
    [
      'a wrong value beside a lost one counts as lost',
      `master1    -  .  .  .
       master2    Nf -  .  .
       master3    Nf .  -  .
       node1      Nf .  .  -`,
      ['subject master1 entries-missing 3/3 critical'],
    ],
  ] as const)('%s', ([, drawing, told]) => {
    expect(findings(drawn(drawing))).toEqual(told);
  });
});

describe('whatever the matrix', () => {
  const size = 7;
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
    fc.array(cell, { minLength: size, maxLength: size }),
  );
  const anyDrawing = fc
    .array(row, { minLength: size, maxLength: size })
    .map((rows) =>
      rows
        .map(
          ([mark, cells], at) =>
            `${cluster(size).names[at]}${mark} ${cells.map((one, column) => (column === at ? '-' : one)).join(' ')}`,
        )
        .join('\n'),
    );
  const anyCluster = fc
    .tuple(anyDrawing, fc.boolean())
    .map(([drawing, listed]) => drawn(drawing, listed ? undefined : cluster(size)));

  test('every bad cell is in exactly one finding, under a key that comes once', () => {
    fc.assert(
      fc.property(anyCluster, (damaged) => {
        const { matrix, findings: found } = judge(damaged.facts());
        const explained = found.flatMap(({ cells }) => cells);
        expect(explained).toHaveLength(matrix.cells.length);
        expect(new Set(explained)).toEqual(new Set(matrix.cells));
        const keys = found.map(({ scope, name }) => `${scope}/${name}`);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 500 },
    );
  });

  test('nobody has lost more peers than could be judged', () => {
    fc.assert(
      fc.property(anyCluster, (damaged) => {
        for (const { missingPeers, checkedPeers, scope, observers } of judge(damaged.facts())
          .findings) {
          expect(missingPeers).toBeLessThanOrEqual(checkedPeers);
          expect(observers.length).toBe(
            scope === 'observer' || scope === 'pair' ? 1 : missingPeers,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the same facts give the same findings', () => {
    fc.assert(
      fc.property(anyCluster, (damaged) => {
        expect(findings(damaged)).toEqual(findings(damaged));
      }),
      { numRuns: 50 },
    );
  });

  test('the order in which hosts answered changes no finding', () => {
    fc.assert(
      fc.property(anyCluster, (damaged) => {
        const facts = damaged.facts();
        const turned = { ...facts, observations: facts.observations.toReversed() };
        expect(judge(turned).findings.map(lineOf)).toEqual(findings(damaged));
      }),
      { numRuns: 200 },
    );
  });
});
