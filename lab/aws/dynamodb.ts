import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import type { Server } from 'node:http';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import * as z from 'zod/mini';
import { TABLE_KEYS } from '../../shared/contract/incident-table.ts';
import { LAB_CREDENTIALS, LAB_REGION } from './account.ts';
import { jsonInput, jsonOperation, jsonRefusal, jsonReply } from './aws-json.ts';
import { listen } from './endpoint.ts';
import type { Endpoint, Service, ServiceReply, ServiceRequest } from './endpoint.ts';
import { createGate } from './gate.ts';
import type { Gate } from './gate.ts';
import { REAL_TIME } from './time.ts';

/**
 * dynalite behind a gate, with the function's table. Where it falls short of DynamoDB: no
 * transactions, no TTL deletion, and `ReturnValuesOnConditionCheckFailure` is known of PutItem alone.
 */
export interface DynamoDb extends Endpoint {
  readonly tableName: string;
  readonly gate: Gate;
}

export async function startDynamoDb(tableName = 'vtepwatch'): Promise<DynamoDb> {
  const emulator = dynalite({ createTableMs: 0 });
  emulator.listen(0, '127.0.0.1');
  await once(emulator, 'listening');
  const port = portOf(emulator);
  await createTable(port, tableName);

  const gate = createGate(REAL_TIME);
  // Without keep-alive no idle connection holds up the emulator's close.
  const connections = new Agent({ keepAlive: false });
  let isProtected = true;
  const service: Service = {
    operation: jsonOperation,
    input: jsonInput,
    answer: async (request) => {
      const change = protection.safeParse(jsonInput(request));
      if (jsonOperation(request) === 'UpdateTable' && change.success) {
        isProtected = change.data.DeletionProtectionEnabled;
        return jsonReply({ TableDescription: { TableName: tableName } }, '1.0');
      }
      if (jsonOperation(request) === 'DeleteTable' && isProtected) {
        return jsonRefusal(PROTECTED, '1.0');
      }
      return await answer(request, port, connections);
    },
    refuse: (error) => jsonRefusal(error, '1.0'),
    throttled: {
      type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
      message: 'Rate of requests exceeds the allowed throughput.',
      status: 400,
    },
  };
  const endpoint = await listen(service, gate);
  return {
    url: endpoint.url,
    tableName,
    gate,
    close: async () => {
      await endpoint.close();
      if (!emulator.listening) return;
      const closed = new Promise<void>((resolve) => {
        emulator.close(() => {
          resolve();
        });
      });
      emulator.closeAllConnections();
      await closed;
      connections.destroy();
    },
  };
}

/** dynalite knows nothing of it. The stack protects its table. */
const protection = z.object({ DeletionProtectionEnabled: z.boolean() });

const PROTECTED = {
  type: 'com.amazon.coral.validate#ValidationException',
  message:
    'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
  status: 400,
} as const;

/** As the stack makes it, on demand. The stack's TTL and backups have no effect on what is read. */
async function createTable(port: number, tableName: string): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: LAB_REGION,
    credentials: {
      accessKeyId: LAB_CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: LAB_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
  });
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: TABLE_KEYS.partition, KeyType: 'HASH' },
          { AttributeName: TABLE_KEYS.sort, KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: TABLE_KEYS.partition, AttributeType: 'S' },
          { AttributeName: TABLE_KEYS.sort, AttributeType: 'S' },
        ],
      }),
    );
  } finally {
    client.destroy();
  }
}

/** dynalite does not return the item that a condition refused: it is read behind it. */
async function answer(
  request: ServiceRequest,
  port: number,
  connections: Agent,
): Promise<ServiceReply> {
  const reply = await forward(request, port, connections);
  const wanted = wantsHeldItem.safeParse(jsonInput(request));
  const error = refusedByCondition.safeParse(parsed(reply.body));
  if (jsonOperation(request) !== 'PutItem' || !wanted.success || !error.success) return reply;
  const { TableName, Item } = wanted.data;
  const { pk, sk } = Item;
  const { 'content-length': _length, ...others } = request.headers;
  const read = {
    ...request,
    headers: { ...others, 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    body: Buffer.from(JSON.stringify({ TableName, Key: { pk, sk }, ConsistentRead: true })),
  };
  const held = parsed((await forward(read, port, connections)).body);
  const body = JSON.stringify({ ...error.data, ...Object(held) });
  const { 'x-amz-crc32': _checksum, ...headers } = reply.headers;
  return { status: reply.status, headers, body };
}

const wantsHeldItem = z.object({
  TableName: z.string(),
  Item: z.record(z.string(), z.unknown()),
  ReturnValuesOnConditionCheckFailure: z.literal('ALL_OLD'),
});

const refusedByCondition = z.looseObject({
  __type: z.string().check(z.regex(/ConditionalCheckFailedException$/)),
});

function parsed(body: string | Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

async function forward(
  request: ServiceRequest,
  port: number,
  connections: Agent,
): Promise<ServiceReply> {
  const outgoing = send({
    host: '127.0.0.1',
    port,
    agent: connections,
    method: request.method,
    path: request.path,
    headers: { ...request.headers, connection: 'close' },
  });
  outgoing.end(request.body);
  return new Promise((resolve, reject) => {
    outgoing.once('error', (cause) => {
      reject(new Error(`No answer from dynalite on port ${port}`, { cause }));
    });
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
      });
      incoming.once('error', reject);
      incoming.once('end', () => {
        resolve({
          status: incoming.statusCode ?? 500,
          headers: kept(incoming.headers),
          body: Buffer.concat(chunks),
        });
      });
    });
  });
}

/** The service's own headers; those about the connection are set anew. */
function kept(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith('x-amz') || name === 'content-type')
      .map(([name, value]) => [name, String(value)]),
  );
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('dynalite has no port.');
  return address.port;
}
