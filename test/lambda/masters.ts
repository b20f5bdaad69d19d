import { onTestFinished } from 'vitest';
import {
  askMasters,
  type LatencyRound,
  type Masters,
  type Measured,
} from '../../lambda/latency-round.ts';
import type { LatencyCommand } from '../../lambda/shell/incident-store/stored.ts';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { envelope } from '../support/envelope.ts';
import { farOff, says, watched, type Watched } from './shell/ssm/watched.ts';

export const MASTERS: Masters = {
  [instanceIdOf(1)]: 'master1',
  [instanceIdOf(2)]: 'master2',
  [instanceIdOf(3)]: 'master3',
};

export const NOTHING: Measured = {
  latencies: [],
  names: [],
  problems: [],
  unanswered: undefined,
  silent: [],
};

/** A master's answer: `kubectl get nodes` took so long, and listed these. */
export function took(seconds: number, names: readonly string[] = ['master1', 'node1']): string {
  const end = (1000 + seconds).toFixed(2);
  return envelope(
    'latency',
    `host any\nboot 1 1000.00\nL get-nodes 1000.00 ${end} 0\nL /readyz 1000.00 1000.01 0\nK ${names.join(' ')}\n`,
  );
}

/** Three masters, of which the first answers in 0.5 s, the second after 2 s and the third not. */
export async function control(): Promise<Watched> {
  const made = await watched({ nodes: 3 }, onTestFinished);
  says(made.ssm, 1, took(0.5));
  says(made.ssm, 2, took(2, ['master2', 'node2']));
  made.ssm.behaveNode(instanceIdOf(3), { kind: 'offline' });
  return made;
}

export async function asked(
  { runCommand }: Watched,
  action: 'latency' | 'apis' = 'latency',
): Promise<LatencyCommand> {
  const { command } = await askMasters(runCommand, { action, masters: MASTERS }, farOff());
  if (command === undefined) throw new Error('nobody was asked');
  return command;
}

export function round(command: LatencyCommand | undefined, late: Measured = NOTHING): LatencyRound {
  return { late, command };
}

/** `master1 kubectl get nodes answered 0.5` */
export function told({ latencies }: Measured): readonly string[] {
  return latencies.map(({ node, request, outcome, seconds }) =>
    [node, request, outcome, ...(outcome === 'no-answer' ? [] : [seconds.toFixed(1)])].join(' '),
  );
}
