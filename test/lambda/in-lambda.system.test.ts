import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { FAULTS } from '../../lab/faults.ts';
import { reprogram } from '../../lab/machines/flannel.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../lab/paging/webhook.ts';
import { startWorld, type World } from '../../lab/world.ts';
import type { Cause } from '../../shared/contract/causes.ts';
import { type Report, reportSchema } from '../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { installed } from '../shared/contract/probe/recorded-tools.ts';

/** The asset folder as it is deployed, in a process that is frozen between invocations. */
describe.skipIf(installed('setpriv') === undefined)('the function in Lambda', () => {
  let world: World;
  let heart: WebhookReceiver;

  beforeAll(async () => {
    heart = await startWebhookReceiver();
    world = await startWorld({
      cluster: 'demo',
      limits: { secondLookSeconds: 1, slowSeconds: 3 },
      dialSeconds: 2,
      idle: 'frozen',
      env: { [ENVIRONMENT.heartbeatUrl]: heart.url },
    });
  });
  afterAll(async () => {
    await Promise.all([world?.close(), heart?.close()]);
  });

  /** The lines that the function wrote since then, each a JSON object. */
  function logged(event: string, since = 0): readonly object[] {
    const lines = world.function.logs.slice(since).map((line): unknown => JSON.parse(line));
    return lines.map(Object).filter((line: object) => Object(line)['event'] === event);
  }

  /** Breaks the cluster for one test, and takes that back when it has ended. */
  async function broken(cause: Cause): Promise<void> {
    const { aws, otlp, machines } = world;
    await world.inflict(...FAULTS[cause].damage);
    onTestFinished(async () => {
      otlp.answer({ kind: 'accept' });
      aws.sns.gate.open();
      for (const machine of machines.machines) {
        aws.ssm.behaveNode(machine.instanceId, { kind: 'online' });
        await machine.run(['ip', 'link', 'delete', 'flannel.1']);
        await reprogram(machine);
      }
      // It resolves when it has been seen correct twice.
      await world.tick();
      await world.tick();
      await world.newPages();
      otlp.clear();
    });
  }

  async function tickWithin(timeoutSeconds: number): Promise<Report> {
    const event = { scheduledTime: new Date().toISOString() };
    const invocation = await world.function.invoke(event, { timeoutSeconds });
    if (invocation.kind === 'error') throw new Error(invocation.error.errorMessage);
    return reportSchema.parse(invocation.result);
  }

  test('starts cold, reads every host, and returns the document', async () => {
    const report = await world.tick();
    expect(report).toMatchObject({ cluster: 'demo', verdict: 'healthy', incidents: [] });
    expect(report.hosts.observed).toHaveLength(6);
    expect(world.function.starts()).toBe(1);
    expect(world.otlp.points()).not.toEqual([]);
  });

  test('writes nothing but JSON lines, of which one is for CloudWatch’s metrics', async () => {
    const since = world.function.logs.length;
    await world.tick();
    expect(logged('run.ended', since)).toHaveLength(1);
    expect(logged('run.completed', since)).toMatchObject([
      { Cluster: 'demo', RunCompleted: 1, OutboxOldestSeconds: 0, HostsReadRatio: 1 },
    ]);
  });

  test('stays warm: the next run is the same process, and another tick', async () => {
    const starts = world.function.starts();
    const [first, second] = [await world.tick(), await world.tick()];
    expect([first.refused, second.refused]).toEqual([undefined, undefined]);
    expect(world.function.starts()).toBe(starts);
  });

  test('thaws with dead connections, and does all that a fresh one does', async () => {
    await world.tick();
    await world.newPages();
    // The servers close what is idle for five seconds, and a frozen process does not see it.
    await sleep(6500);
    await broken('neighbour-missing');
    const since = world.function.logs.length;
    const thawedAt = Date.now();
    world.otlp.clear();
    const { incidents } = await world.tick();
    expect(incidents).toMatchObject([{ key: 'demo/subject/master1', phase: 'open' }]);
    expect(await world.newPages()).toHaveLength(1);
    for (const event of ['page.undelivered', 'telemetry.undelivered', 'heartbeat.failed']) {
      expect(logged(event, since)).toEqual([]);
    }
    // No timer of the SDK may send what was measured before the frost.
    const oldest = world.otlp
      .points()
      .map(({ unixNanoseconds }) => Number(unixNanoseconds / 1_000_000n))
      .toSorted((one, other) => one - other)[0];
    expect(oldest).toBeGreaterThanOrEqual(thawedAt);
  });

  test('near its deadline gives up hosts and pager, and still ends by itself, complete', async () => {
    await broken('neighbour-missing');
    await world.tick();
    for (const { instanceId } of world.machines.machines) {
      world.aws.ssm.behaveNode(instanceId, { kind: 'offline' });
    }
    world.aws.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    const [since, starts] = [world.function.logs.length, world.function.starts()];
    const report = await tickWithin(16);
    expect(report.hosts.observed).toEqual([]);
    expect(report.incidents).toMatchObject([{ key: 'demo/subject/master1' }]);
    expect(logged('run.completed', since)).toMatchObject([{ HostsReadRatio: 0 }]);
    expect(world.function.starts()).toBe(starts);
  });

  test('pages although the OTLP endpoint hangs, and sends the events with a later run', async () => {
    world.otlp.answer({ kind: 'hang' });
    await broken('neighbour-missing');
    const since = world.function.logs.length;
    await tickWithin(30);
    expect(await world.newPages()).toHaveLength(1);
    expect(logged('run.completed', since)).toHaveLength(1);
    expect(logged('telemetry.undelivered', since)).not.toEqual([]);
    expect(world.otlp.logs()).toEqual([]);

    world.otlp.answer({ kind: 'accept' });
    await tickWithin(30);
    expect(world.otlp.logs().map(({ event }) => event)).toContain('vtepwatch.incident.opened');
  });

  test('pages although nobody listens at the OTLP endpoint', async () => {
    await world.otlp.refuse();
    await broken('fdb-missing');
    const { incidents } = await world.tick();
    await world.otlp.listen();
    expect(incidents).toMatchObject([{ cause: 'fdb-missing', phase: 'open' }]);
    expect(await world.newPages()).toHaveLength(1);
  });

  test('sends a test page when it is asked to', async () => {
    const event = { testPage: true };
    expect(await world.function.invoke(event, { timeoutSeconds: 30 })).toEqual({
      kind: 'result',
      result: { cluster: 'demo', channels: [{ name: 'sns', delivered: true, subscribers: 1 }] },
    });
    expect(await world.newPages()).toMatchObject([{ attributes: { kind: 'test' } }]);
  });

  test('names what is wrong with an event, and goes on', async () => {
    const starts = world.function.starts();
    const event = { scheduledTime: 'tomorrow' };
    expect(await world.function.invoke(event, { timeoutSeconds: 30 })).toMatchObject({
      kind: 'error',
      error: {
        errorType: 'Error',
        errorMessage: expect.stringContaining('scheduledTime is not ISO 8601 in UTC'),
      },
    });
    expect((await world.tick()).verdict).toBe('healthy');
    expect(world.function.starts()).toBe(starts);
  });
});
