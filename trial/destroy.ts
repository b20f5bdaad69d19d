import type { Clients } from './clients.ts';
import type { Step } from './diary.ts';
import { stacksOf } from './plan.ts';
import { deleteTable, isTable } from './tables.ts';
import { deletedStacks, deleteStack, findStack, type Stack, tablesOf } from './stacks.ts';

/** What there is of a trial. */
export interface Remainder {
  readonly stacks: readonly Standing[];
  /** Stacks of such names that are not the trial's. */
  readonly others: readonly string[];
  /** Tables that stacks have kept which are deleted. */
  readonly tables: readonly string[];
}

/** A stack, and the tables that it keeps when it is deleted. */
interface Standing {
  readonly stack: string;
  readonly tables: readonly string[];
}

export const NOTHING: Remainder = { stacks: [], others: [], tables: [] };

/** Of what there is, the names. */
export function namesIn({ stacks, tables }: Remainder): {
  readonly stacks: readonly string[];
  readonly tables: readonly string[];
} {
  return {
    stacks: stacks.map(({ stack }) => stack),
    tables: [...stacks.flatMap((one) => one.tables), ...tables],
  };
}

/** Finds the stacks of a trial. */
export async function findStacks(
  { cloudFormation }: Pick<Clients, 'cloudFormation'>,
  name: string,
  isOfTrial: (stack: Stack) => boolean,
): Promise<Remainder> {
  const stacks: Standing[] = [];
  const others: string[] = [];
  for (const stack of stacksOf(name)) {
    const found = await findStack(cloudFormation, stack);
    if (found === undefined) continue;
    if (!isOfTrial(found)) {
      others.push(stack);
      continue;
    }
    stacks.push({ stack, tables: await tablesOf(cloudFormation, stack) });
  }
  return { stacks, others, tables: [] };
}

/** Finds the stacks of a trial, and the tables of those that are deleted. */
export async function findRemainder(
  clients: Pick<Clients, 'cloudFormation' | 'dynamoDb'>,
  name: string,
  isOfTrial: (stack: Stack) => boolean,
): Promise<Remainder> {
  const { cloudFormation, dynamoDb } = clients;
  const tables: string[] = [];
  for (const id of await deletedStacks(cloudFormation, stacksOf(name))) {
    const found = await findStack(cloudFormation, id);
    if (found === undefined || !isOfTrial(found)) continue;
    for (const table of await tablesOf(cloudFormation, id)) {
      if (await isTable(dynamoDb, table)) tables.push(table);
    }
  }
  return { ...(await findStacks(clients, name, isOfTrial)), tables };
}

/** Deletes the stacks side by side, and what each keeps once it is gone, whatever becomes of the others. */
export async function destroy(
  { cloudFormation, dynamoDb }: Pick<Clients, 'cloudFormation' | 'dynamoDb'>,
  { stacks, tables }: Remainder,
  step: Step,
): Promise<void> {
  const deleted = await Promise.allSettled([
    ...stacks.map(async ({ stack, tables: kept }) => {
      // A table that its stack still has would be missed there.
      await deleteStack(cloudFormation, stack, step);
      for (const table of kept) await deleteTable(dynamoDb, table, step);
    }),
    ...tables.map((table) => deleteTable(dynamoDb, table, step)),
  ]);
  const failure = deleted.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
