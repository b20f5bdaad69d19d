import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../shared/core/facts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import type { Decision } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { announced, decided, remembered } from '../../../support/runs.ts';

/** What becomes of an incident whose victim a node list lacks. */

const SIX = cluster(6).listed();
const LOST = SIX.lose('neighbour', { subject: 'node2' });

type Names = 'all' | 'without node2';

function listing(base: Cluster, before: Names, after: Names): Partial<Facts> {
  const { nodes } = base.facts();
  if (nodes.kind !== 'read') throw new Error('there is a list');
  const of = (names: Names) =>
    nodes.after.filter(({ name }) => names === 'all' || name !== 'node2');
  return { nodes: { ...nodes, before: of(before), after: of(after) } };
}

interface Run {
  readonly sees: Cluster;
  readonly before: Names;
  readonly after: Names;
}

async function decisions(runs: readonly Run[]): Promise<readonly Decision[]> {
  const made: Decision[] = [];
  for (const [at, { sees, before, after }] of runs.entries()) {
    const { roster = [], incidents = [] } = made.at(-1) ?? {};
    const facts = sees.facts({ now: NOW + at * 60_000, roster, ...listing(SIX, before, after) });
    made.push(await decided(facts, incidents));
  }
  return made;
}

const PAGED: Run = { sees: LOST, before: 'all', after: 'all' };

describe('an incident whose victim the node list lacks', () => {
  test('stays open while its host answers with its device, and is no second one once the list is whole', async () => {
    const [, missing, back, whole] = await decisions([
      PAGED,
      { sees: LOST, before: 'all', after: 'without node2' },
      { sees: LOST, before: 'without node2', after: 'all' },
      PAGED,
    ]);
    for (const decision of [missing, back, whole]) {
      expect(decision && announced(decision)).toEqual([]);
      expect(decision && remembered(decision)).toEqual(['subject/node2 open']);
    }
    expect(missing && reportOf(missing).checked?.unchecked).toEqual([
      { node: 'node2', reason: 'the node list lacks it, and its host answers' },
    ]);
    expect(missing && reportOf(missing).problems).toContainEqual({
      where: 'node2',
      message: 'not checked yet: the node list lacks it, and its host answers',
    });
  });

  test('is over once its host is silent', async () => {
    const silent = LOST.silence('node2');
    const [, , gone] = await decisions([
      PAGED,
      { sees: silent, before: 'all', after: 'without node2' },
      { sees: silent, before: 'without node2', after: 'without node2' },
    ]);
    expect(gone && announced(gone)).toEqual(['resolved! subject/node2']);
  });

  test('is over where its host has no device any more', async () => {
    const bare = LOST.dropDevice('node2');
    const [, , gone] = await decisions([
      PAGED,
      { sees: bare, before: 'all', after: 'without node2' },
      { sees: bare, before: 'without node2', after: 'without node2' },
    ]);
    expect(gone && announced(gone)).toEqual(['resolved! subject/node2']);
  });
});

test('a node that is removed pages nobody while its host answers', async () => {
  const [, removed] = await decisions([
    { sees: SIX, before: 'all', after: 'all' },
    {
      sees: LOST.lose('fdb', { subject: 'node2' }).lose('route', { subject: 'node2' }),
      before: 'all',
      after: 'without node2',
    },
  ]);
  expect(removed && remembered(removed)).toEqual([]);
  expect(removed && reportOf(removed).verdict).toBe('healthy');
});
