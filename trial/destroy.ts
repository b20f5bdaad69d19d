import type { Clients } from './clients.ts';
import type { Step } from './diary.ts';
import { stacksOf } from './plan.ts';
import { deleteStack, deleteTable, findStack, type Stack, tablesOf } from './stacks.ts';

/** What there is of a trial. */
export interface Remainder {
  readonly stacks: readonly string[];
  /** Stacks of such names that are not the trial's. */
  readonly others: readonly string[];
  /** The stacks keep these when they are deleted. */
  readonly tables: readonly string[];
}

/** Finds what there is of a trial. */
export async function findRemainder(
  { cloudFormation }: Pick<Clients, 'cloudFormation'>,
  name: string,
  isOfTrial: (stack: Stack) => boolean,
): Promise<Remainder> {
  const stacks: string[] = [];
  const others: string[] = [];
  const tables: string[] = [];
  for (const stack of stacksOf(name)) {
    const found = await findStack(cloudFormation, stack);
    if (found === undefined) continue;
    if (!isOfTrial(found)) {
      others.push(stack);
      continue;
    }
    stacks.push(stack);
    tables.push(...(await tablesOf(cloudFormation, stack)));
  }
  return { stacks, others, tables };
}

/** Deletes the stacks side by side, then what they keep. */
export async function destroy(
  { cloudFormation, dynamoDb }: Clients,
  { stacks, tables }: Remainder,
  step: Step,
): Promise<void> {
  const deleted = await Promise.allSettled(
    stacks.map((stack) => deleteStack(cloudFormation, stack, step)),
  );
  const failures = deleted.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  // A table that its stack still has would be missed there.
  if (failures.length === 0) {
    for (const table of tables) await deleteTable(dynamoDb, table, step);
    return;
  }
  throw failures[0];
}
