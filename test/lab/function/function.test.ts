import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type FunctionOptions,
  type LabFunction,
  startFunction,
} from '../../../lab/function/function.ts';
import { installed } from '../../shared/contract/probe/recorded-tools.ts';

/** A function whose module is this text. */
async function functionOf(
  source: string,
  options: Partial<FunctionOptions> = {},
): Promise<LabFunction> {
  const made = startFunction({ bundle: await bundleOf(source), env: {}, ...options });
  onTestFinished(() => made.close());
  return made;
}

async function bundleOf(source: string): Promise<string> {
  const bundle = await mkdtemp(path.join(tmpdir(), 'vtepwatch-function-'));
  onTestFinished(() => rm(bundle, { recursive: true, force: true }));
  await writeFile(path.join(bundle, 'index.mjs'), source);
  return bundle;
}

const PATIENTLY = { timeoutSeconds: 30 };

test('the handler gets the event, and its result comes back as JSON', async () => {
  const echo = await functionOf(
    'export const handler = async (event) => ({ event, gone: undefined });',
  );
  const event = { scheduledTime: '2026-11-23T09:00:00Z' };
  expect(await echo.invoke(event, PATIENTLY)).toMatchObject({
    kind: 'result',
    result: { event },
  });
  const silent = await functionOf('export const handler = async () => {};');
  expect(await silent.invoke({}, PATIENTLY)).toMatchObject({ kind: 'result', result: null });
});

test('the environment is what Lambda sets and what it is given, and nothing else', async () => {
  const made = await functionOf('export const handler = async () => process.env;', {
    env: { VTEPWATCH_CLUSTER: 'lab', AWS_REGION: 'eu-west-1' },
  });
  const invocation = await made.invoke({}, PATIENTLY);
  const env = invocation.kind === 'result' ? Object(invocation.result) : {};
  expect(env).toMatchObject({
    VTEPWATCH_CLUSTER: 'lab',
    AWS_REGION: 'eu-west-1',
    AWS_LAMBDA_FUNCTION_NAME: 'vtepwatch',
    AWS_ACCESS_KEY_ID: expect.any(String),
    _HANDLER: 'index.handler',
  });
  const strange = Object.keys(env).filter((name) => !/^(AWS_|LAMBDA_|VTEPWATCH_)/.test(name));
  expect(strange.toSorted()).toEqual([
    'LANG',
    'MALLOC_ARENA_MAX',
    'NODE_OPTIONS',
    'PATH',
    'TZ',
    '_HANDLER',
  ]);
});

test('the context tells the time that is left', async () => {
  const made = await functionOf(`export const handler = async (event, context) => {
    const before = context.getRemainingTimeInMillis();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { before, after: context.getRemainingTimeInMillis(), id: context.awsRequestId };
  };`);
  const invocation = await made.invoke({}, { timeoutSeconds: 20 });
  const { before, after, id } = invocation.kind === 'result' ? Object(invocation.result) : {};
  expect(before).toBeLessThanOrEqual(20_000);
  expect(after).toBeLessThan(before);
  expect(id).toMatch(/^[\da-f-]{36}$/);
});

test('what the handler throws is an error of the invocation, and the process lives on', async () => {
  const made = await functionOf(`export const handler = async (event) => {
    if (event.bad) throw new TypeError('a bad event');
    return 'ok';
  };`);
  expect(await made.invoke({ bad: true }, PATIENTLY)).toMatchObject({
    kind: 'error',
    error: { errorType: 'TypeError', errorMessage: 'a bad event' },
  });
  expect(await made.invoke({}, PATIENTLY)).toMatchObject({ kind: 'result', result: 'ok' });
  expect(made.starts()).toBe(1);
});

test('all lines of an invocation are there when it is over', async () => {
  const made = await functionOf(`export const handler = async ({ lines }) => {
    for (let line = 0; line < lines; line += 1) console.log(JSON.stringify({ line }));
    console.error('to stderr');
  };`);
  await made.invoke({ lines: 1000 }, PATIENTLY);
  expect(made.logs).toHaveLength(1001);
  expect(made.logs).toContain('{"line":999}');
  expect(made.logs).toContain('to stderr');
});

describe('an invocation over its timeout', () => {
  test.for([
    { kind: 'that waits', body: 'await new Promise(() => { setInterval(() => {}, 1000); });' },
    { kind: 'that never yields', body: 'for (;;) {}' },
  ])('$kind kills the process, and the next one starts cold', async ({ body }) => {
    const made = await functionOf(`let runs = 0; export const handler = async ({ slow }) => {
      runs += 1;
      if (slow) { console.log('slow'); ${body} }
      return runs;
    };`);
    await made.invoke({}, PATIENTLY);
    expect(await made.invoke({ slow: true }, { timeoutSeconds: 0.2 })).toMatchObject({
      kind: 'error',
      error: {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringMatching(/Task timed out after 0.20 seconds$/),
      },
    });
    expect(made.logs).toContain('slow');
    expect(await made.invoke({}, PATIENTLY)).toMatchObject({ result: 1 });
    expect(made.starts()).toBe(2);
  });
});

test('a process that exits under its invocation is an error of it', async () => {
  const made = await functionOf('export const handler = async () => process.exit(3);');
  expect(await made.invoke({}, PATIENTLY)).toMatchObject({
    kind: 'error',
    error: {
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/exit status 3$/),
    },
  });
});

test.for([
  { what: 'that throws', source: "throw new Error('no settings');", message: 'no settings' },
  { what: 'without a handler', source: 'export const main = 1;', message: /not exported/ },
])('a module $what fails every invocation', async ({ source, message }) => {
  const made = await functionOf(source);
  for (const _ of [1, 2]) {
    expect(await made.invoke({}, PATIENTLY)).toMatchObject({
      kind: 'error',
      error: { errorMessage: expect.stringMatching(message) },
    });
  }
});

const CAN_FREEZE = installed('setpriv') !== undefined;

test.skipIf(!CAN_FREEZE)('is frozen between invocations, and goes on where it was', async () => {
  const source =
    'let runs = 0; export const handler = async () => ({ pid: process.pid, run: ++runs });';
  const made = await functionOf(source, { idle: 'frozen' });
  const first = await made.invoke({}, PATIENTLY);
  const { pid } = first.kind === 'result' ? Object(first.result) : {};
  await expect.poll(() => stateOf(pid), { timeout: 10_000, interval: 10 }).toBe('T');
  expect(await made.invoke({}, PATIENTLY)).toMatchObject({ result: { pid, run: 2 } });
});

test.for([
  ['running', true],
  ['frozen', CAN_FREEZE],
] as const)('a process that is %s dies with its parent, even by SIGKILL', async ([idle, can]) => {
  if (!can) return;
  const bundle = await bundleOf('export const handler = async () => process.pid;');
  const module = path.join(import.meta.dirname, '../../../lab/function/function.ts');
  const program = `
    const { startFunction } = await import(${JSON.stringify(module)});
    const made = startFunction({ bundle: ${JSON.stringify(bundle)}, env: {}, idle: '${idle}' });
    const { result } = await made.invoke({}, { timeoutSeconds: 30 });
    console.log(result);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  onTestFinished(() => {
    parent.kill('SIGKILL');
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line));
  parent.kill('SIGKILL');
  await expect.poll(() => stateOf(pid), { timeout: 10_000, interval: 10 }).toBeUndefined();
});

/** The letter of the process's state, as proc(5) has it; undefined where there is no such process. */
function stateOf(pid: number): string | undefined {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  const state = /^\d+ \(.*\) (\w)/.exec(stat)?.[1];
  return state === 'Z' ? undefined : state;
}
