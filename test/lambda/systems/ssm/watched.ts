import type { SSMClient } from '@aws-sdk/client-ssm';
import { onTestFinished } from 'vitest';
import { createSsm } from '../../../../lab/aws/ssm/ssm.ts';
import type { SsmAccount, SsmOptions } from '../../../../lab/aws/ssm/ssm.ts';
import * as lambda from '../../../../lambda/deadline.ts';
import type { HostAnswer } from '../../../../lambda/systems/ssm/answers.ts';
import { type RunCommand, runCommand } from '../../../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../../../shared/contract/probe.ts';
import type { Targets } from '../../../../shared/contract/settings.ts';
import { absentMachine, instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';
import { clientWithoutSockets } from './without-sockets.ts';

export const DOCUMENT = 'vtepwatch-Probe';

/** Selects all nodes that `watched` registers. */
export const EVERYBODY: Targets = [{ Key: 'tag:cluster', Values: ['lab'] }];

/** The time of these tests, and of the account that they ask. */
export const clock = virtualClock();

export function deadlineIn(milliseconds: number): lambda.Deadline {
  return lambda.deadlineIn(milliseconds, clock);
}

/** Far beyond what any test needs. */
export function farOff(): lambda.Deadline {
  return deadlineIn(60_000);
}

export interface Watched {
  readonly ssm: SsmAccount;
  readonly client: SSMClient;
  readonly runCommand: RunCommand;
}

interface WatchedOptions extends Partial<Omit<SsmOptions, 'documents' | 'nodes'>> {
  /** How many nodes there are; number 1 answers `answer of 1`. */
  readonly nodes: number;
  /** How often the client tries a call. Default 1, so that a fault is seen at once. */
  readonly attempts?: number;
}

/** The function's Run Command in an account with nodes that answer at once what is given. */
export function watched({ nodes, attempts = 1, ...options }: WatchedOptions): Watched {
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const ssm = createSsm({
    time: clock,
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: numbers.map((number) => ({ machine: absentMachine(number), tags: { cluster: 'lab' } })),
    ...options,
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0, ...options.behaviour },
  });
  onTestFinished(() => ssm.close());
  for (const number of numbers) says(ssm, number, `answer of ${number}`);
  const client = clientWithoutSockets(ssm, clock, attempts);
  onTestFinished(() => client.destroy());
  return { ssm, client, runCommand: runCommand(client, DOCUMENT) };
}

/** From now on the node answers every command so. */
export function says(ssm: SsmAccount, number: number, stdout: string): void {
  ssm.behaveNode(instanceIdOf(number), { kind: 'answers', stdout });
}

/** The id of a command to all nodes that `watched` registers. */
export async function sentToAll({ runCommand: commands }: Watched): Promise<string> {
  const { id } = await commands.send({ action: 'tables', targets: EVERYBODY }, farOff());
  if (id === undefined) throw new Error('nobody was asked');
  return id;
}

/** The texts of all that answered, by the node's number. */
export function textsOf(byInstance: ReadonlyMap<string, HostAnswer>): Readonly<object> {
  return Object.fromEntries(
    [...byInstance].flatMap(([id, answer]) =>
      answer.kind === 'answered' ? [[Number(id.slice('mi-'.length)), answer.text]] : [],
    ),
  );
}

const POLL_MS = 100;

/** Looks until there is something, and lets time pass in between. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const end = farOff(); lambda.remaining(end) > 0; await clock.pause(POLL_MS)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error('What the test waits for did not come.');
}
