import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { startDynamoDb } from '../../../lab/aws/dynamodb.ts';
import type { DynamoDb } from '../../../lab/aws/dynamodb.ts';

async function table(): Promise<{ database: DynamoDb; client: DynamoDBClient }> {
  const database = await startDynamoDb();
  onTestFinished(() => database.close());
  const client = new DynamoDBClient({
    endpoint: database.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return { database, client };
}

const KEY = { pk: { S: 'CLUSTER#lab' }, sk: { S: 'STATE' } };

function put({ tableName }: DynamoDb, version: number): PutItemCommand {
  return new PutItemCommand({
    TableName: tableName,
    Item: { ...KEY, version: { N: String(version) } },
    ConditionExpression: 'attribute_not_exists(pk) OR version = :before',
    ExpressionAttributeValues: { ':before': { N: String(version - 1) } },
  });
}

async function versionIn({ tableName }: DynamoDb, client: DynamoDBClient) {
  const get = new GetItemCommand({ TableName: tableName, Key: KEY, ConsistentRead: true });
  return (await client.send(get)).Item?.['version']?.N;
}

test('the table has the keys of the contract, and conditional writes hold', async () => {
  const { database, client } = await table();
  await client.send(put(database, 1));
  await client.send(put(database, 2));
  await expect(client.send(put(database, 2))).rejects.toMatchObject({
    name: 'ConditionalCheckFailedException',
  });
  expect(await versionIn(database, client)).toBe('2');
  expect(database.gate.calls.map(({ operation }) => operation)).toEqual([
    'PutItem',
    'PutItem',
    'PutItem',
    'GetItem',
  ]);
});

test('a write whose answer is lost has been written, one that never came has not', async () => {
  const { database, client } = await table();
  database.gate.fail({ operation: 'PutItem', fault: { kind: 'dropped-before' }, times: 1 });
  await expect(client.send(put(database, 1))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await versionIn(database, client)).toBeUndefined();

  database.gate.fail({ operation: 'PutItem', fault: { kind: 'dropped-after' }, times: 1 });
  await expect(client.send(put(database, 1))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await versionIn(database, client)).toBe('1');
});

test('a throttled call is one to the SDK', async () => {
  const { database, client } = await table();
  database.gate.limit({ operation: 'PutItem', burst: 0, perSecond: 0 });
  await expect(client.send(put(database, 1))).rejects.toMatchObject({
    name: 'ThrottlingException',
  });
});

test('closing it twice is closing it once', async () => {
  const { database } = await table();
  await database.close();
  await database.close();
  await expect(fetch(database.url)).rejects.toThrow('fetch failed');
});
