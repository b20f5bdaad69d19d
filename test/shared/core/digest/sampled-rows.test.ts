import { describe, expect, test } from 'vitest';
import { confirm } from '../../../../shared/core/run/confirm.ts';
import { CELLS_OF_ROW } from '../../../../shared/core/matrix/shown-row.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { dueForSecondLook, secondLookOf } from '../../../../shared/core/run/second-look.ts';
import { hostFigures } from '../../../../shared/core/telemetry/figures.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';

const EIGHTY = cluster(80).listed();
const FLUSHED = EIGHTY.lose('neighbour', { observer: 'node1' });

describe('of a large row that is lost as a whole', () => {
  const flushed = judge(digested(FLUSHED.facts()));
  const { matrix, findings } = flushed;

  test('the first cells stand for all', () => {
    expect(matrix.cells).toHaveLength(CELLS_OF_ROW);
    expect(matrix.rows.get('node1')?.lost).toEqual(new Set(['neighbour']));
    expect(findings.map(({ name, missingPeers }) => [name, missingPeers])).toEqual([['node1', 79]]);
  });

  test('all are counted', () => {
    const { nodes } = hostFigures(flushed, []);
    expect(nodes.get('node2')).toMatchObject({
      lostPeers: 1,
      missingPeers: { neighbour: 1, fdb: 0, route: 0 },
    });
    // Nobody has entries for itself.
    expect(nodes.get('node1')).toMatchObject({
      lostPeers: 79,
      missingPeers: { neighbour: 0, fdb: 0, route: 0 },
    });
  });

  function secondLook(sees: Cluster) {
    const facts = FLUSHED.facts();
    const first = judge(digested(facts));
    const due = dueForSecondLook(facts, first, []);
    const observations = sees
      .facts()
      .observations.map((one) =>
        one.kind === 'tables'
          ? { ...one, host: { ...one.host, uptimeSeconds: (one.host.uptimeSeconds ?? 0) + 10 } }
          : one,
      );
    const look = secondLookOf(due, first, facts.limits);
    return confirm(first, due, { ...look, observations });
  }

  test('a second look that sees the asked ones lost believes the rest', () => {
    const { judgement, confirms } = secondLook(FLUSHED);
    expect(judgement.findings.map(({ missingPeers }) => missingPeers)).toEqual([79]);
    expect(judgement.findings.map(confirms)).toEqual([true]);
  });

  test('a second look that sees them healed lets go of all', () => {
    const { judgement } = secondLook(EIGHTY);
    expect([judgement.findings, judgement.matrix.cells]).toEqual([[], []]);
    expect(judgement.matrix.rows.get('node1')?.lost).toEqual(new Set());
  });
});

describe('of a large cluster that has fallen apart', () => {
  const WHOLE = cluster(140).listed();
  const [LEFT, RIGHT] = [WHOLE.names.slice(0, 70), WHOLE.names.slice(70)];
  const APART = (['neighbour', 'fdb', 'route'] as const).reduce(
    (on, table) =>
      on
        .lose(table, { observer: LEFT, subject: RIGHT })
        .lose(table, { observer: RIGHT, subject: LEFT }),
    WHOLE,
  );

  test('each row has its first cells, and all are counted', async () => {
    const { judgement, asked } = await settled(APART.facts());
    const ofLeft = judgement.matrix.cells.filter(({ observer }) => observer === 'node1');
    expect(asked.flat()).toHaveLength(2);
    expect(judgement.findings.map(({ cause }) => cause)).toEqual(['partition']);
    expect(ofLeft).toHaveLength(CELLS_OF_ROW);
    expect(hostFigures(judgement, []).nodes.get('node9')?.missingPeers).toEqual({
      neighbour: 70,
      fdb: 70,
      route: 70,
    });
  });

  test('and a host that has lost everything besides does not put it together', async () => {
    const worse = (['neighbour', 'fdb', 'route'] as const).reduce(
      (on, table) => on.lose(table, { observer: 'node9' }),
      APART,
    );
    const { judgement } = await settled(worse.facts());
    expect(judgement.findings.map(({ cause }) => cause)).toEqual(['partition', 'tables-empty']);
    expect(judgement.matrix.cells.length).toBeLessThanOrEqual(140 * 80);
  });
});
