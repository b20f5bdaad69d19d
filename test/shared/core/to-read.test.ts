import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../shared/core/facts.ts';
import { type Judgement, judge } from '../../../shared/core/judge.ts';
import type { Digest, Observation } from '../../../shared/core/overlay.ts';
import { readingOf } from '../../../shared/core/to-read.ts';
import { cluster } from '../../support/cluster.ts';
import { digested } from '../../support/digested.ts';

type Counts = Digest['counts'];

/** Each host says so of the number of its neighbours. */
function claiming(claims: Readonly<Record<string, number>>, size = 6): Judgement {
  const facts: Facts = digested(cluster(size).facts());
  const claim = (one: Observation): Observation => {
    const neighbour = one.kind === 'digest' ? claims[one.host.node] : undefined;
    if (one.kind !== 'digest' || neighbour === undefined) return one;
    const counts: Counts = { neighbour, fdb: 0, route: 0, direct: 0 };
    return { ...one, digest: { ...one.digest, counts, orphans: 0 } };
  };
  return judge({ ...facts, observations: facts.observations.map(claim) });
}

describe('what is read in full at once', () => {
  test('is everybody, in as many pages as the largest needs', () => {
    const judgement = claiming({ master2: 1300, node1: 2601 }, 100);
    expect(readingOf(['node1', 'master2', 'node2'], judgement, 100)).toEqual({
      nodes: ['master2', 'node2', 'node1'],
      pages: 3,
    });
  });

  test('is without the host that claims so much that the others had no place', () => {
    const judgement = claiming({ node1: 3000 }, 100);
    expect(readingOf(['node1', 'master2', 'node2'], judgement, 8)).toEqual({
      nodes: ['master2', 'node2'],
      pages: 1,
    });
  });

  test('is in no more pages than a cluster of its size can need', () => {
    for (const claimed of [1e6, 1e9, 1e15]) {
      const judgement = claiming({ node1: claimed });
      expect(readingOf(['node1'], judgement, 100)).toEqual({ nodes: ['node1'], pages: 2 });
    }
  });

  test('is nobody where nobody is wanted, or nothing can be fetched', () => {
    const judgement = claiming({ node1: 1e9 });
    expect(readingOf([], judgement, 100)).toEqual({ nodes: [], pages: 1 });
    expect(readingOf(['node1'], judgement, 1)).toEqual({ nodes: [], pages: 1 });
  });

  test('has smaller pages of an overlay in IPv6', () => {
    const judgement = claiming({ node1: 1000 });
    const members = judgement.members.map((member) => {
      const { observed } = member;
      if (observed === undefined) return member;
      const devices = [{ name: 'flannel-v6.1', up: true, addresses: [] }];
      return { ...member, observed: { ...observed, tables: { devices } } };
    });
    expect(readingOf(['node1'], judgement, 100).pages).toBe(1);
    expect(readingOf(['node1'], { ...judgement, members }, 100).pages).toBe(2);
  });
});
