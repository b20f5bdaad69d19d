import {
  askMasters,
  latencyRound,
  type LatencyReadings,
  type MasterQuestion,
  type Masters,
  takeUp,
} from '../../lambda/latency-round.ts';
import { requestText } from '../../shared/core/latency.ts';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { envelope } from '../support/envelope.ts';
import { says, watched, type Watched, farOff } from './systems/ssm/watched.ts';

export const MASTERS: Masters = {
  [instanceIdOf(1)]: 'master1',
  [instanceIdOf(2)]: 'master2',
  [instanceIdOf(3)]: 'master3',
};

/** A master's answer: `kubectl get nodes` took so long, and listed these. */
export function took(seconds: number, names: readonly string[] = ['master1', 'node1']): string {
  const end = (1000 + seconds).toFixed(2);
  return envelope(
    'latency',
    `host any\nboot 1 1000.00\nL get-nodes 1000.00 ${end} 0\nL /readyz 1000.00 1000.01 0\nK ${names.join(' ')}\n`,
  );
}

/** A master's answer: its API server did not reach one aggregated API. */
export const LOST_API = envelope(
  'apis',
  'host any\nboot 1 1000.00\nL /apis/custom.metrics.k8s.io/v1beta1 1000.00 1005.00 1\n',
);

/** Three masters, of which the first answers in 0.5 s, the second after 2 s and the third not. */
export function control(): Watched {
  const made = watched({ nodes: 3 });
  says(made.ssm, 1, took(0.5));
  says(made.ssm, 2, took(2, ['master2', 'node2']));
  made.ssm.behaveNode(instanceIdOf(3), { kind: 'offline' });
  return made;
}

/** One question of this run to the masters, as if it had been asked so long ago. */
export async function asked(
  { runCommand }: Watched,
  action: 'latency' | 'apis' = 'latency',
  millisecondsAgo = 0,
): Promise<MasterQuestion> {
  const { questions } = await askMasters(runCommand, MASTERS, farOff());
  const question = questions.find((one) => one.action === action);
  if (question === undefined) throw new Error('nobody was asked');
  const { command } = question;
  return { ...question, command: { ...command, sentAt: command.sentAt - millisecondsAgo } };
}

/** The same question, taken up by the next run. */
export async function takenUp(
  { runCommand }: Watched,
  { action, command }: MasterQuestion,
): Promise<readonly MasterQuestion[]> {
  const commands = { latencyCommand: undefined, apisCommand: undefined };
  const name = action === 'latency' ? 'latencyCommand' : 'apisCommand';
  return await takeUp(runCommand, { ...commands, [name]: command }, farOff());
}

export async function read(
  { runCommand }: Watched,
  questions: readonly MasterQuestion[],
): Promise<LatencyReadings> {
  return await latencyRound(runCommand, questions).read(farOff());
}

/** `master1 kubectl get nodes answered 0.5` */
export function described({ latencies }: Pick<LatencyReadings, 'latencies'>): readonly string[] {
  return latencies.map(({ node, request, outcome, seconds }) =>
    [
      node,
      requestText(request),
      outcome,
      ...(outcome === 'no-answer' ? [] : [seconds.toFixed(1)]),
    ].join(' '),
  );
}
