import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/findings.ts';
import { drawn } from '../../../support/matrix.ts';

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
      'a row of two',
      `master1  -  .  .
       master2  N  -  N
       master3  .  .  -`,
      ['observer master2 neighbours-flushed 2/2 critical'],
    ],
    [
      'a cross is a row and a column, and their common cell is in one of them',
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
      'half of the checked peers are a column',
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
  ] as const)('%s', ([, drawing, expected]) => {
    expect(findings(drawn(drawing))).toEqual(expected);
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
  ] as const)('%s', ([, drawing, expected]) => {
    expect(findings(drawn(drawing))).toEqual(expected);
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
      'a silent subject is checked by its peers',
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
      'where what was read leaves no doubt, one cause is named',
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
      ['subject master1 neighbour-missing 3/3 critical or entries-missing, never-programmed'],
    ],
    [
      'a table that its row did not show is not lost',
      `master1    -  .  .  .
       master2-N  N  -  .  .
       master3-N  N  .  -  .
       node1-N    N  .  .  -`,
      [],
    ],
  ] as const)('%s', ([, drawing, expected]) => {
    expect(findings(drawn(drawing))).toEqual(expected);
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
      'a drift on one side of a partition is one fault, with the row that it flushed there',
      `master1    -   .   .   NFR NFR NFR
       master2    .   -   .   NFR NFR NFR
       master3    .   .   -   NFR NFR NFR
       node1~     NFR NFR NFR -   .   .
       node2      NFR NFR NFR .   -   .
       node3      NFR NFR NFR .   .   -`,
      ['subject node1 mac-drift 2/5 warning', 'cluster partition partition 6/6 critical'],
    ],
    [
      'a drift stays one where most of its peers have lost their own tables',
      `master1~   -  .  .  .  .
       master2    NR -  NR NR NR
       master3    NR NR -  NR NR
       node1      NR NR NR -  NR
       node2      .  .  .  .  -`,
      [
        'subject master1 mac-drift 1/4 warning',
        'cluster neighbours-and-routes-lost neighbours-and-routes-lost 3/5 critical',
      ],
    ],
    [
      'a row is whole beside a drift, of which it has one cell',
      `master1~   -  .  .  .  .
       master2    .  -  NR NR NR
       master3    .  .  -  .  .
       node1      .  .  .  -  .
       node2      .  .  .  .  -`,
      [
        'subject master1 mac-drift 4/4 critical',
        'observer master2 neighbours-and-routes-lost 3/4 critical',
      ],
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
      'what only ages is in one finding with what is lost',
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
  ] as const)('%s', ([, drawing, expected]) => {
    expect(findings(drawn(drawing))).toEqual(expected);
  });
});
