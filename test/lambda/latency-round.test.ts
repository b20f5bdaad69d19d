import { describe, expect, onTestFinished, test } from 'vitest';
import { deadlineIn } from '../../lambda/deadline.ts';
import {
  askMasters,
  awaitLatencies,
  knownLatencies,
  type Measured,
  takeUp,
  withApis,
} from '../../lambda/latency-round.ts';
import { REQUESTS } from '../../shared/contract/report.ts';
import { formatTime } from '../../shared/core/time.ts';
import { until } from '../lab/aws/ssm/account.ts';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { envelope } from '../support/envelope.ts';
import { asked, control, MASTERS, NOTHING, round, told, took } from './masters.ts';
import { farOff, says, watched, type Watched } from './shell/ssm/watched.ts';

const REFUSED = {
  kind: 'refused',
  error: { type: 'InternalServerError', message: 'out of order', status: 500 },
} as const;

describe('askMasters', () => {
  test('asks them by their ids, and remembers whom it asked', async () => {
    const made = await control();
    const command = await asked(made);
    expect(command).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      sentAt: expect.any(Number),
      masters: MASTERS,
    });
    expect(made.ssm.gate.calls[0]?.input).toMatchObject({
      Targets: [{ Key: 'InstanceIds', Values: Object.keys(MASTERS) }],
      Parameters: { Action: ['latency'] },
    });
  });

  test('asks nobody where there is no master', async () => {
    const { ssm, runCommand } = await control();
    const command = { action: 'latency', masters: {} } as const;
    expect(await askMasters(runCommand, command, farOff())).toEqual({
      command: undefined,
      problems: [],
    });
    expect(ssm.gate.calls).toEqual([]);
  });

  test('of more masters than a command can name asks and remembers fifty', async () => {
    const { ssm, runCommand } = await watched({ nodes: 51 }, onTestFinished);
    const ids = Array.from({ length: 51 }, (_, at) => instanceIdOf(at + 1));
    const masters = Object.fromEntries(ids.map((id) => [id, `of ${id}`]));
    const { command } = await askMasters(runCommand, { action: 'latency', masters }, farOff());
    expect(Object.keys(command?.masters ?? {})).toEqual(ids.slice(0, 50));
    expect(ssm.gate.calls[0]?.verdict).toBe('admitted');
  });

  test('a master that was terminated is a problem, and the others are asked', async () => {
    const made = await control();
    made.ssm.deregister(instanceIdOf(2));
    const { [instanceIdOf(2)]: gone, ...others } = MASTERS;
    const asking = { action: 'latency', masters: MASTERS } as const;
    const { command, problems } = await askMasters(made.runCommand, asking, farOff());
    expect(command?.masters).toEqual(others);
    const message = 'latency: it is no longer registered with Systems Manager';
    expect(problems).toEqual([{ where: gone, message }]);
  });

  test('where every master was terminated nobody is asked', async () => {
    const made = await control();
    for (const instanceId of Object.keys(MASTERS)) made.ssm.deregister(instanceId);
    const asking = { action: 'latency', masters: MASTERS } as const;
    const { command, problems } = await askMasters(made.runCommand, asking, farOff());
    expect(command).toBeUndefined();
    expect(problems.map(({ where }) => where)).toEqual(Object.values(MASTERS));
  });

  test('a service that refuses is an error for its caller', async () => {
    const made = await control();
    made.ssm.gate.fail({ operation: 'SendCommand', fault: REFUSED });
    await expect(asked(made)).rejects.toMatchObject({ name: 'InternalServerError' });
  });
});

describe('knownLatencies', () => {
  test('tells what was answered, and of the silent how long nothing has come', async () => {
    const made = await control();
    const command = await asked(made);
    const earlier = { ...command, sentAt: command.sentAt - 18_000 };
    const known = await knownLatencies(made.runCommand, round(earlier), farOff());
    expect(told(known)).toEqual([
      'master3 kubectl get nodes and /readyz no-answer',
      'master1 kubectl get nodes answered 0.5',
      'master1 /readyz answered 0.0',
      'master2 kubectl get nodes answered 2.0',
      'master2 /readyz answered 0.0',
    ]);
    expect(known.latencies[0]?.seconds).toBeGreaterThanOrEqual(18);
    expect(known.names).toEqual(['master1', 'node1', 'master2', 'node2']);
    expect(known.unanswered).toEqual({ ...earlier, masters: { [instanceIdOf(3)]: 'master3' } });
    expect(known.problems).toEqual([]);
  });

  test('of a command that everybody answered leaves nothing to be taken up', async () => {
    const made = await control();
    says(made.ssm, 3, took(45));
    const known = await knownLatencies(made.runCommand, round(await asked(made)), farOff());
    expect(told(known)).toContain('master3 kubectl get nodes answered 45.0');
    expect(known.unanswered).toBeUndefined();
  });

  test('of no command is nothing, without a call', async () => {
    const { ssm, runCommand } = await control();
    expect(await knownLatencies(runCommand, round(undefined), farOff())).toEqual(NOTHING);
    expect(ssm.gate.calls).toEqual([]);
  });

  test('a master that will not answer any more is a problem, and not waited for', async () => {
    const made = await control();
    made.ssm.behaveNode(instanceIdOf(3), { kind: 'refused', status: 'AccessDenied' });
    const known = await knownLatencies(made.runCommand, round(await asked(made)), farOff());
    expect(told(known).join()).not.toContain('master3');
    expect(known.unanswered).toBeUndefined();
    expect(known.problems).toEqual([
      { where: 'master3', message: 'latency: the command ended as AccessDenied' },
    ]);
  });

  test('where the service fails nobody is called silent, and all are taken up later', async () => {
    const made = await control();
    const command = await asked(made);
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED });
    const known = await knownLatencies(made.runCommand, round(command), farOff());
    expect(known.latencies).toEqual([]);
    expect(known.unanswered).toEqual(command);
    expect(known.problems).toMatchObject([
      { where: 'latency', message: expect.stringContaining('InternalServerError') },
    ]);
  });

  test('a service that does not answer is given up at the deadline', async () => {
    const made = await control();
    const command = await asked(made);
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: { kind: 'stalled' } });
    const known = await knownLatencies(made.runCommand, round(command), deadlineIn(100));
    expect(known.latencies).toEqual([]);
    expect(known.unanswered).toEqual(command);
  });

  test('a new answer stands for an old one, which stands until then', async () => {
    const made = await control();
    const late: Measured = {
      ...NOTHING,
      names: ['node9'],
      latencies: ['master1', 'master3'].map((node) => ({
        node,
        request: 'kubectl get nodes',
        outcome: 'answered',
        seconds: 45,
        detail: '',
      })),
      problems: [{ where: 'master2', message: 'late' }],
    };
    const known = await knownLatencies(made.runCommand, round(await asked(made), late), farOff());
    expect(told(known).filter((line) => line.includes('get nodes'))).toEqual([
      'master3 kubectl get nodes and /readyz no-answer',
      'master1 kubectl get nodes answered 0.5',
      'master2 kubectl get nodes answered 2.0',
      'master3 kubectl get nodes answered 45.0',
    ]);
    expect(known.names).not.toContain('node9');
    expect(known.problems).toEqual(late.problems);
  });

  describe('of a master that has not answered the run before', () => {
    const HOUR_MS = 3_600_000;

    /** What two runs asked: the first was taken up in vain, an hour after it was sent. */
    async function twiceAsked(made: Watched) {
      const first = await asked(made);
      const earlier = { ...first, sentAt: first.sentAt - HOUR_MS };
      const late = await takeUp(made.runCommand, earlier, farOff());
      return { late, again: round(await asked(made), late) };
    }
    const listOf3 = (known: Measured): readonly string[] =>
      told(known).filter((line) => line.startsWith('master3'));

    test('one silence is told, the longer one', async () => {
      const made = await control();
      const { again } = await twiceAsked(made);
      const known = await knownLatencies(made.runCommand, again, farOff());
      expect(listOf3(known)).toEqual(['master3 kubectl get nodes and /readyz no-answer']);
      expect(known.latencies.find(({ node }) => node === 'master3')).toMatchObject({
        seconds: expect.closeTo(3600, -2),
        askedAt: expect.any(String),
      });
    });

    test('the answer is read when it comes, as late as it is', async () => {
      const made = await control();
      const { late } = await twiceAsked(made);
      says(made.ssm, 3, took(62));
      const unasked = { late, command: undefined };
      const known = await until(async () => {
        const found = await knownLatencies(made.runCommand, unasked, farOff());
        return listOf3(found).join().includes('no-answer') ? undefined : found;
      });
      expect(listOf3(known)[0]).toBe('master3 kubectl get nodes answered 62.0');
    });

    test('a command that can no longer be answered is no silence any more', async () => {
      const made = await control();
      const { late } = await twiceAsked(made);
      made.ssm.behaveNode(instanceIdOf(3), { kind: 'refused', status: 'AccessDenied' });
      const known = await until(async () => {
        const found = await knownLatencies(made.runCommand, { late, command: undefined }, farOff());
        return found.problems.length > 0 ? found : undefined;
      });
      expect(listOf3(known)).toEqual([]);
    });

    test('where the service fails, what was known before stands', async () => {
      const made = await control();
      const { again } = await twiceAsked(made);
      made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED });
      const known = await knownLatencies(made.runCommand, again, farOff());
      expect(listOf3(known)).toEqual(['master3 kubectl get nodes and /readyz no-answer']);
    });
  });

  test('the old list of nodes stands while there is no new one', async () => {
    const late = { ...NOTHING, names: ['node9'] };
    const { runCommand } = await control();
    const known = await knownLatencies(runCommand, round(undefined, late), farOff());
    expect(known.names).toEqual(['node9']);
  });
});

describe('takeUp', () => {
  test('reads what came after an earlier run had ended, and says when it was asked', async () => {
    const made = await control();
    const command = await asked(made);
    says(made.ssm, 3, took(45));
    const late = await until(async () => {
      const found = await takeUp(made.runCommand, command, farOff());
      return found.unanswered === undefined ? found : undefined;
    });
    expect(told(late)).toContain('master3 kubectl get nodes answered 45.0');
    for (const { askedAt } of late.latencies) expect(askedAt).toBe(formatTime(command.sentAt));
  });

  test('of a master that is silent still says for how long', async () => {
    const made = await control();
    const command = await asked(made);
    const earlier = { ...command, sentAt: command.sentAt - 62_000 };
    const late = await takeUp(made.runCommand, earlier, farOff());
    const silent = late.latencies.filter(({ node }) => node === 'master3');
    expect(silent).toMatchObject([
      {
        request: REQUESTS.getNodesAndReadyz,
        outcome: 'no-answer',
        askedAt: formatTime(earlier.sentAt),
      },
    ]);
    expect(silent[0]?.seconds).toBeGreaterThanOrEqual(62);
  });

  test('of nothing is nothing', async () => {
    const { runCommand } = await control();
    expect(await takeUp(runCommand, undefined, farOff())).toEqual(NOTHING);
  });

  test('of a command that the service has forgotten leaves its masters unheard', async () => {
    const { runCommand } = await control();
    const command = { id: '0'.repeat(36), sentAt: 0, masters: MASTERS };
    const late = await takeUp(runCommand, command, farOff());
    expect(late).toMatchObject({ latencies: [], problems: [], unanswered: command });
  });
});

describe('awaitLatencies', () => {
  test('ends as soon as everybody has answered', async () => {
    const made = await control();
    const command = await asked(made);
    const awaited = awaitLatencies(made.runCommand, round(command), {
      until: farOff(),
      deadline: farOff(),
    });
    await until(async () => made.ssm.gate.count('ListCommandInvocations') || undefined);
    says(made.ssm, 3, took(3));
    expect(await awaited).toMatchObject({ unanswered: undefined });
  });

  test.for([
    ['the time for waiting is over', 0, 60_000],
    ['the time for waiting comes', 100, 60_000],
    ['the deadline comes', 60_000, 2000],
  ] as const)('ends when %s, and keeps what has come', async ([, wait, end]) => {
    const made = await control();
    const known = await awaitLatencies(made.runCommand, round(await asked(made)), {
      until: deadlineIn(wait),
      deadline: deadlineIn(end),
    });
    expect(known.unanswered?.masters).toEqual({ [instanceIdOf(3)]: 'master3' });
  });
});

describe('withApis', () => {
  const apis = envelope('apis', 'L /apis/custom.metrics.k8s.io/v1beta1 1.00 6.00 1\n');

  test('adds the aggregated APIs of all masters', async () => {
    const made = await control();
    const known = await knownLatencies(made.runCommand, round(await asked(made)), farOff());
    for (const number of [1, 2, 3]) says(made.ssm, number, apis);
    const command = await asked(made, 'apis');
    const all = await withApis(made.runCommand, known, { command, deadline: farOff() });
    expect(told(all).slice(known.latencies.length)).toEqual(
      [1, 2, 3].map((number) => `master${number} /apis/custom.metrics.k8s.io/v1beta1 failed 5.0`),
    );
    expect(all.unanswered).toEqual(known.unanswered);
  });

  test('adds nothing where nobody was asked', async () => {
    const { runCommand } = await control();
    expect(await withApis(runCommand, NOTHING, { command: undefined, deadline: farOff() })).toEqual(
      NOTHING,
    );
  });
});
