import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { runningReceiver } from './running.ts';

const PROGRAM = path.join(import.meta.dirname, 'frozen-program.ts');

/** Intervals that the SDK's own readers and processors would use: all of them over by the thaw. */
const EAGER = {
  OTEL_METRIC_EXPORT_INTERVAL: '100',
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_BLRP_SCHEDULE_DELAY: '100',
};

const FREEZE_MILLISECONDS = 1000;

interface WarmFunction {
  /** One run with this value; what it printed. */
  run(value: number): Promise<unknown>;
  freeze(): void;
  thaw(): void;
}

function warmFunction(environment: Readonly<Record<string, string>>): WarmFunction {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the program has no pipes');
  const lines = createInterface({ input: stdout });
  return {
    async run(value) {
      stdin.write(`${value}\n`);
      const [line] = await once(lines, 'line');
      return JSON.parse(String(line));
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

const DONE = { failures: [], timers: [] };

test('a frozen function that is thawed says nothing of what it knew before', async () => {
  const receiver = await runningReceiver();
  const program = warmFunction({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...EAGER });
  expect(await program.run(1)).toEqual(DONE);
  const told = receiver.requests().length;

  program.freeze();
  await sleep(FREEZE_MILLISECONDS);
  program.thaw();
  // Longer than every interval of the SDK: whatever has a timer speaks now.
  await sleep(FREEZE_MILLISECONDS);
  expect(receiver.requests()).toHaveLength(told);

  expect(await program.run(2)).toEqual(DONE);
  expect(receiver.points().map(({ value }) => value)).toEqual([1, 2]);
  expect(receiver.logs().map(({ body }) => body)).toEqual(['run 1', 'run 2']);
  expect(receiver.spans()).toHaveLength(2);
});

test('a backend that went away while it was frozen, and came back, costs the next run nothing', async () => {
  const receiver = await runningReceiver();
  const program = warmFunction({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  expect(await program.run(1)).toEqual(DONE);
  program.freeze();
  await receiver.refuse();
  await receiver.listen();
  program.thaw();
  expect(await program.run(2)).toEqual(DONE);
  expect(receiver.points().map(({ value }) => value)).toEqual([1, 2]);
});

test('what a frozen function could not deliver goes out with its next run', async () => {
  const receiver = await runningReceiver();
  receiver.answer({ kind: 'status', status: 401 });
  const program = warmFunction({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  expect(await program.run(1)).toMatchObject({
    failures: [{ pending: 0 }, { pending: 1 }, { pending: 1 }],
    timers: [],
  });
  program.freeze();
  receiver.answer({ kind: 'accept' });
  program.thaw();
  expect(await program.run(2)).toEqual(DONE);
  expect(receiver.points().map(({ value }) => value)).toEqual([2]);
  expect(receiver.logs().map(({ body }) => body)).toEqual(['run 1', 'run 2']);
});
