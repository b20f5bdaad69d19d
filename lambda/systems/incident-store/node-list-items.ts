import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { ITEMS } from '../../../shared/contract/incident-table.ts';
import { NODE_BUCKETS } from '../../../shared/contract/node-list.ts';
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

/** A list that cannot be read is put aside: the next one is made from scratch. */
export async function readNodeList(partition: Partition, deadline: Deadline): Promise<StoredList> {
  try {
    return await readStored(partition, deadline);
  } catch (error) {
    log('node-list.unreadable', { cluster: partition.cluster, error: errorText(error) });
    return { list: undefined, head: undefined };
  }
}

async function readStored(partition: Partition, deadline: Deadline): Promise<StoredList> {
  const { document } = await getItem(partition, ITEMS.nodes, deadline);
  if (document === undefined) return { list: undefined, head: undefined };
  const head = await readDocument(place(partition, ITEMS.nodes), headSchema, document);
  const parts = await Promise.all(
    head.parts.map(async (part, number) => {
      const read = await readPart(partition, partKey(number, part.slot), deadline);
      return read?.writer === part.writer ? read.buckets : undefined;
    }),
  );
  const size = NODE_BUCKETS / head.parts.length;
  const buckets = NO_LIST.buckets.map(
    (_, bucket) => parts[Math.floor(bucket / size)]?.[bucket % size],
  );
  const { parts: _parts, ...rest } = head;
  const list = {
    ...rest,
    buckets: buckets.map((lines) => lines ?? []),
    // What is lost was never agreed on: it is fetched again.
    agreedAt: head.agreedAt.map((at, bucket) => (buckets[bucket] === undefined ? 0 : at)),
  };
  return { list, head };
}

async function readPart(
  partition: Partition,
  key: string,
  deadline: Deadline,
): Promise<z.infer<typeof partSchema> | undefined> {
  const { document } = await getItem(partition, key, deadline);
  return document === undefined
    ? undefined
    : await readDocument(place(partition, key), partSchema, document);
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
