import { describe, expect, test } from 'vitest';
import {
  askMasters,
  latencyRound,
  type LatencyReadings,
  type MasterQuestion,
  readingsOf,
  takeUp,
} from '../../lambda/latency-round.ts';
import { parseMasterAnswer } from '../../shared/core/parse/latency-answer.ts';
import { until } from '../lab/aws/ssm/account.ts';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { asked, control, described, LOST_API, MASTERS, read, takenUp, took } from './masters.ts';
import { says, watched, type Watched, deadlineIn, farOff, clock } from './systems/ssm/watched.ts';

const REFUSED = {
  kind: 'refused',
  error: { type: 'InternalServerError', message: 'out of order', status: 500 },
} as const;

const ALL_ANSWERED = { latencyCommand: undefined, apisCommand: undefined } as const;

describe('askMasters', () => {
  test('asks them by their ids, both questions side by side, and remembers whom it asked', async () => {
    const made = control();
    const { questions, problems } = await askMasters(made.runCommand, MASTERS, farOff());
    expect(problems).toEqual([]);
    expect(questions.map(({ action }) => action)).toEqual(['latency', 'apis']);
    for (const { command } of questions) {
      expect(command).toEqual({
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        sentAt: expect.any(Number),
        masters: MASTERS,
      });
    }
    expect(made.ssm.gate.calls).toHaveLength(2);
    const inputs = made.ssm.gate.calls.map(({ input }) => input);
    const Targets = [{ Key: 'InstanceIds', Values: Object.keys(MASTERS) }];
    expect(inputs).toContainEqual(
      expect.objectContaining({ Targets, Parameters: { Action: ['latency'] } }),
    );
    expect(inputs).toContainEqual(
      expect.objectContaining({ Targets, Parameters: { Action: ['apis'] } }),
    );
  });

  test('asks nobody where there is no master', async () => {
    const { ssm, runCommand } = control();
    expect(await askMasters(runCommand, {}, farOff())).toEqual({ questions: [], problems: [] });
    expect(ssm.gate.calls).toEqual([]);
  });

  test('of more masters than a command can name asks and remembers fifty', async () => {
    const { ssm, runCommand } = watched({ nodes: 51 });
    const ids = Array.from({ length: 51 }, (_, at) => instanceIdOf(at + 1));
    const masters = Object.fromEntries(ids.map((id) => [id, `of ${id}`]));
    const { questions } = await askMasters(runCommand, masters, farOff());
    expect(questions.map(({ command }) => Object.keys(command.masters))).toEqual([
      ids.slice(0, 50),
      ids.slice(0, 50),
    ]);
    expect(ssm.gate.calls[0]?.verdict).toBe('admitted');
  });

  test('a master that was terminated is one problem, and the others are asked', async () => {
    const made = control();
    made.ssm.deregister(instanceIdOf(2));
    const { [instanceIdOf(2)]: gone, ...others } = MASTERS;
    const { questions, problems } = await askMasters(made.runCommand, MASTERS, farOff());
    expect(questions.map(({ command }) => command.masters)).toEqual([others, others]);
    const message =
      /^its API server is not asked: it is no longer registered with Systems Manager; /;
    expect(problems).toEqual([{ where: gone, message: expect.stringMatching(message) }]);
  });

  test('where every master was terminated nobody is asked', async () => {
    const made = control();
    for (const instanceId of Object.keys(MASTERS)) made.ssm.deregister(instanceId);
    const { questions, problems } = await askMasters(made.runCommand, MASTERS, farOff());
    expect(questions).toEqual([]);
    expect(problems.map(({ where }) => where)).toEqual(Object.values(MASTERS));
  });

  test('a question that the service refuses is a problem, and the other one is asked', async () => {
    const made = control();
    made.ssm.gate.fail({ operation: 'SendCommand', fault: REFUSED, times: 1 });
    const { questions, problems } = await askMasters(made.runCommand, MASTERS, farOff());
    expect(questions).toHaveLength(1);
    expect(problems).toEqual([
      {
        where: questions[0]?.action === 'latency' ? 'aggregated APIs' : 'latency',
        message: expect.stringMatching(/^asking the masters: .*InternalServerError/),
      },
    ]);
  });
});

describe('what is read', () => {
  test('is what was answered, and how long nothing has come of the silent', async () => {
    const made = control();
    const question = await asked(made, 'latency', 18_000);
    const readings = await read(made, [question]);
    expect(described(readings)).toEqual([
      'master3 kubectl get nodes and /readyz no-answer',
      'master1 kubectl get nodes answered 0.5',
      'master1 /readyz answered 0.0',
      'master2 kubectl get nodes answered 2.0',
      'master2 /readyz answered 0.0',
    ]);
    expect(readings.latencies[0]?.seconds).toBeGreaterThanOrEqual(18);
    expect(readings.names).toEqual(['master1', 'node1', 'master2', 'node2']);
    expect(readings.unanswered).toEqual({
      ...ALL_ANSWERED,
      latencyCommand: { ...question.command, masters: { [instanceIdOf(3)]: 'master3' } },
    });
    expect(readings.problems).toEqual([]);
  });

  test('of a question that everybody answered leaves nothing to be taken up', async () => {
    const made = control();
    says(made.ssm, 3, took(45));
    const readings = await read(made, [await asked(made)]);
    expect(described(readings)).toContain('master3 kubectl get nodes answered 45.0');
    expect(readings.unanswered).toEqual(ALL_ANSWERED);
  });

  test('is not asked for again', async () => {
    const made = control();
    says(made.ssm, 3, took(45));
    const round = latencyRound(made.runCommand, [await asked(made)]);
    const first = await round.read(farOff());
    expect(await round.read(farOff())).toEqual(first);
    expect(await round.settle(60_000, farOff())).toEqual(first);
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(1);
  });

  test('of no question is nothing, without a call', async () => {
    const { ssm, runCommand } = control();
    expect(await latencyRound(runCommand, []).read(farOff())).toEqual(NOTHING);
    expect(ssm.gate.calls).toEqual([]);
  });

  test('a master that will not answer any more is a problem, and not waited for', async () => {
    const made = control();
    made.ssm.behaveNode(instanceIdOf(3), { kind: 'refused', status: 'AccessDenied' });
    const readings = await read(made, [await asked(made)]);
    expect(described(readings).join()).not.toContain('master3');
    expect(readings.unanswered).toEqual(ALL_ANSWERED);
    expect(readings.problems).toEqual([
      { where: 'master3', message: 'latency: the command ended as AccessDenied' },
    ]);
  });

  test('where the service fails nobody is called silent, and all are taken up later', async () => {
    const made = control();
    const question = await asked(made);
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED });
    const readings = await read(made, [question]);
    expect(readings.latencies).toEqual([]);
    expect(readings.unanswered).toEqual({ ...ALL_ANSWERED, latencyCommand: question.command });
    expect(readings.problems).toMatchObject([
      { where: 'latency', message: expect.stringContaining('InternalServerError') },
    ]);
  });

  test('where the service fails once, what came before stands, and the failure is forgotten', async () => {
    const made = control();
    const round = latencyRound(made.runCommand, [await asked(made)]);
    const first = await round.read(farOff());
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED, times: 1 });
    const failed = await round.read(farOff());
    expect(described(failed)).toEqual(described(first));
    expect(failed.problems).toHaveLength(1);
    expect((await round.read(farOff())).problems).toEqual([]);
  });

  test('a service that does not answer is given up at the deadline', async () => {
    const made = control();
    const question = await asked(made);
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: { kind: 'stalled' } });
    const readings = await latencyRound(made.runCommand, [question]).read(deadlineIn(100));
    expect(readings.latencies).toEqual([]);
    expect(readings.unanswered.latencyCommand).toEqual(question.command);
  });
});

describe('silence is reported of the thing that was asked', () => {
  test('aggregated APIs that have not answered take nothing from get nodes', async () => {
    const made = control();
    for (const number of [1, 2, 3]) says(made.ssm, number, took(0.1));
    const latency = await asked(made);
    await read(made, [latency]);
    for (const number of [1, 2, 3]) {
      made.ssm.behaveNode(instanceIdOf(number), { kind: 'offline' });
    }
    const apis = await asked(made, 'apis', 18_000);
    const readings = await read(made, [latency, apis]);
    expect(described(readings).filter((line) => line.startsWith('master1'))).toEqual([
      'master1 kubectl get nodes answered 0.1',
      'master1 /readyz answered 0.0',
      'master1 the aggregated APIs no-answer',
    ]);
    expect(readings.unanswered).toEqual({ ...ALL_ANSWERED, apisCommand: apis.command });
  });

  const ID = instanceIdOf(1);
  const silentFor = (action: MasterQuestion['action'], seconds: number): MasterQuestion => ({
    action,
    command: { id: '0'.repeat(36), sentAt: 0, masters: { [ID]: 'master1' } },
    askedBy: 'this-run',
    answers: new Map(),
    silentAt: new Map([[ID, seconds * 1000]]),
    problems: [],
  });
  const answer = parseMasterAnswer('apis', { node: 'master1', text: LOST_API });
  const lostApi = { ...silentFor('apis', 1), answers: new Map([[ID, answer]]) };

  test('a dead aggregated API is reported beside a silent get nodes', () => {
    const readings = readingsOf([silentFor('latency', 18), lostApi]);
    expect(readings.latencies[0]?.seconds).toBe(18);
    expect(described(readings)).toEqual([
      'master1 kubectl get nodes and /readyz no-answer',
      'master1 /apis/custom.metrics.k8s.io/v1beta1 failed 5.0',
    ]);
  });

  test("an answer of one question does not end an earlier run's silence of the other", () => {
    const earlier = { ...silentFor('latency', 62), askedBy: 'earlier-run' } as const;
    expect(described(readingsOf([earlier, lostApi]))).toEqual([
      'master1 kubectl get nodes and /readyz no-answer',
      'master1 /apis/custom.metrics.k8s.io/v1beta1 failed 5.0',
    ]);
  });
});

describe('what an earlier run asked', () => {
  const HOUR_MS = 3_600_000;
  const of3 = (readings: LatencyReadings): readonly string[] =>
    described(readings).filter((line) => line.startsWith('master3'));

  test('is read with the time at which it was asked', async () => {
    const made = control();
    const question = await asked(made);
    says(made.ssm, 3, took(45));
    const readings = await until(async () => {
      const found = readingsOf(await takenUp(made, question));
      return of3(found).join().includes('answered') ? found : undefined;
    });
    expect(described(readings)).toContain('master3 kubectl get nodes answered 45.0');
    for (const { askedAt } of readings.latencies) {
      expect(askedAt).toBe(question.command.sentAt);
    }
  });

  test('and is silent still, is reported with how long', async () => {
    const made = control();
    const question = await asked(made, 'latency', 62_000);
    const { latencies } = readingsOf(await takenUp(made, question));
    const silent = latencies.filter(({ node }) => node === 'master3');
    expect(silent).toMatchObject([
      {
        request: { kind: 'get-nodes-and-readyz' },
        outcome: 'no-answer',
        askedAt: question.command.sentAt,
      },
    ]);
    expect(silent[0]?.seconds).toBeGreaterThanOrEqual(62);
  });

  test('is read of both questions', async () => {
    const made = control();
    const [latencyCommand, apisCommand] = [
      (await asked(made)).command,
      (await asked(made, 'apis')).command,
    ];
    const questions = await takeUp(made.runCommand, { latencyCommand, apisCommand }, farOff());
    expect(of3(readingsOf(questions))).toEqual([
      'master3 kubectl get nodes and /readyz no-answer',
      'master3 the aggregated APIs no-answer',
    ]);
  });

  test('is nothing where all had answered', async () => {
    const { runCommand } = control();
    expect(await takeUp(runCommand, ALL_ANSWERED, farOff())).toEqual([]);
  });

  test('and the service has forgotten, calls nobody silent', async () => {
    const { runCommand } = control();
    const latencyCommand = { id: '0'.repeat(36), sentAt: 0, masters: MASTERS };
    const questions = await takeUp(runCommand, { ...ALL_ANSWERED, latencyCommand }, farOff());
    expect(readingsOf(questions)).toMatchObject({ latencies: [], problems: [] });
  });

  test('stands until the same master has answered this run', async () => {
    const made = control();
    says(made.ssm, 1, took(45, ['node9']));
    says(made.ssm, 3, took(45, ['node9']));
    const earlier = await takenUp(made, await asked(made));
    says(made.ssm, 1, took(0.5));
    made.ssm.behaveNode(instanceIdOf(3), { kind: 'offline' });
    const readings = await read(made, [...earlier, await asked(made)]);
    expect(described(readings).filter((line) => line.includes('get nodes'))).toEqual([
      'master3 kubectl get nodes and /readyz no-answer',
      'master1 kubectl get nodes answered 0.5',
      'master2 kubectl get nodes answered 2.0',
      'master3 kubectl get nodes answered 45.0',
    ]);
    expect(readings.names).not.toContain('node9');
  });

  test('gives the list of nodes while there is no new one', async () => {
    const made = control();
    const earlier = await takenUp(made, await asked(made));
    expect((await read(made, earlier)).names).toEqual(['master1', 'node1', 'master2', 'node2']);
  });

  describe('and was not answered when this run began', () => {
    /** An hour after it was sent. */
    async function askedInVain(made: Watched): Promise<readonly MasterQuestion[]> {
      return await takenUp(made, await asked(made, 'latency', HOUR_MS));
    }

    test('of two silences the longer one is reported', async () => {
      const made = control();
      const earlier = await askedInVain(made);
      const readings = await read(made, [...earlier, await asked(made)]);
      expect(of3(readings)).toEqual(['master3 kubectl get nodes and /readyz no-answer']);
      expect(readings.latencies.find(({ node }) => node === 'master3')).toMatchObject({
        seconds: expect.closeTo(3600, -2),
        askedAt: expect.any(Number),
      });
    });

    test('is read when it comes, as late as it is', async () => {
      const made = control();
      const round = latencyRound(made.runCommand, await askedInVain(made));
      says(made.ssm, 3, took(62));
      const readings = await until(async () => {
        const found = await round.read(farOff());
        return of3(found).join().includes('no-answer') ? undefined : found;
      });
      expect(of3(readings)[0]).toBe('master3 kubectl get nodes answered 62.0');
    });

    test('and can no longer be answered, is no silence any more', async () => {
      const made = control();
      const round = latencyRound(made.runCommand, await askedInVain(made));
      made.ssm.behaveNode(instanceIdOf(3), { kind: 'refused', status: 'AccessDenied' });
      const readings = await until(async () => {
        const found = await round.read(farOff());
        return found.problems.length > 0 ? found : undefined;
      });
      expect(of3(readings)).toEqual([]);
    });

    test('where the service fails, what was known before stands', async () => {
      const made = control();
      const questions = [...(await askedInVain(made)), await asked(made)];
      made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED });
      const readings = await read(made, questions);
      expect(of3(readings)).toEqual(['master3 kubectl get nodes and /readyz no-answer']);
    });
  });
});

describe('settling', () => {
  test('ends as soon as everybody has answered', async () => {
    const made = control();
    const round = latencyRound(made.runCommand, [await asked(made)]);
    const settled = round.settle(60_000, farOff());
    await clock.pause(2500);
    says(made.ssm, 3, took(3));
    expect(await settled).toMatchObject({ unanswered: ALL_ANSWERED });
  });

  test.for([
    ['the time for waiting is over', 0, 60_000],
    ['the time for waiting comes', 100, 60_000],
    ['the deadline comes', 60_000, 2000],
  ] as const)('ends when %s, and keeps what has come', async ([, patience, end]) => {
    const made = control();
    const round = latencyRound(made.runCommand, [await asked(made)]);
    const { unanswered } = await round.settle(patience, deadlineIn(end));
    expect(unanswered.latencyCommand?.masters).toEqual({ [instanceIdOf(3)]: 'master3' });
  });
});

const NOTHING: LatencyReadings = {
  latencies: [],
  names: [],
  problems: [],
  unanswered: ALL_ANSWERED,
};
