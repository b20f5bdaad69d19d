import type { Problem } from '../shared/contract/report.ts';
import type { RosterEntry } from '../shared/core/facts.ts';
import type { Observation } from '../shared/core/overlay/vtep.ts';
import type { Answers } from '../shared/core/run/hosts.ts';
import { type HostAction, parseHostAnswer } from '../shared/core/parse/host-answer.ts';
import { errorText } from './error-text.ts';
import { type HostAnswer, NO_ANSWERS } from './systems/ssm/answers.ts';
import type { Collected, Waiting } from './systems/ssm/collect.ts';
import { type Command, idsOf, REFUSED, type RunCommand } from './systems/ssm/run-command.ts';
import type { Recorder } from './systems/telemetry/recorder.ts';

export interface HostCommand extends Command {
  readonly action: HostAction;
}

/** What hosts answered, and how long that took. */
export interface TimedAnswers
  extends Answers, Pick<Collected, 'answeredBy' | 'firstPollWasEnough'> {}

/**
 * Asks hosts and reads their answers. Never throws: where the service refuses or is late, the hosts
 * are unknown and a problem says why.
 */
export async function askHosts(
  ssm: RunCommand,
  command: HostCommand,
  circumstances: { readonly waiting: Waiting; readonly roster: readonly RosterEntry[] },
): Promise<TimedAnswers> {
  const { waiting, roster } = circumstances;
  const names = new Map(roster.map(({ instanceId, node }) => [instanceId, node]));
  try {
    const { id, refused } = await ssm.send(command, waiting.until);
    const expected = expectedOf(command, roster).difference(new Set(refused));
    const { byInstance, troubles, ...timed } =
      id === undefined
        ? { ...NO_ANSWERS, ...UNTIMED }
        : await ssm.collect(id, { ...waiting, expected });
    const answers = [...byInstance, ...refused.map((instanceId) => [instanceId, REFUSED] as const)];
    return {
      observations: answers.map(([instanceId, answer]) =>
        observationOf(command.action, { instanceId, answer, node: names.get(instanceId) }),
      ),
      problems: (answers.length + troubles.length === 0 ? [NOBODY] : troubles).map(toProblem),
      ...timed,
    };
  } catch (error) {
    const message = `asking the hosts for ${command.action}: ${errorText(error)}`;
    return { observations: [], problems: [toProblem(message)], ...UNTIMED };
  }
}

/** Where nothing came. */
const UNTIMED = { answeredBy: new Map<string, number>(), firstPollWasEnough: false } as const;

/** One question to the hosts as a span: how many were asked, and how many gave no usable answer. */
export async function collectSpan<Some extends Answers>(
  telemetry: Recorder,
  action: HostAction,
  ask: () => Promise<Some>,
): Promise<Some> {
  return await telemetry.span(
    'vtepwatch.collect',
    { 'vtepwatch.action': action },
    async (annotate) => {
      const answers = await ask();
      const { observations, problems } = answers;
      annotate({
        'vtepwatch.host.count': observations.length,
        'vtepwatch.host.failures': observations.filter(({ kind }) => kind === 'unknown').length,
        // The span of the call that failed says more.
        'error.type': observations.length === 0 && problems.length > 0 ? '_OTHER' : undefined,
      });
      return answers;
    },
  );
}

/** Hosts that the command must reach: those that it names, or else those that answered the last run. */
function expectedOf(command: Command, roster: readonly RosterEntry[]): ReadonlySet<string> {
  const named = idsOf(command);
  if (named.length > 0) return new Set(named);
  const lastRun = Math.max(...roster.map(({ lastSeen }) => lastSeen));
  const answered = roster.filter(({ lastSeen }) => lastSeen === lastRun);
  return new Set(answered.flatMap(({ instanceId }) => instanceId ?? []));
}

const NOBODY =
  'no host was asked: does any managed node carry the tag of the targets, and is its agent online?';

function toProblem(message: string): Problem {
  return { where: 'Systems Manager', message };
}

function observationOf(
  action: HostAction,
  host: {
    readonly instanceId: string;
    readonly answer: HostAnswer;
    readonly node: string | undefined;
  },
): Observation {
  const { instanceId, answer, node } = host;
  if (answer.kind !== 'answered') {
    const error = answer.kind === 'pending' ? 'timeout' : answer.error;
    const reason = {
      reason: answer.reason,
      ...(answer.kind === 'ended' && answer.silence !== undefined
        ? { silence: answer.silence }
        : {}),
    };
    const silent = { kind: 'unknown', instanceId, node, ...reason, error } as const;
    return answer.kind === 'pending' && answer.underWay ? { ...silent, isSlow: true } : silent;
  }
  const observation = parseHostAnswer(action, { instanceId, text: answer.text });
  return observation.kind === 'unknown' ? { ...observation, node } : observation;
}
