import { PROBE_TIMEOUT_SECONDS } from '../../shared/contract/probe.ts';
import { type Clock, orLate } from '../../lambda/deadline.ts';
import type { HostAnswer } from '../../lambda/systems/ssm/answers.ts';
import type { Counts } from '../../lambda/systems/ssm/counts.ts';
import { type Command, idsOf, type RunCommand } from '../../lambda/systems/ssm/run-command.ts';
import { probeInput } from './probe.ts';
import { sameMachinesIn } from './same-machine.ts';
import { ask, type Privilege } from './session.ts';

/** Connections at a time. */
export const CONNECTIONS = 30;

/** How long a host may take for an answer; a master whose API server hangs takes longer for that. */
export const ANSWER_SECONDS = 25;

/** Commands to hosts over ssh, which stand in for those of Systems Manager. A host's id is its target. */
interface SshCommands extends RunCommand {
  /** Targets that turned out to be one machine: only the first of each group is a host of the run. */
  readonly sameMachines: () => readonly (readonly string[])[];
  /** Ends what still runs. */
  close(): void;
}

interface SshOptions {
  readonly clock: Clock;
  readonly privilege: Privilege;
  /** Whether hosts send each other packets over the overlay. */
  readonly packets: boolean;
  /** What came of asking a host, as soon as it is known. */
  readonly onAnswer: (command: Command, target: string, answer: HostAnswer) => void;
}

/** A command that was sent, and what has come of it. */
interface Sent {
  readonly command: Command;
  readonly targets: readonly string[];
  readonly answers: Map<string, HostAnswer>;
  readonly answeredBy: Map<string, number>;
  readonly done: Promise<unknown>;
}

export function sshCommands({ clock, privilege, packets, onAnswer }: SshOptions): SshCommands {
  const sent = new Map<string, Sent>();
  const listeners = new Map<string, (counts: Counts) => void>();
  const closing = new AbortController();
  const inTurn = limited(CONNECTIONS);
  let same: readonly (readonly string[])[] = [];

  const sentAs = (id: string): Sent => {
    const command = sent.get(id);
    if (command === undefined) throw new Error(`reading the answers to command ${id}: not sent`);
    return command;
  };
  const answersBy = (id: string): ReadonlyMap<string, HostAnswer> => {
    const { targets, answers } = sentAs(id);
    return new Map(targets.map((target) => [target, answers.get(target) ?? PENDING]));
  };
  return {
    send: async (command) => {
      const targets = idsOf(command);
      const id = String(sent.size + 1);
      const answers = new Map<string, HostAnswer>();
      const answeredBy = new Map<string, number>();
      const input = probeInput(command, packets);
      const timeoutSeconds = secondsFor(command);
      const asking = targets.map(async (target) => {
        const question = { target, input, privilege, timeoutSeconds };
        const answer = await inTurn(async () => await ask(question, closing.signal));
        answers.set(target, answer);
        answeredBy.set(target, clock.now());
        onAnswer(command, target, answer);
        const counts = { targets: targets.length, completed: answers.size };
        listeners.get(id)?.({ ...counts, settled: answers.size === targets.length });
      });
      sent.set(id, { command, targets, answers, answeredBy, done: Promise.all(asking) });
      return { id, refused: [] };
    },
    collect: async (id, { until, onCount }) => {
      const { command, done, answeredBy } = sentAs(id);
      if (onCount !== undefined) listeners.set(id, onCount);
      await orLate(done, until, () => undefined);
      const answers = answersBy(id);
      // Masters are found by these answers: a machine with two targets must not have two votes.
      if (command.action === 'digest') same = sameMachinesIn(answers);
      const others = new Set(same.flatMap((targets) => targets.slice(1)));
      return {
        byInstance: new Map([...answers].filter(([target]) => !others.has(target))),
        troubles: [],
        answeredBy: new Map(answeredBy),
        firstPollWasEnough: true,
      };
    },
    beginnings: async (id) => ({ byInstance: answersBy(id), troubles: [] }),
    fetch: async ({ commandId, instanceId }) => answersBy(commandId).get(instanceId) ?? PENDING,
    peek: async (id) => ({ byInstance: answersBy(id), troubles: [] }),
    sameMachines: () => same,
    close: () => closing.abort(),
  };
}

const PENDING: HostAnswer = { kind: 'pending', reason: 'no answer yet' };

function secondsFor({ action }: Command): number {
  return action === 'latency' || action === 'apis' ? PROBE_TIMEOUT_SECONDS : ANSWER_SECONDS;
}

/** Runs at most so many tasks at a time, in the order in which they come. */
export function limited(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      // The place goes to the next one in line, or is free.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
