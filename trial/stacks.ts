import {
  type CloudFormationClient,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  paginateListStacks,
} from '@aws-sdk/client-cloudformation';
import { trouble } from '../cli/deployed/trouble.ts';
import { RUN_TAG, STACK_TAG } from './agreed.ts';
import type { Step } from './diary.ts';
import { awaited, there, untilThere } from './until.ts';

/** A stack as CloudFormation describes it. */
export interface Stack {
  readonly status: string;
  readonly reason: string;
  readonly outputs: ReadonlyMap<string, string>;
  /** The trial that made it; undefined where none did. */
  readonly trial: string | undefined;
  /** That trial's run. */
  readonly run: string | undefined;
}

/** Undefined where there is none of this name, or id. */
export async function findStack(
  client: CloudFormationClient,
  name: string,
): Promise<Stack | undefined> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const [stack] = Stacks ?? [];
    if (stack === undefined) return undefined;
    const tagged = (key: string): string | undefined =>
      stack.Tags?.find(({ Key }) => Key === key)?.Value;
    return {
      status: stack.StackStatus ?? '',
      reason: stack.StackStatusReason ?? '',
      outputs: new Map(
        (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
          OutputKey,
          OutputValue,
        ]),
      ),
      trial: tagged(STACK_TAG),
      run: tagged(RUN_TAG),
    };
  } catch (error) {
    // CloudFormation has no error type for a missing stack.
    if (error instanceof Error && error.message.endsWith(' does not exist')) return undefined;
    throw trouble(`looking for the stack ${name}`, error);
  }
}

/** Throws where there is a stack of such a name: a deployment would change it, and the trial then delete it. */
export async function mustNotStand(
  client: CloudFormationClient,
  names: readonly string[],
): Promise<void> {
  const found = await Promise.all(names.map((name) => findStack(client, name)));
  const standing = names.filter((_, at) => found[at] !== undefined);
  if (standing.length === 0) return;
  throw new Error(
    `there is ${standing.join(' and ')} already: npm run try:aws -- --destroy removes what a trial has left`,
  );
}

/** The value of an output that the stack must have. */
export function outputOf({ outputs }: Stack, key: string): string {
  const value = outputs.get(key);
  if (value === undefined) throw new Error(`the stack has no output ${key}`);
  return value;
}

/** The tables of a stack: a stack of vtepwatch keeps its own, with its record of incidents. */
export async function tablesOf(
  client: CloudFormationClient,
  stack: string,
): Promise<readonly string[]> {
  const { StackResources = [] } = await client
    .send(new DescribeStackResourcesCommand({ StackName: stack }))
    .catch((error: unknown) => {
      throw trouble(`looking for the tables of the stack ${stack}`, error);
    });
  return StackResources.flatMap(({ ResourceType = '', PhysicalResourceId: id }) =>
    ResourceType.startsWith('AWS::DynamoDB::') && id !== undefined && id !== '' ? [id] : [],
  );
}

/** The ids of deleted stacks of such names: for 90 days CloudFormation still describes them by their ids. */
export async function deletedStacks(
  client: CloudFormationClient,
  names: readonly string[],
): Promise<readonly string[]> {
  try {
    const ids: string[] = [];
    const pages = paginateListStacks({ client }, { StackStatusFilter: ['DELETE_COMPLETE'] });
    for await (const { StackSummaries = [] } of pages) {
      for (const { StackName = '', StackId: id } of StackSummaries) {
        if (names.includes(StackName) && id !== undefined) ids.push(id);
      }
    }
    return ids;
  } catch (error) {
    throw trouble('looking for tables that deleted stacks have kept', error);
  }
}

/** Deletes a stack, and waits until it is gone. */
export async function deleteStack(
  client: CloudFormationClient,
  name: string,
  step: Step,
): Promise<void> {
  await client.send(new DeleteStackCommand({ StackName: name })).catch((error: unknown) => {
    throw trouble(`deleting the stack ${name}`, error);
  });
  await untilThere(step, async () => {
    const stack = await findStack(client, name);
    if (stack === undefined || stack.status === 'DELETE_COMPLETE') return there(undefined);
    if (stack.status === 'DELETE_FAILED') {
      throw new Error(`the stack ${name} could not be deleted: ${stack.reason}`);
    }
    return awaited(`${name} is in ${stack.status}`);
  });
}
