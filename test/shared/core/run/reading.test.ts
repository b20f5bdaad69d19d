import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../shared/core/facts.ts';
import { type Judgement, judge } from '../../../../shared/core/judge.ts';
import type { Digest, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { nodesToRead, readingOf } from '../../../../shared/core/run/reading.ts';
import { cidr } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';

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

  test('is one of each subnet first: hosts of one may hold no tunnel entries for each other', () => {
    const { observations, ...facts } = digested(cluster(40).facts());
    const rack = (one: Observation): Observation => {
      if (one.kind !== 'digest') return one;
      const subnet = one.host.node.startsWith('master') ? '192.168.1.0/24' : '192.168.2.0/24';
      return { ...one, digest: { ...one.digest, subnets: [cidr(subnet)] } };
    };
    const judgement = judge({ ...facts, observations: observations.map(rack) });
    expect(nodesToRead(judgement)).toEqual(['master1', 'node1', 'master2']);
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

  test('is never asked twice, and all are explained in the end', async () => {
    const some = fc.subarray([...FORTY.names], { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(some, some, fc.boolean(), async (observers, others, listed) => {
        const damaged = half(observers).change('neighbour', { observer: others });
        const facts = damaged.facts(listed ? {} : { nodes: { kind: 'not-configured' } });
        const { judgement, asked } = await settled(facts);
        expect(new Set(asked.flat()).size).toBe(asked.flat().length);
        expect(judgement.matrix.unexplained).toEqual([]);
      }),
      { numRuns: 4 },
    );
  });
});

type Counts = Digest['counts'];

/** Each host says so of the number of its neighbours. */
function claiming(claims: Readonly<Record<string, number>>, size = 6): Judgement {
  const facts: Facts = digested(cluster(size).facts());
  const claim = (one: Observation): Observation => {
    const neighbour = one.kind === 'digest' ? claims[one.host.node] : undefined;
    if (one.kind !== 'digest' || neighbour === undefined) return one;
    const counts: Counts = { neighbour, fdb: 0, route: 0, direct: 0 };
    return { ...one, digest: { ...one.digest, counts, ghosts: 0 } };
  };
  return judge({ ...facts, observations: facts.observations.map(claim) });
}

function idsOf({ members }: Judgement, nodes: readonly string[]) {
  return nodes.map((name) => members.find(({ node }) => node === name)?.observed?.host.instanceId);
}

describe('what is read in full at once', () => {
  test('is everybody, in as many pages as the largest needs', () => {
    const judgement = claiming({ master2: 1300, node1: 2601 }, 100);
    expect(readingOf(['node1', 'master2', 'node2'], judgement)).toEqual({
      instanceIds: idsOf(judgement, ['master2', 'node2', 'node1']),
      pages: 3,
    });
  });

  test('is without the host that claims so much that the others had no place', () => {
    const judgement = claiming({ node1: 3000 }, 100);
    const others = judgement.matrix.nodes.filter((node) => node !== 'node1').slice(0, 40);
    expect(readingOf(['node1', ...others], judgement)).toEqual({
      instanceIds: idsOf(judgement, others),
      pages: 1,
    });
  });

  test('is in no more pages than a cluster of its size can need', () => {
    for (const claimed of [1e6, 1e9, 1e15]) {
      const judgement = claiming({ node1: claimed });
      expect(readingOf(['node1'], judgement)).toEqual({
        instanceIds: idsOf(judgement, ['node1']),
        pages: 2,
      });
    }
  });

  test('is nobody where nobody is wanted', () => {
    expect(readingOf([], claiming({ node1: 1e9 }))).toEqual({ instanceIds: [], pages: 1 });
  });

  test('has smaller pages of an overlay in IPv6', () => {
    const judgement = claiming({ node1: 1000 });
    const members = judgement.members.map((member) => {
      const { observed } = member;
      if (observed === undefined) return member;
      const devices = [{ name: 'flannel-v6.1', up: true, addresses: [] }];
      return { ...member, observed: { ...observed, tables: { devices } } };
    });
    expect(readingOf(['node1'], judgement).pages).toBe(1);
    expect(readingOf(['node1'], { ...judgement, members }).pages).toBe(2);
  });
});
