import type { Finding } from '../../shared/core/diagnose/finding.ts';
import type { Judgement } from '../../shared/core/judge.ts';

/** A judgement without the words in which entries were found: a digest has none. */
export function verdictOf({ findings, matrix }: Judgement) {
  return {
    findings: findings.map(withoutTexts),
    rows: [...matrix.rows.values()].map(({ observer, shown }) => [observer, [...shown]]),
    subjects: [...matrix.subjects],
  };
}

function withoutTexts({ cells, parts = [], ...finding }: Finding): object {
  return {
    ...finding,
    parts: parts.map(withoutTexts),
    cells: cells.map(({ observer, subject, state }) => ({ observer, subject, state })),
  };
}

/** `node1 master1 absent right right`: the cells in which something is wrong, table by table. */
export function wrongCells({ matrix }: Judgement): readonly string[] {
  return matrix.cells
    .map(({ observer, subject, state: { neighbour, fdb, route } }) =>
      [observer, subject, neighbour, fdb, route].join(' '),
    )
    .toSorted();
}
