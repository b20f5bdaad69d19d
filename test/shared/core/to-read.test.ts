import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../shared/core/judge.ts';
import { nodesToRead, pagesFor } from '../../../shared/core/to-read.ts';
import { type Cluster, cluster } from '../../support/cluster.ts';
import { digested, settled } from '../../support/digested.ts';

function toRead(nodes: Cluster, asked: readonly string[] = []): readonly string[] {
  return nodesToRead(judge(digested(nodes.facts())), new Set(asked));
}

const FORTY = cluster(40).listed();
const PART = FORTY.names.slice(5, 25);

/** Some hosts have lost half of the cluster, all of them the same. */
function half(observer: readonly string[]): Cluster {
  return (['neighbour', 'fdb', 'route'] as const).reduce(
    (on, table) =>
      on.change('neighbour', { observer, subject: PART }).lose(table, { observer, subject: PART }),
    FORTY,
  );
}

describe('who is read in full', () => {
  test('is nobody where all is well', () => {
    expect(toRead(FORTY)).toEqual([]);
  });

  test('is three who tell of the others where nobody else does', () => {
    expect(toRead(cluster(40))).toEqual(['master1', 'master2', 'master3']);
  });

  test('and the next three where those did not answer', () => {
    const asked = ['master1', 'master2', 'master3'];
    expect(toRead(cluster(40), asked)).toEqual(['node1', 'node10', 'node11']);
  });

  test('is one of each group whose digests differ in the same', () => {
    const changed = FORTY.change('neighbour', {
      observer: ['node1', 'node2'],
      subject: 'node9',
    }).change('neighbour', { observer: 'node7', subject: 'node10' });
    expect(toRead(changed)).toEqual(['node1', 'node7']);
    expect(toRead(changed, ['node1'])).toEqual(['node2', 'node7']);
    expect(toRead(changed, ['node1', 'node2', 'node7'])).toEqual([]);
  });

  test('is never asked twice, and all are explained in the end', () => {
    const some = fc.subarray([...FORTY.names], { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(some, some, fc.boolean(), (observers, others, listed) => {
        const damaged = half(observers).change('neighbour', { observer: others });
        const facts = damaged.facts(listed ? {} : { nodes: undefined });
        const { judgement, asked } = settled(facts);
        expect(new Set(asked.flat()).size).toBe(asked.flat().length);
        expect(judgement.matrix.unexplained).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });
});

describe('tables are asked for in pages', () => {
  test('that fit the largest of them', () => {
    const facts = digested(FORTY.facts());
    const observations = facts.observations.map((one) =>
      one.kind === 'digest' && one.host.node === 'node1'
        ? { ...one, digest: { ...one.digest, orphans: 3000 } }
        : one,
    );
    const judgement = judge({ ...facts, observations });
    expect(pagesFor(['node2'], judgement)).toBe(1);
    expect(pagesFor(['node1', 'node2'], judgement)).toBe(3);
    expect(pagesFor([], judgement)).toBe(1);
  });
});
