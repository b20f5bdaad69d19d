import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, type BrotliOptions, constants } from 'node:zlib';
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { partitionOf, TABLE_KEYS } from '../../../shared/contract/incident-table.ts';
import { abortAt, type Deadline } from '../../deadline.ts';

/** The items of one cluster. */
export interface Partition {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly cluster: string;
}

export type Item = Readonly<Record<string, AttributeValue>>;

export function keyOf({ cluster }: Partition, sort: string): Record<string, AttributeValue> {
  return { [TABLE_KEYS.partition]: { S: partitionOf(cluster) }, [TABLE_KEYS.sort]: { S: sort } };
}

/** How large a document may be before it is compressed. */
const DOCUMENT_BYTES = 64 * 1024 * 1024;

const compress = promisify<string, BrotliOptions, Buffer>(brotliCompress);
const decompress = promisify<Uint8Array | string, BrotliOptions, Buffer>(brotliDecompress);

/** The default quality, 11, is slow: it is meant for data that is packed once and read often. */
const COMPRESSION = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** The attributes of an item, or none where there is no such item. */
export async function getItem(
  partition: Partition,
  sort: string,
  deadline: Deadline,
): Promise<Item> {
  try {
    const { Item: item } = await partition.client.send(
      new GetItemCommand({
        TableName: partition.table,
        Key: keyOf(partition, sort),
        ConsistentRead: true,
      }),
      { abortSignal: abortAt(deadline) },
    );
    return item ?? {};
  } catch (cause) {
    throw new Error(`reading ${place(partition, sort)}`, { cause });
  }
}

type Condition = Pick<
  PutItemCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
>;

/** Throws DynamoDB's own error, by which the caller recognises a condition that does not hold. */
export async function putItem(
  partition: Partition,
  put: {
    readonly sort: string;
    readonly attributes: Item;
    readonly condition?: Condition;
  },
  deadline: Deadline,
): Promise<void> {
  await partition.client.send(
    new PutItemCommand({
      TableName: partition.table,
      Item: { ...keyOf(partition, put.sort), ...put.attributes },
      ...put.condition,
    }),
    { abortSignal: abortAt(deadline) },
  );
}

/**
 * Compresses a document. An item takes 400 kB, and a roster of 5,000 nodes is a megabyte of text. Brotli
 * is used since each incident repeats the names of its observers: gzip finds a repetition within 32 kB,
 * brotli within 4 MB.
 */
export async function packDocument(where: string, document: object): Promise<AttributeValue> {
  const text = JSON.stringify(document);
  // A document that cannot be read again is lost to every later run.
  if (Buffer.byteLength(text) > DOCUMENT_BYTES) {
    throw new Error(`writing ${where}: it is too large to be read`);
  }
  return { B: await compress(text, COMPRESSION) };
}

/** Reads a stored document; throws an error that names the item and what is wrong with it. */
export async function readDocument<T>(
  where: string,
  schema: z.ZodMiniType<T>,
  stored: AttributeValue,
): Promise<T> {
  let parsed: unknown;
  try {
    const unpacked = await decompress(stored.B ?? '', { maxOutputLength: DOCUMENT_BYTES });
    parsed = JSON.parse(unpacked.toString('utf8'));
  } catch (cause) {
    throw new Error(`reading ${where}: it is not compressed JSON`, { cause });
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  throw new Error(`reading ${where}: it is not of this version\n${z.prettifyError(result.error)}`);
}

export function place({ table, cluster }: Partition, sort: string): string {
  return `item ${sort} of cluster ${cluster} in table ${table}`;
}
