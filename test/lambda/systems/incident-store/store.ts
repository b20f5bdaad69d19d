import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../../../lab/aws/dynamodb.ts';
import { type Deadline } from '../../../../lambda/deadline.ts';
import {
  type IncidentStore,
  incidentStore,
  type Lease,
  type Tick,
} from '../../../../lambda/systems/incident-store/incident-store.ts';
import type { Partition } from '../../../../lambda/systems/incident-store/items.ts';
import type { Memory } from '../../../../lambda/systems/incident-store/stored.ts';
import { UNKNOWN_ANSWER_TIME } from '../../../../lambda/systems/ssm/first-poll.ts';
import { deadlineIn } from '../../../support/deadlines.ts';

export const NOTHING_KNOWN: Memory = {
  roster: [],
  latencyCommand: undefined,
  apisCommand: undefined,
  silent: [],
  agents: undefined,
  listed: [],
  answerTime: UNKNOWN_ANSWER_TIME,
  runsWithoutMaster: 0,
};

/** When the tests' first tick runs, epoch milliseconds. */
const NOW = Date.parse('2026-11-23T09:00:00Z');

/** The table that a file's tests share; each test watches a cluster of its own. */
interface Table {
  readonly database: DynamoDb;
  /** The item's place for clients that try once, or as often as is said. */
  partition(cluster: string, attempts?: number): Partition;
  store(cluster: string, attempts?: number): IncidentStore;
}

/** Starts a table for the file, and takes back faults after each test. */
export function useTable(): Table {
  const clients = new Map<number, DynamoDBClient>();
  let database: DynamoDb | undefined;
  beforeAll(async () => {
    database = await startDynamoDb();
  });
  afterEach(() => database?.gate.open());
  afterAll(async () => {
    for (const client of clients.values()) client.destroy();
    await database?.close();
  });
  const running = (): DynamoDb => {
    if (database === undefined) throw new Error('the table has not been made');
    return database;
  };
  const clientOf = (attempts: number): DynamoDBClient => {
    const client =
      clients.get(attempts) ??
      new DynamoDBClient({
        endpoint: running().url,
        region: 'eu-central-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: attempts,
      });
    clients.set(attempts, client);
    return client;
  };
  const partition = (cluster: string, attempts = 1): Partition => ({
    client: clientOf(attempts),
    table: running().tableName,
    cluster,
  });
  return {
    get database() {
      return running();
    },
    partition,
    store: (cluster, attempts) => incidentStore(partition(cluster, attempts)),
  };
}

/** The tick of a minute after `NOW`, of a run that may take half a minute. */
export function tickAt(minute: number, owner = `run ${minute}`): Tick {
  const now = NOW + minute * 60_000;
  return { scheduledTime: new Date(now).toISOString(), owner, now, expiresAt: now + 30_000 };
}

export function soon(): Deadline {
  return deadlineIn(10_000);
}

/** Begins a run that nobody stands in the way of. */
export async function leaseOf(store: IncidentStore, tick: Tick): Promise<Lease> {
  const lease = await store.acquire(tick, soon());
  if (lease.kind === 'refused') throw new Error(lease.reason);
  return lease;
}
