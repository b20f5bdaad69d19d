import type { SSMClient } from '@aws-sdk/client-ssm';
import { startSsm } from '../../../../lab/aws/ssm/ssm.ts';
import type { Ssm, SsmOptions } from '../../../../lab/aws/ssm/ssm.ts';
import type { HostAnswer } from '../../../../lambda/systems/ssm/answers.ts';
import { type RunCommand, runCommand } from '../../../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../../../shared/contract/probe.ts';
import type { Targets } from '../../../../shared/contract/settings.ts';
import { clientOf } from '../../../lab/aws/ssm/account.ts';
import { absentMachine, instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { farOff } from '../../../support/deadlines.ts';

export const DOCUMENT = 'vtepwatch-Probe';

/** Selects all nodes that `watched` registers. */
export const EVERYBODY: Targets = [{ Key: 'tag:cluster', Values: ['lab'] }];

export interface Watched {
  readonly ssm: Ssm;
  readonly client: SSMClient;
  readonly runCommand: RunCommand;
}

export interface WatchedOptions extends Partial<Omit<SsmOptions, 'documents' | 'nodes'>> {
  /** How many nodes there are; number 1 answers `answer of 1`. */
  readonly nodes: number;
  /** How often the client tries a call. Default 1, so that a fault is seen at once. */
  readonly attempts?: number;
}

/** Tests that run beside others have to be told apart: each is given its own hook. */
export type OnTestFinished = (cleanup: () => void | Promise<void>) => void;

/** The function's Run Command at an endpoint with nodes that answer at once what is given. */
export async function watched(
  { nodes, attempts = 1, ...options }: WatchedOptions,
  onTestFinished: OnTestFinished,
): Promise<Watched> {
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const ssm = await startSsm({
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: numbers.map((number) => ({ machine: absentMachine(number), tags: { cluster: 'lab' } })),
    ...options,
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0, ...options.behaviour },
  });
  onTestFinished(() => ssm.close());
  for (const number of numbers) says(ssm, number, `answer of ${number}`);
  const client = clientOf(ssm.url, attempts);
  onTestFinished(() => client.destroy());
  return { ssm, client, runCommand: runCommand(client, DOCUMENT) };
}

/** From now on the node answers every command so. */
export function says(ssm: Ssm, number: number, stdout: string): void {
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
