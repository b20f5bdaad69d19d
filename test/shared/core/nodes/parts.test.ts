import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checksumRecord, partRecords } from '../../../../lab/machines/simulated/node-list.ts';
import { sealed } from '../../../../lab/machines/simulated/records.ts';
import { leafOf, wantedLeaves } from '../../../../shared/contract/node-list.ts';
import { agree, bucketsToFetch } from '../../../../shared/core/nodes/agree.ts';
import { partsToFetch, type Part, wholeBuckets } from '../../../../shared/core/nodes/parts.ts';
import {
  checksumsOf,
  NO_LIST,
  type RememberedList,
} from '../../../../shared/core/nodes/remembered-list.ts';
import { voteOn } from '../../../../shared/core/nodes/vote.ts';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import {
  lineOfNode,
  nameInLine,
  type NodesPart,
  parseNodesPart,
} from '../../../../shared/core/parse/node-list.ts';
import { agreeing, clusterOf, idOf, node, runWith } from './masters.ts';

/** What a master answers to `nodes-part`. */
function answering(nodes: readonly ClusterNode[], version: string): (wanted: string) => NodesPart {
  const listed = nodes.map((one) => ({ name: one.name, line: lineOfNode(one) }));
  const checksums = checksumRecord(listed, Number(version));
  return (wanted) => {
    const records = ['host master', 'boot - -', checksums, ...partRecords(listed, wanted)];
    const { value } = parseNodesPart('master', sealed('nodes-part', records));
    if (value === undefined) throw new Error('no part');
    return value;
  };
}

interface Fetched {
  readonly list: RememberedList;
  /** The list as the masters have it. */
  readonly masters: RememberedList;
  readonly parts: readonly Part[];
  /** How many nodes came with all parts. */
  readonly nodes: number;
}

/** A run in which two masters have another list than the remembered one, and these leaves behind it. */
function fetched(
  remembered: RememberedList,
  nodes: readonly ClusterNode[],
  { hasLeaves = true, version = '200' } = {},
): Fetched {
  const { list: later } = runWith(agreeing(2, nodes, version), NO_LIST);
  const candidates = agreeing(2, nodes, version).map(idOf);
  const answerOf = answering(nodes, version);
  const whole = answerOf('');
  const ballots = candidates.map((one) => ({ ...one, list: whole.list, daemonSets: [] }));
  const vote = voteOn({ candidates, answers: ballots, now: 1000 }, remembered);
  const leaves = new Map(
    candidates.flatMap(({ instanceId }) =>
      hasLeaves && whole.leaves !== undefined ? [[instanceId, whole.leaves] as const] : [],
    ),
  );
  const count = nodes.length;
  const parts = partsToFetch(bucketsToFetch(vote, remembered), remembered, { count, leaves });
  const answers = parts.map((part) => ({ part, answer: answerOf(part.wanted) }));
  const copies = answers.flatMap(({ part, answer }) =>
    part.from.map(({ instanceId }) => ({
      instanceId,
      buckets: part.buckets,
      part: wholeBuckets(answer, part, remembered),
    })),
  );
  const { list } = agree(remembered, vote, { copies, now: 2000 });
  return {
    list,
    masters: later,
    parts,
    nodes: answers.reduce((sum, { answer }) => sum + answer.lines.length, 0),
  };
}

describe('of a large list that changed', () => {
  const before = clusterOf(2, 1998);
  const { list } = runWith(agreeing(2, before), NO_LIST);
  const after = before.map((one, at) =>
    at % 100 === 99 ? { ...one, isUnschedulable: true } : one,
  );

  test('one answer brings the nodes of one in a hundred', () => {
    const { list: now, masters, parts, nodes } = fetched(list, after);
    expect(checksumsOf(now)).toEqual(checksumsOf(masters));
    expect(parts).toHaveLength(1);
    expect(nodes).toBeGreaterThanOrEqual(20);
    expect(nodes).toBeLessThan(60);
    expect(parts[0]?.wanted.length).toBeLessThan(1000);
  });

  test('whole buckets come where a master names no leaves', () => {
    expect(fetched(list, after, { hasLeaves: false }).parts.length).toBeGreaterThan(2);
  });

  test('it takes no more answers than the whole list does where all of it changed', () => {
    const all = before.map((one) => ({ ...one, isUnschedulable: true }));
    const most = fetched(list, all, { hasLeaves: false }).parts.length + 1;
    expect(fetched(list, all).parts.length).toBeLessThanOrEqual(most);
  });
});

test('whatever changed, the list becomes that of the masters', () => {
  const before = clusterOf(2, 70);
  const { list } = runWith(agreeing(2, before), NO_LIST);
  const places = fc.uniqueArray(fc.nat({ max: 69 }), { maxLength: 30 });
  fc.assert(
    fc.property(places, places, fc.nat({ max: 20 }), (gone, changed, joined) => {
      const rest = before
        .filter((_, at) => !gone.includes(at - 2))
        .map((one, at) => (changed.includes(at - 2) ? { ...one, zone: 'other' } : one));
      const added = Array.from({ length: joined }, (_, at) => node(`joined${at}`, at + 3000));
      const { list: now, masters } = fetched(list, [...rest, ...added]);
      expect(checksumsOf(now)).toEqual(checksumsOf(masters));
    }),
    { numRuns: 25 },
  );
});

test('a copy that does not fit the remembered rest of its bucket counts for nothing', () => {
  const before = clusterOf(1, 70);
  const { list } = runWith(agreeing(1, before), NO_LIST);
  const bucket = list.buckets.findIndex(
    (lines) => lines.length > 1 && lines.every((line) => !line.includes('master1')),
  );
  const [asked = '', rest = ''] = list.buckets[bucket] ?? [];
  const leaf = leafOf(nameInLine(asked) ?? '');
  const other = {
    ...list,
    buckets: list.buckets.map((lines) => lines.filter((line) => line !== rest)),
  };
  const answer = answering(before, '101')(wantedLeaves([leaf]));
  const part = wholeBuckets(answer, { buckets: [bucket], leaves: new Set([leaf]) }, other);
  const { vote } = runWith(agreeing(1, before, '101'), other);
  const copies = [{ instanceId: 'mi-master1', buckets: [bucket], part }];
  expect(agree(other, vote, { copies, now: 3000 }).unsettled.has(nameInLine(asked) ?? '')).toBe(
    true,
  );
});
