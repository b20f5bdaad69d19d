import type { Latency, Problem } from '../shared/contract/report.ts';
import { parseLatencyAnswer } from '../shared/core/parse/latency-answer.ts';
import type { Deadline } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { LatencyCommand } from './shell/incident-store/stored.ts';
import type { RunCommand } from './shell/ssm/run-command.ts';

/**
 * Latencies come by a command of their own, to the masters alone, which is never waited for: a
 * master that hangs for 45 s would hold up the verdict. What has not come when the run decides is
 * taken up by the next run, through the command's id.
 */
export interface LatencyRound {
  readonly latencies: readonly Latency[];
  readonly problems: readonly Problem[];
  /** The command that the next run takes up. */
  readonly command: LatencyCommand | undefined;
}

/** Managed-node ids of masters with their names: whom to ask. */
export type Masters = Readonly<Record<string, string>>;

/** Asks every master how long its own API server takes. Undefined where there is no master. */
export async function askMasters(
  ssm: RunCommand,
  masters: Masters,
  deadline: Deadline,
): Promise<LatencyCommand | undefined> {
  const ids = Object.keys(masters).slice(0, MASTERS);
  if (ids.length === 0) return undefined;
  const targets = [{ Key: 'InstanceIds', Values: ids }];
  const id = await ssm.send({ action: 'latency', targets }, deadline);
  return { id, sentAt: Date.now(), masters };
}

/** What has been measured by now, of this run's command and of the one before it. */
export async function takeUp(
  ssm: RunCommand,
  commands: {
    readonly earlier: LatencyCommand | undefined;
    readonly current: LatencyCommand | undefined;
  },
  deadline: Deadline,
): Promise<LatencyRound> {
  const earlier = await measured(ssm, commands.earlier, deadline);
  const current = await measured(ssm, commands.current, deadline);
  const answered = new Set(current.latencies.map(({ node }) => node));
  const late = earlier.latencies.filter(({ node }) => !answered.has(node));
  const silent = current.pending.map((node): Latency => ({
    node,
    request: 'kubectl get nodes',
    outcome: 'no-answer',
    seconds: (Date.now() - (commands.current?.sentAt ?? Date.now())) / 1000,
    detail: '',
  }));
  return {
    latencies: [...late, ...current.latencies, ...silent],
    problems: [...earlier.problems, ...current.problems],
    command: commands.current,
  };
}

/** Managed nodes that one command can name; no control plane has as many masters. */
const MASTERS = 50;

interface Measured {
  readonly latencies: readonly Latency[];
  readonly problems: readonly Problem[];
  readonly pending: readonly string[];
}

async function measured(
  ssm: RunCommand,
  command: LatencyCommand | undefined,
  deadline: Deadline,
): Promise<Measured> {
  if (command === undefined) return { latencies: [], problems: [], pending: [] };
  try {
    const { byInstance, troubles } = await ssm.peek(command.id, deadline);
    const masters = Object.entries(command.masters);
    const parsed = masters.map(([id, node]) => {
      const answer = byInstance.get(id);
      switch (answer?.kind) {
        case 'answered':
          return parseLatencyAnswer(node, answer.text);
        case 'ended':
          return { value: [], problems: [{ where: node, message: `latency: ${answer.reason}` }] };
        case 'pending':
        case undefined:
          return { value: [], problems: [] };
      }
    });
    return {
      latencies: parsed.flatMap(({ value }) => value),
      problems: [
        ...troubles.map((message) => ({ where: 'latency', message })),
        ...parsed.flatMap(({ problems }) => problems),
      ],
      pending: masters
        .filter(([id]) => (byInstance.get(id)?.kind ?? 'pending') === 'pending')
        .map(([, node]) => node),
    };
  } catch (error) {
    const message = `latency: ${errorText(error)}`;
    return { latencies: [], problems: [{ where: 'latency', message }], pending: [] };
  }
}
