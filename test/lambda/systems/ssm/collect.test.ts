import { describe, expect, test } from 'vitest';
import type { WaitingForHosts } from '../../../../lambda/systems/ssm/collect.ts';
import { absentMachine, instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { sentToAll, textsOf, watched, deadlineIn, farOff, clock, until } from './watched.ts';
import type { Watched } from './watched.ts';

const ERROR = { type: 'InternalServerError', message: 'out of order', status: 500 } as const;

/** After the first look, and before the one after the next. */
const SOON_MS = 2000;

function waiting(changes: Partial<WaitingForHosts> = {}): WaitingForHosts {
  const [givenUp, expected] = [new Set<string>(), new Set<string>()];
  return { until: farOff(), deadline: farOff(), givenUp, expected, ...changes };
}

function offline({ ssm }: Watched, number: number): string {
  const instanceId = instanceIdOf(number);
  ssm.behaveNode(instanceId, { kind: 'offline' });
  return instanceId;
}

// Each of these waits for its first look at what has come: so they wait together.
describe('collect', () => {
  test('120 hosts are one command and three pages', async () => {
    const made = watched({ nodes: 120 });
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting(),
    );
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

  test('nobody waits for a host that was given up', async () => {
    const made = watched({ nodes: 3 });
    const silent = offline(made, 2);
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ givenUp: new Set([silent]) }),
    );
    expect(byInstance.get(silent)).toEqual({
      kind: 'pending',
      reason: 'no answer yet (Delayed)',
    });
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 3: 'answer of 3' });
  });

  test('a host that was given up is heard when it speaks again', async () => {
    const made = watched({ nodes: 2 });
    const givenUp = new Set([instanceIdOf(1), instanceIdOf(2), instanceIdOf(3)]);
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ givenUp, until: deadlineIn(SOON_MS) }),
    );
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 2: 'answer of 2' });
  });

  test('the time ends the wait, and what has come is kept', async () => {
    const made = watched({ nodes: 60 });
    const silent = offline(made, 7);
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(troubles).toEqual([]);
    expect(byInstance.size).toBe(60);
    expect(byInstance.get(silent)?.kind).toBe('pending');
    expect(Object.keys(textsOf(byInstance))).toHaveLength(59);
  });

  test('a host that answers late is waited for', async () => {
    const made = watched({ nodes: 2 });
    const late = offline(made, 2);
    const collected = made.runCommand.collect(await sentToAll(made), waiting());
    await clock.pause(SOON_MS);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    const { byInstance } = await collected;
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 2: 'at last' });
  });

  test('a tag that nobody carries is known at once', async () => {
    const made = watched({ nodes: 0 });
    const answers = await made.runCommand.collect(await sentToAll(made), waiting());
    expect(answers).toMatchObject({ byInstance: new Map(), troubles: [] });
  });

  test('counts that come late are waited for', async () => {
    const behaviour = { countsLateMilliseconds: 1500 };
    const made = watched({ nodes: 2, behaviour });
    const { byInstance } = await made.runCommand.collect(await sentToAll(made), waiting());
    expect(byInstance.size).toBe(2);
  });

  test('a list that comes later than the counts is waited for', async () => {
    const behaviour = { invisibleMilliseconds: 2000 };
    const made = watched({ nodes: 2, behaviour });
    const { byInstance } = await made.runCommand.collect(await sentToAll(made), waiting());
    expect(byInstance.size).toBe(2);
  });

  test('without counts the hosts are listed when the time has come', async () => {
    const made = watched({ nodes: 2 });
    made.ssm.gate.fail({ operation: 'ListCommands', fault: { kind: 'refused', error: ERROR } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(byInstance.size).toBe(2);
  });

  test('counts that never come end with the time', async () => {
    const made = watched({ nodes: 2 });
    made.ssm.gate.fail({ operation: 'ListCommands', fault: { kind: 'stalled' } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ until: deadlineIn(SOON_MS) }),
    );
    expect(byInstance.size).toBe(2);
  });

  test('a service that throttles is asked again', async () => {
    const made = watched({ nodes: 120 });
    made.ssm.gate.limit({ operation: '*', burst: 2, perSecond: 5 });
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting(),
    );
    expect(troubles).toEqual([]);
    expect(byInstance.size).toBe(120);
    expect(made.ssm.gate.calls.map(({ verdict }) => verdict)).toContain('throttled');
  });

  test('a service that throttles for good leaves what came before', async () => {
    const made = watched({ nodes: 120, attempts: 2 });
    made.ssm.gate.limit({ operation: 'ListCommandInvocations', burst: 2, perSecond: 0 });
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ deadline: deadlineIn(4000) }),
    );
    expect(byInstance.size).toBe(100);
    expect(troubles).toEqual([
      expect.stringMatching(
        /^listing the hosts' answers, page \d: (ThrottlingException|AbortError)/,
      ),
    ]);
  });

  test('a page that was refused is read in the next list, and nothing is lost', async () => {
    const made = watched({ nodes: 120 });
    const fault = { kind: 'refused', error: ERROR } as const;
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault, skip: 1, times: 1 });
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting(),
    );
    expect(byInstance.size).toBe(120);
    expect(troubles).toEqual([]);
  });

  test('few late hosts are looked at by themselves, and the pages are read once', async () => {
    const made = watched({ nodes: 300 });
    const late = [7, 260].map((number) => offline(made, number));
    // As if one that had been given up answered: so the list is read before the late ones answer.
    const givenUp = new Set([instanceIdOf(1), instanceIdOf(2)]);
    const collected = made.runCommand.collect(await sentToAll(made), waiting({ givenUp }));
    await until(async () => made.ssm.gate.count('ListCommandInvocations') === 6 || undefined);
    for (const id of late) made.ssm.behaveNode(id, { kind: 'answers', stdout: 'at last' });
    const { byInstance } = await collected;
    expect(textsOf(byInstance)).toMatchObject({ 7: 'at last', 260: 'at last', 1: 'answer of 1' });
    expect(Object.keys(textsOf(byInstance))).toHaveLength(300);
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(6);
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(2);
  });

  test('late hosts that cannot be looked at are as the list had them', async () => {
    const made = watched({ nodes: 180 });
    const [late, silent] = [offline(made, 8), offline(made, 9)];
    made.ssm.gate.fail({
      operation: 'GetCommandInvocation',
      fault: { kind: 'refused', error: ERROR },
    });
    const givenUp = new Set([instanceIdOf(1), instanceIdOf(2)]);
    const collected = made.runCommand.collect(
      await sentToAll(made),
      waiting({ givenUp, until: deadlineIn(SOON_MS) }),
    );
    await until(async () => made.ssm.gate.count('ListCommandInvocations') === 4 || undefined);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    const { byInstance } = await collected;
    const pending = { kind: 'pending', reason: 'no answer yet (Delayed)' };
    expect([byInstance.get(late), byInstance.get(silent)]).toEqual([pending, pending]);
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(4);
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(2);
  });

  test('nothing is read again where the service counts nobody new', async () => {
    const made = watched({ nodes: 180 });
    const silent = offline(made, 9);
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ givenUp: new Set([instanceIdOf(1)]), until: deadlineIn(SOON_MS) }),
    );
    expect(byInstance.get(silent)?.kind).toBe('pending');
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(4);
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(0);
  });

  test('a long list is begun before the time is up, and its late hosts are seen at the end', async () => {
    const made = watched({ nodes: 2000 });
    const late = offline(made, 1);
    const collected = made.runCommand.collect(
      await sentToAll(made),
      waiting({ until: deadlineIn(6000) }),
    );
    await until(async () => made.ssm.gate.count('ListCommandInvocations') === 40 || undefined);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    const { byInstance } = await collected;
    expect(textsOf(byInstance)).toMatchObject({ 1: 'at last', 2000: 'answer of 2000' });
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(40);
  });

  test('what has come by a deadline is read before it', async () => {
    const made = watched({ nodes: 60 });
    const silent = offline(made, 7);
    const deadline = deadlineIn(5000);
    const { byInstance, troubles } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ until: deadline, deadline }),
    );
    expect(troubles).toEqual([]);
    expect(byInstance.get(silent)?.kind).toBe('pending');
    expect(Object.keys(textsOf(byInstance))).toHaveLength(59);
  });

  test('more than 10,000 hosts are not read, and it is said', async () => {
    const made = watched({ nodes: 10_001 });
    const { byInstance, troubles } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(byInstance.size).toBe(10_000);
    expect(troubles).toEqual(['more than 10000 hosts: the rest was not read']);
  });
});

describe('a first poll that comes early', () => {
  const EARLY = { firstPollMs: 250 } as const;

  /** How long after the command each call of the operation came, milliseconds. */
  function callsOf({ ssm }: Watched, operation: string, sentAt: number): readonly number[] {
    return ssm.gate.calls
      .filter((call) => call.operation === operation)
      .map(({ at }) => at - sentAt);
  }

  test('ends the wait where all have answered', async () => {
    const made = watched({ nodes: 120 });
    const sentAt = clock.now();
    const collected = await made.runCommand.collect(await sentToAll(made), waiting(EARLY));
    expect(collected.byInstance.size).toBe(120);
    expect(collected.firstPollWasEnough).toBe(true);
    expect(callsOf(made, 'ListCommands', sentAt)).toEqual([250]);
    expect(callsOf(made, 'ListCommandInvocations', sentAt)).toEqual([250, 250, 250]);
  });

  test('costs one poll where a host is slow, and the others come as ever', async () => {
    const made = watched({ nodes: 2 });
    offline(made, 2);
    const sentAt = clock.now();
    const timeUp = deadlineIn(6000);
    const collected = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ ...EARLY, until: timeUp }),
    );
    expect(collected.firstPollWasEnough).toBe(false);
    expect(callsOf(made, 'ListCommands', sentAt)).toEqual([250, 1000, 2500, 4750, 6000]);
  });

  test('lists nothing before the command has reached the hosts of the last run', async () => {
    const lateTargets = { share: 0.5, milliseconds: 700 };
    const made = watched({ nodes: 4, behaviour: { lateTargets } });
    const sentAt = clock.now();
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ ...EARLY, expected: numbered(1, 2, 3, 4) }),
    );
    expect(byInstance.size).toBe(4);
    expect(callsOf(made, 'ListCommandInvocations', sentAt)).toEqual([1000]);
    expect(made.ssm.gate.count('DescribeInstanceInformation')).toBe(0);
  });
});

describe('when a host had answered', () => {
  test('is when all were counted, however long their pages take to be read', async () => {
    const made = watched({ nodes: 150 });
    made.ssm.gate.limit({ operation: 'ListCommandInvocations', burst: 1, perSecond: 0.5 });
    const sentAt = clock.now();
    const { answeredBy } = await made.runCommand.collect(await sentToAll(made), waiting());
    expect(clock.now() - sentAt).toBeGreaterThan(4000);
    expect(answeredBy.size).toBe(150);
    expect(new Set(answeredBy.values())).toEqual(new Set([sentAt + 1000]));
  });

  test('is when it was listed, where it may have answered after the count', async () => {
    const made = watched({ nodes: 150 });
    const late = offline(made, 150);
    made.ssm.gate.limit({ operation: 'ListCommandInvocations', burst: 1, perSecond: 0.5 });
    const sentAt = clock.now();
    const givenUp = new Set([late]);
    const collected = made.runCommand.collect(await sentToAll(made), waiting({ givenUp }));
    await until(async () => made.ssm.gate.count('ListCommandInvocations') === 2 || undefined);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    const { answeredBy } = await collected;
    expect(answeredBy.get(late)).toBe(clock.now());
    expect(answeredBy.get(late)).toBeGreaterThan(sentAt + 3000);
  });

  test('is not known of a host that has not', async () => {
    const made = watched({ nodes: 2 });
    const silent = offline(made, 2);
    const { answeredBy } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ givenUp: new Set([silent]) }),
    );
    expect([...answeredBy.keys()]).toEqual([instanceIdOf(1)]);
  });
});

/** The nodes that answered the last run. */
function numbered(...numbers: readonly number[]): ReadonlySet<string> {
  return new Set(numbers.map(instanceIdOf));
}

describe('a command that hosts join late', () => {
  const HALF = { share: 0.5, milliseconds: 2500 } as const;

  test('is not over before all have joined that answered the last run', async () => {
    const made = watched({ nodes: 4, behaviour: { lateTargets: HALF } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ expected: numbered(1, 2, 3, 4) }),
    );
    expect(Object.keys(textsOf(byInstance))).toEqual(['1', '2', '3', '4']);
  });

  test('is not over either where nobody has joined it at first', async () => {
    const lateTargets = { share: 1, milliseconds: 2500 };
    const made = watched({ nodes: 2, behaviour: { lateTargets } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ expected: numbered(1, 2) }),
    );
    expect(Object.keys(textsOf(byInstance))).toEqual(['1', '2']);
  });

  test('costs a call for each that joins a long list, which is not read again', async () => {
    const lateTargets = { share: 0.01, milliseconds: 2500 };
    const made = watched({ nodes: 200, behaviour: { lateTargets } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ expected: numbered(1, 199, 200) }),
    );
    expect(Object.keys(textsOf(byInstance))).toHaveLength(200);
    expect(made.ssm.gate.count('ListCommandInvocations')).toBe(4);
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(2);
  });

  test('shows at its end also hosts that have joined and not answered', async () => {
    const lateTargets = { share: 0.5, milliseconds: 1500 };
    const made = watched({ nodes: 4, behaviour: { lateTargets } });
    const silent = offline(made, 4);
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ expected: numbered(1, 2, 3, 4), until: deadlineIn(SOON_MS) }),
    );
    expect(Object.keys(textsOf(byInstance))).toEqual(['1', '2', '3']);
    expect(byInstance.get(silent)?.kind).toBe('pending');
  });

  test('waits for nobody that was given up', async () => {
    const made = watched({ nodes: 4, behaviour: { lateTargets: HALF } });
    const { byInstance } = await made.runCommand.collect(
      await sentToAll(made),
      waiting({ expected: numbered(1, 2, 3), givenUp: numbered(3) }),
    );
    expect(byInstance.size).toBe(2);
  });
});

describe('a host that answered the last run and is not reached by this one’s command', () => {
  async function collected(made: Watched, changes: Partial<WaitingForHosts> = {}) {
    const id = await sentToAll(made);
    const expected = numbered(1, 2, 3);
    return made.runCommand.collect(id, waiting({ expected, ...changes }));
  }

  test('is not waited for when it was terminated', async () => {
    const made = watched({ nodes: 2 });
    expect((await collected(made)).byInstance.size).toBe(2);
    expect(made.ssm.gate.count('DescribeInstanceInformation')).toBe(1);
  });

  test('is not waited for when its agent is lost', async () => {
    const made = watched({ nodes: 2, secondMilliseconds: 1 });
    made.ssm.register({ machine: absentMachine(3), tags: {} });
    offline(made, 3);
    expect((await collected(made)).byInstance.size).toBe(2);
  });

  test('does not keep the others from being waited for', async () => {
    const made = watched({ nodes: 2 });
    const late = offline(made, 2);
    const givenUp = numbered(9);
    const collecting = collected(made, { givenUp });
    await until(async () => made.ssm.gate.count('DescribeInstanceInformation') || undefined);
    made.ssm.behaveNode(late, { kind: 'answers', stdout: 'at last' });
    expect(textsOf((await collecting).byInstance)).toEqual({ 1: 'answer of 1', 2: 'at last' });
  });

  test.for([
    ['its agent is Online', undefined],
    ['the inventory cannot be read', { kind: 'refused', error: ERROR }],
  ] as const)('is waited for until the time is up where %s', async ([, fault]) => {
    const made = watched({ nodes: 2 });
    made.ssm.register({ machine: absentMachine(3), tags: {} });
    if (fault !== undefined) {
      made.ssm.gate.fail({ operation: 'DescribeInstanceInformation', fault });
    }
    const end = deadlineIn(SOON_MS);
    expect((await collected(made, { until: end })).byInstance.size).toBe(2);
    expect(clock.now()).toBeGreaterThanOrEqual(end.at);
    expect(made.ssm.gate.count('DescribeInstanceInformation')).toBe(1);
  });
});
