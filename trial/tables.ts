import {
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { trouble } from '../cli/deployed/trouble.ts';
import type { Step } from './diary.ts';
import { awaited, there, untilThere } from './until.ts';

/** Whether there is a table of this name, which is not being deleted already. */
export async function isTable(client: DynamoDBClient, table: string): Promise<boolean> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    return Table?.TableStatus !== 'DELETING';
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw trouble(`looking for the table ${table}`, error);
  }
}

/** Takes the protection from a table that a stack has kept, and deletes it. */
export async function deleteTable(
  client: DynamoDBClient,
  table: string,
  step: Step,
): Promise<void> {
  const unprotect = new UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: false });
  await untilThere(step, async () => {
    try {
      await client.send(unprotect);
      await client.send(new DeleteTableCommand({ TableName: table }));
      return there(undefined);
    } catch (error) {
      // One that was never made, or that somebody has deleted.
      if (error instanceof ResourceNotFoundException) return there(undefined);
      // While its change takes effect.
      if (error instanceof ResourceInUseException) return awaited(`the table ${table} is in use`);
      throw trouble(`deleting the table ${table}`, error);
    }
  });
}
