import { describe, test } from 'vitest';
import { deadlineIn } from '../../../../lambda/deadline.ts';
import type { Waiting } from '../../../../lambda/shell/ssm/run-command.ts';
import { until } from '../../../lab/aws/ssm/account.ts';
import { instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { EVERYBODY, farOff, textsOf, watched } from './watched.ts';
import type { Watched } from './watched.ts';

const ERROR = { type: 'InternalServerError', message: 'out of order', status: 500 } as const;

/** After the first look, and before the one after the next. */
const SOON_MS = 2000;

function waiting(changes: Partial<Waiting> = {}): Waiting {
  return { until: farOff(), deadline: farOff(), givenUp: new Set(), ...changes };
}

async function sent({ runCommand }: Watched): Promise<string> {
  return runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
}

function offline({ ssm }: Watched, number: number): string {
  const instanceId = instanceIdOf(number);
  ssm.behaveNode(instanceId, { kind: 'offline' });
  return instanceId;
}

// Each of these waits for its first look at what has come: so they wait together.
describe.concurrent('collect', () => {
  test('120 hosts are one command and three pages', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 120 }, onTestFinished);
    const { byInstance, troubles } = await made.runCommand.collect(await sent(made), waiting());
    expect(troubles).toEqual([]);
    expect(byInstance.size).toBe(120);
    expect(textsOf(byInstance)).toMatchObject({
      1: 'answer of 1',
      50: 'answer of 50',
      51: 'answer of 51',
      120: 'answer of 120',
    });
    expect(made.ssm.gate.count('SendCommand')).toBe(1);
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(3);
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(0);
  });

  test('nobody waits for a host that was given up', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 3 }, onTestFinished);
    const silent = offline(made, 2);
    const { byInstance } = await made.runCommand.collect(
      await sent(made),
      waiting({ givenUp: new Set([silent]) }),
    );
    expect(byInstance.get(silent)).toEqual({
      kind: 'pending',
      reason: 'no answer yet (Delayed)',
    });
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 3: 'answer of 3' });
  });

  test('a host that was given up is heard when it speaks again', async ({
    expect,
    onTestFinished,
  }) => {
    const made = await watched({ nodes: 2 }, onTestFinished);
    const givenUp = new Set([instanceIdOf(1), instanceIdOf(2), instanceIdOf(3)]);
    const { byInstance } = await made.runCommand.collect(
      await sent(made),
      waiting({ givenUp, until: deadlineIn(SOON_MS) }),
    );
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 2: 'answer of 2' });
  });

  test('the time ends the wait, and what has come is kept', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 60 }, onTestFinished);
    const silent = offline(made, 7);
    const { byInstance, troubles } = await made.runCommand.collect(
      await sent(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(troubles).toEqual([]);
    expect(byInstance.size).toBe(60);
    expect(byInstance.get(silent)?.kind).toBe('pending');
    expect(Object.keys(textsOf(byInstance))).toHaveLength(59);
  });

  test('a host that answers late is waited for', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 2 }, onTestFinished);
    const late = offline(made, 2);
    const collected = made.runCommand.collect(await sent(made), waiting());
    await until(async () => made.ssm.gate.count('ListCommands') || undefined);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    const { byInstance } = await collected;
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 2: 'at last' });
  });

  test('a tag that nobody carries is known at once', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 0 }, onTestFinished);
    const answers = await made.runCommand.collect(await sent(made), waiting());
    expect(answers).toEqual({ byInstance: new Map(), troubles: [] });
  });

  test('counts that come late are waited for', async ({ expect, onTestFinished }) => {
    const behaviour = { countsLateMilliseconds: 1500 };
    const made = await watched({ nodes: 2, behaviour }, onTestFinished);
    const { byInstance } = await made.runCommand.collect(await sent(made), waiting());
    expect(byInstance.size).toBe(2);
  });

  test('a list that comes later than the counts is waited for', async ({
    expect,
    onTestFinished,
  }) => {
    const behaviour = { invisibleMilliseconds: 2000 };
    const made = await watched({ nodes: 2, behaviour }, onTestFinished);
    const { byInstance } = await made.runCommand.collect(await sent(made), waiting());
    expect(byInstance.size).toBe(2);
  });

  test('without counts the hosts are listed when the time has come', async ({
    expect,
    onTestFinished,
  }) => {
    const made = await watched({ nodes: 2 }, onTestFinished);
    made.ssm.gate.fail({ operation: 'ListCommands', fault: { kind: 'refused', error: ERROR } });
    const { byInstance } = await made.runCommand.collect(
      await sent(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(byInstance.size).toBe(2);
  });

  test('counts that never come end with the time', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 2 }, onTestFinished);
    made.ssm.gate.fail({ operation: 'ListCommands', fault: { kind: 'stalled' } });
    const { byInstance } = await made.runCommand.collect(
      await sent(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(byInstance.size).toBe(2);
  });

  test('a service that throttles is asked again', async ({ expect, onTestFinished }) => {
    const made = await watched({ nodes: 120, attempts: 8 }, onTestFinished);
    made.ssm.gate.limit({ operation: '*', burst: 2, perSecond: 5 });
    const { byInstance, troubles } = await made.runCommand.collect(await sent(made), waiting());
    expect(troubles).toEqual([]);
    expect(byInstance.size).toBe(120);
    expect(made.ssm.gate.calls.map(({ verdict }) => verdict)).toContain('throttled');
  });

  test('a service that throttles for good leaves what came before', async ({
    expect,
    onTestFinished,
  }) => {
    const made = await watched({ nodes: 120, attempts: 2 }, onTestFinished);
    made.ssm.gate.limit({ operation: 'ListCommandInvocations', burst: 2, perSecond: 0 });
    const { byInstance, troubles } = await made.runCommand.collect(await sent(made), waiting());
    expect(byInstance.size).toBe(100);
    expect(troubles).toEqual([
      "listing the hosts' answers, page 3: ThrottlingException: Rate exceeded",
    ]);
  });
});
