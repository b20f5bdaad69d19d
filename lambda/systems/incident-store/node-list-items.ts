import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { ITEMS } from '../../../shared/contract/incident-table.ts';
import { NODE_BUCKETS } from '../../../shared/contract/node-list.ts';
import type { Problem } from '../../../shared/contract/report.ts';
import {
  checksumsOf,
  NO_LIST,
  type RememberedList,
} from '../../../shared/core/nodes/remembered-list.ts';
import type { Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { log } from '../log.ts';
import { getItem, packDocument, type Partition, place, putItem, readDocument } from './items.ts';

/**
 * The remembered node list in the table: one item, or sixteen of a large cluster, with the lines of some
 * buckets each, and a head item. A part that changed is written to the slot that the head does not name,
 * and the head last, so that a run which dies in between leaves the list as it was.
 */

/** A list as it was read, with what is needed to write it again. */
interface StoredList {
  readonly list: RememberedList | undefined;
  readonly head: Head | undefined;
  /** What was stored and cannot be read. */
  readonly problems: readonly Problem[];
}

const partSchema = z.object({
  /** Which write of the part this is. */
  writer: z.string(),
  buckets: z.array(z.array(z.string().check(z.regex(/^(node|unknown) [ -~]+$/)))),
});

const headSchema = z.object({
  source: z.enum(['masters', 'kubeconfig']),
  agreedAt: z.array(z.number()).check(z.length(NODE_BUCKETS)),
  answeredAt: z.number(),
  version: z.string().check(z.regex(/^\d{1,20}$/)),
  daemonSets: z.array(
    z.pipe(
      z.object({
        namespace: z.string(),
        name: z.string(),
        strategy: z.enum(['RollingUpdate', 'OnDelete']),
        maxUnavailable: z.optional(z.string()),
      }),
      z.transform((one) => ({ ...one, maxUnavailable: one.maxUnavailable })),
    ),
  ),
  dissenting: z.array(z.string()),
  isSlow: z.boolean(),
  olderRuns: z.optional(z.number()),
  parts: z
    .array(
      z.object({
        slot: z.number(),
        writer: z.string(),
        /** Of its buckets, one after the other. */
        checksums: z.string(),
      }),
    )
    .check(z.minLength(1), z.maxLength(NODE_BUCKETS)),
});

type Head = z.infer<typeof headSchema>;

/** A part has the lines of 1,000 nodes at most: some 90 kB when compressed, of the 400 that an item takes. */
const PART_NODES = 1000;
const MANY_PARTS = 16;

/** A list that cannot be read, and a part of one, is fetched again. */
export async function readNodeList(partition: Partition, deadline: Deadline): Promise<StoredList> {
  try {
    return await readStored(partition, deadline);
  } catch (error) {
    return {
      list: undefined,
      head: undefined,
      problems: [unreadable(partition, errorText(error), 'the node list is not remembered')],
    };
  }
}

async function readStored(partition: Partition, deadline: Deadline): Promise<StoredList> {
  const { document } = await getItem(partition, ITEMS.nodes, deadline);
  if (document === undefined) return { list: undefined, head: undefined, problems: [] };
  const head = await readDocument(place(partition, ITEMS.nodes), headSchema, document);
  const parts = await Promise.all(
    head.parts.map(async ({ slot, writer }, number) =>
      readPart(partition, { key: partKey(number, slot), writer }, deadline),
    ),
  );
  const size = NODE_BUCKETS / head.parts.length;
  const buckets = NO_LIST.buckets.map(
    (_, bucket) => parts[Math.floor(bucket / size)]?.buckets?.[bucket % size],
  );
  const { parts: _parts, ...rest } = head;
  const list = {
    ...rest,
    buckets: buckets.map((lines) => lines ?? []),
    // What is lost was never agreed on: it is fetched again.
    agreedAt: head.agreedAt.map((at, bucket) => (buckets[bucket] === undefined ? 0 : at)),
  };
  const problems = parts.flatMap(({ problem }) => problem ?? []);
  return { list, head, problems };
}

interface ReadPart {
  readonly buckets?: readonly (readonly string[])[];
  readonly problem?: Problem;
}

async function readPart(
  partition: Partition,
  { key, writer }: { readonly key: string; readonly writer: string },
  deadline: Deadline,
): Promise<ReadPart> {
  const lost = 'its nodes are fetched again';
  const where = place(partition, key);
  try {
    const { document } = await getItem(partition, key, deadline);
    if (document === undefined) {
      return { problem: unreadable(partition, `reading ${where}: it is not there`, lost) };
    }
    const part = await readDocument(where, partSchema, document);
    if (part.writer === writer) return { buckets: part.buckets };
    return { problem: unreadable(partition, `reading ${where}: another run has written it`, lost) };
  } catch (error) {
    return { problem: unreadable(partition, errorText(error), lost) };
  }
}

function unreadable({ cluster }: Partition, error: string, consequence: string): Problem {
  log('node-list.unreadable', { cluster, error });
  const [why = ''] = error.split('\n');
  return { where: 'DynamoDB', message: `${why}: ${consequence}` };
}

/** Writes the parts that changed, then the head. */
export async function writeNodeList(
  partition: Partition,
  { list, head: before }: { readonly list: RememberedList; readonly head: Head | undefined },
  deadline: Deadline,
): Promise<void> {
  const writer = randomUUID();
  const nodes = list.buckets.reduce((sum, lines) => sum + lines.length, 0);
  const count = nodes <= PART_NODES ? 1 : MANY_PARTS;
  const size = NODE_BUCKETS / count;
  const known = before?.parts.length === count ? before.parts : [];
  const checksums = checksumsOf(list);
  const parts = await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      const [from, to] = [number * size, (number + 1) * size];
      const own = checksums.slice(from, to).join('');
      const old = known[number];
      if (old?.checksums === own) return old;
      // Where the parts had another size, none of the old items is the head's any more once this is written.
      const slot = old === undefined ? freeSlot(before, number) : 1 - old.slot;
      const key = partKey(number, slot);
      const document = { writer, buckets: list.buckets.slice(from, to) };
      const attributes = { document: await packDocument(place(partition, key), document) };
      await putItem(partition, { sort: key, attributes }, deadline);
      return { slot, writer, checksums: own };
    }),
  );
  const { buckets: _buckets, ...rest } = list;
  const attributes = {
    document: await packDocument(place(partition, ITEMS.nodes), { ...rest, parts }),
  };
  await putItem(partition, { sort: ITEMS.nodes, attributes }, deadline);
}

/** The slot that the head before does not name. */
function freeSlot(before: Head | undefined, number: number): number {
  return 1 - (before?.parts[number]?.slot ?? 1);
}

function partKey(number: number, slot: number): string {
  return `${ITEMS.nodes}#${number}#${slot}`;
}
