import { createHash, randomUUID } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { ITEMS } from '../../../shared/contract/incident-table.ts';
import { bucketOf } from '../../../shared/contract/node-list.ts';
import type { Problem } from '../../../shared/contract/report.ts';
import type { RosterEntry } from '../../../shared/core/facts.ts';
import { groupBy } from '../../../shared/core/group.ts';
import type { Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { getItem, packDocument, type Partition, place, putItem, readDocument } from './items.ts';
import { type Memory, memorySchema, rosterEntrySchema } from './stored.ts';

/**
 * What is remembered, in the table: one item, or of a large cluster a head and sixteen parts of its
 * roster, since an item takes 400 kB. A part that changed is written to the slot that the head does not
 * name, and the head last, so that a run which dies in between leaves the roster as it was. When each node
 * was last seen changes in every run and stands in the head: a part of which nothing else changed is not
 * written again.
 */

/** The nodes of which the head itself has the roster: some 120 kB when compressed. */
const HEAD_NODES = 1000;
const PARTS = 16;

const headSchema = z.object({
  rosterParts: z.optional(
    z
      .array(z.object({ slot: z.number(), writer: z.string(), checksum: z.string() }))
      .check(z.length(PARTS)),
  ),
  lastSeen: z.optional(
    z.object({
      /** Epoch milliseconds; of most nodes. */
      most: z.number(),
      /** Of the others, by name. */
      others: z.record(z.string(), z.number()),
    }),
  ),
});

export type MemoryHead = z.infer<typeof headSchema>;

/** The head item, where an earlier version's item is one with the whole roster. */
export const memoryItemSchema: z.ZodMiniType<{
  readonly memory: Memory;
  readonly head: MemoryHead;
}> = z.pipe(
  z.intersection(
    z.pipe(
      memorySchema,
      z.transform((memory) => ({ memory })),
    ),
    z.pipe(
      headSchema,
      z.transform((head) => ({ head })),
    ),
  ),
  z.transform(({ memory, head }) => ({ memory, head })),
);

const partSchema = z.object({ writer: z.string(), roster: z.array(rosterEntrySchema) });

/** The roster that a head's parts hold. Nodes of a part that cannot be understood are not remembered. */
export async function readRoster(
  partition: Partition,
  { rosterParts = [], lastSeen }: MemoryHead,
  deadline: Deadline,
): Promise<{ readonly roster: readonly RosterEntry[]; readonly problems: readonly Problem[] }> {
  const read = await Promise.all(
    rosterParts.map(async ({ slot, writer }, number) => {
      const key = partKey(number, slot);
      const { document } = await getItem(partition, key, deadline);
      return await openPart(place(partition, key), { document, writer });
    }),
  );
  // A node may be called `constructor`, which every object has.
  const others = new Map(Object.entries(lastSeen?.others ?? {}));
  const seen = (node: string): number => others.get(node) ?? lastSeen?.most ?? 0;
  return {
    roster: read.flatMap(({ roster }) =>
      roster.map((one) => ({ ...one, lastSeen: seen(one.node) })),
    ),
    problems: read.flatMap(({ problem }) =>
      problem === undefined
        ? []
        : [{ where: 'DynamoDB', message: `${problem}: its nodes are not remembered` }],
    ),
  };
}

async function openPart(
  where: string,
  { document, writer }: { readonly document: AttributeValue | undefined; readonly writer: string },
): Promise<{ readonly roster: readonly RosterEntry[]; readonly problem?: string }> {
  if (document === undefined) return { roster: [], problem: `reading ${where}: it is not there` };
  try {
    const part = await readDocument(where, partSchema, document);
    if (part.writer === writer) return { roster: part.roster };
    return { roster: [], problem: `reading ${where}: another run has written it` };
  } catch (error) {
    return { roster: [], problem: errorText(error).split('\n', 1)[0] ?? '' };
  }
}

/** Writes the parts that changed, then the head; returns the head. */
export async function writeMemory(
  partition: Partition,
  { memory, head: before }: { readonly memory: Memory; readonly head: MemoryHead },
  deadline: Deadline,
): Promise<MemoryHead> {
  const { roster } = memory;
  const isLarge = roster.length > HEAD_NODES;
  const head = isLarge
    ? {
        rosterParts: await writeParts(partition, { roster, before }, deadline),
        lastSeen: lastSeenIn(roster),
      }
    : {};
  const document = { ...memory, roster: isLarge ? [] : roster, ...head };
  const attributes = { document: await packDocument(place(partition, ITEMS.roster), document) };
  await putItem(partition, { sort: ITEMS.roster, attributes }, deadline);
  return head;
}

async function writeParts(
  partition: Partition,
  { roster, before }: { readonly roster: readonly RosterEntry[]; readonly before: MemoryHead },
  deadline: Deadline,
): Promise<NonNullable<MemoryHead['rosterParts']>> {
  const writer = randomUUID();
  const byPart = groupBy(roster, ({ node }) => String(bucketOf(node) % PARTS));
  return await Promise.all(
    Array.from({ length: PARTS }, async (_, number) => {
      const own = (byPart.get(String(number)) ?? [])
        .map((entry) => ({ ...entry, lastSeen: 0 }))
        .toSorted((one, two) => (one.node < two.node ? -1 : 1));
      const checksum = createHash('sha256').update(JSON.stringify(own)).digest('base64');
      const old = before.rosterParts?.[number];
      if (old?.checksum === checksum) return old;
      const slot = old === undefined ? 0 : 1 - old.slot;
      const key = partKey(number, slot);
      const attributes = {
        document: await packDocument(place(partition, key), { writer, roster: own }),
      };
      await putItem(partition, { sort: key, attributes }, deadline);
      return { slot, writer, checksum };
    }),
  );
}

function lastSeenIn(roster: readonly RosterEntry[]): NonNullable<MemoryHead['lastSeen']> {
  const most = Math.max(...roster.map(({ lastSeen }) => lastSeen));
  const others = roster.filter(({ lastSeen }) => lastSeen !== most);
  return { most, others: Object.fromEntries(others.map(({ node, lastSeen }) => [node, lastSeen])) };
}

function partKey(number: number, slot: number): string {
  return `${ITEMS.roster}#${number}#${slot}`;
}
