import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, PRIME, SYNDROMES } from '../../../../shared/contract/digest.ts';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { type Judgement, judge } from '../../../../shared/core/judge.ts';
import type { Digest } from '../../../../shared/core/overlay/vtep.ts';
import { cidr } from '../../../support/addressing.ts';
import { cluster } from '../../../support/cluster.ts';
import { digested } from '../../../support/digested.ts';

const TEN = cluster(10)
  .listed()
  .lose('neighbour', { subject: 'master1', observer: ['master2', 'node2', 'node5'] })
  .lose('route', { observer: 'node4' })
  .change('fdb', { observer: 'node6', subject: 'node7' });
const HONEST = digested(TEN.facts());
const LIAR = 'node3';

const count = fc.oneof(fc.nat({ max: 12 }), fc.constant(Number.MAX_SAFE_INTEGER));

const anyDigest: fc.Arbitrary<Digest> = fc.record({
  sums: fc.oneof(
    fc
      .array(fc.nat({ max: PRIME - 1 }), {
        minLength: BUCKETS * SYNDROMES,
        maxLength: BUCKETS * SYNDROMES,
      })
      .map((sums) => Int32Array.from(sums)),
    // What another host answered, which might be passed for one's own.
    fc.constantFrom(
      ...HONEST.observations.flatMap((one) => (one.kind === 'digest' ? [one.digest.sums] : [])),
    ),
    fc.constant(new Int32Array(BUCKETS * SYNDROMES)),
  ),
  counts: fc.record({ neighbour: count, fdb: count, route: count, direct: count }),
  ghosts: count,
  tables: fc.subarray([...TABLES]).map((tables) => new Set(tables)),
  subnets: fc.subarray([cidr('192.168.1.0/24'), cidr('0.0.0.0/0'), cidr('fd00::/8')]),
});

function answering(digest: Digest): Judgement {
  const observations = HONEST.observations.map((one) =>
    one.kind === 'digest' && one.host.node === LIAR ? { ...one, digest } : one,
  );
  return judge({ ...HONEST, observations });
}

/** All that is said of what the others hold. */
function ofOthers({ matrix, vteps }: Judgement) {
  return {
    vteps,
    rows: [...matrix.rows].filter(([observer]) => observer !== LIAR),
    cells: matrix.cells.filter(({ observer }) => observer !== LIAR),
    unexplained: matrix.unexplained
      .map((group) => group.filter((node) => node !== LIAR))
      .filter((group) => group.length > 0),
  };
}

describe('a host that lies about its tables', () => {
  test('changes nothing of what is said of any other', () => {
    const honest = ofOthers(judge(HONEST));
    fc.assert(
      fc.property(anyDigest, (digest) => {
        expect(ofOthers(answering(digest))).toEqual(honest);
      }),
      { numRuns: 120 },
    );
  });

  test('is asked for them, where its sums are of no tables at all', () => {
    const sums = new Int32Array(BUCKETS * SYNDROMES).map((_, at) => (at * 7_654_321) % PRIME);
    const honest = HONEST.observations.find(
      (one) => one.kind === 'digest' && one.host.node === LIAR,
    );
    const digest = honest?.kind === 'digest' ? honest.digest : undefined;
    const { matrix } = answering({
      ghosts: 0,
      tables: new Set(TABLES),
      subnets: [],
      counts: { neighbour: 9, fdb: 9, route: 9, direct: 0 },
      ...digest,
      sums,
    });
    expect(matrix.unexplained).toContainEqual([LIAR]);
    expect(matrix.rows.has(LIAR)).toBe(false);
  });
});
