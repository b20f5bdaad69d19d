import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type LabFunction, startFunction } from '../../../lab/function/function.ts';
import { startLambdaSandbox } from '../../../lab/function/lambda-sandbox.ts';
import { buildRuntimeClient } from '../../../lab/function/runtime-client.ts';
import { hasRuntimeClient, needRuntimeClient } from './need-runtime-client.ts';

const PATIENTLY = { timeoutSeconds: 30 };

test('the lab can run functions by Lambda’s runtime interface client', ({ skip }) => {
  needRuntimeClient(skip);
  expect(hasRuntimeClient).toBe(true);
});

describe.runIf(hasRuntimeClient)('a process of Lambda', () => {
  let program = '';
  beforeAll(async () => {
    program = await buildRuntimeClient();
  }, 600_000);

  async function bundleOf(source: string): Promise<string> {
    const bundle = await mkdtemp(path.join(tmpdir(), 'vtepwatch-function-'));
    onTestFinished(() => rm(bundle, { recursive: true, force: true }));
    await writeFile(path.join(bundle, 'index.mjs'), source);
    return bundle;
  }

  async function functionOf(source: string): Promise<LabFunction> {
    const made = startFunction({
      bundle: await bundleOf(source),
      env: {},
      sandbox: (options) => startLambdaSandbox(program, options),
    });
    onTestFinished(() => made.close());
    return made;
  }

  test('is frozen between invocations, and goes on where it was', async () => {
    const ticking = await functionOf(`
      let ticks = 0;
      setInterval(() => { ticks += 1; process.stdout.write('tick\\n'); }, 20);
      export const handler = async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return ticks;
      };`);
    const first = await ticking.invoke({}, PATIENTLY);
    const lines = ticking.logs.length;
    expect(lines).toBeGreaterThan(0);
    await sleep(1000);
    expect(ticking.logs).toHaveLength(lines);
    const second = await ticking.invoke({}, PATIENTLY);
    expect(ticking.starts()).toBe(1);
    const [before, after] = [first, second].map((one) =>
      one.kind === 'result' ? Number(one.result) : Number.NaN,
    );
    expect(after).toBeGreaterThan(before ?? Number.NaN);
    expect(ticking.logs.length).toBeGreaterThan(lines);
  });

  test('is told the time that is left, and who it is', async () => {
    const made = await functionOf(`export const handler = async (event, context) => ({
      event, left: context.getRemainingTimeInMillis(), arn: context.invokedFunctionArn,
    });`);
    const invocation = await made.invoke({ one: 1 }, { timeoutSeconds: 20 });
    const result = invocation.kind === 'result' ? Object(invocation.result) : {};
    expect(result).toMatchObject({
      event: { one: 1 },
      arn: 'arn:aws:lambda:eu-central-1:000000000000:function:vtepwatch',
    });
    expect(result.left).toBeGreaterThan(0);
    expect(result.left).toBeLessThanOrEqual(20_000);
  });

  test('over its timeout is killed, and the next one starts cold', async () => {
    const made = await functionOf(`let runs = 0; export const handler = async ({ slow }) => {
      runs += 1;
      if (slow) await new Promise(() => { setInterval(() => {}, 1000); });
      return runs;
    };`);
    await made.invoke({}, PATIENTLY);
    expect(await made.invoke({ slow: true }, { timeoutSeconds: 0.3 })).toMatchObject({
      kind: 'error',
      error: { errorType: 'Sandbox.Timedout' },
    });
    expect(await made.invoke({}, PATIENTLY)).toMatchObject({ kind: 'result', result: 1 });
    expect(made.starts()).toBe(2);
  });

  test.for([
    ['throws', "throw new TypeError('a bad event');", 'TypeError', 'a bad event'],
    ['exits', 'process.exit(3);', 'Runtime.ExitError', /exit status 3$/],
  ] as const)('whose handler %s is an error', async ([, body, errorType, message]) => {
    const made = await functionOf(`export const handler = async () => { ${body} };`);
    expect(await made.invoke({}, PATIENTLY)).toMatchObject({
      kind: 'error',
      error: { errorType, errorMessage: expect.stringMatching(message) },
    });
  });

  test('whose module cannot be loaded fails its invocation', async () => {
    const made = await functionOf("throw new Error('no settings');");
    expect(await made.invoke({}, PATIENTLY)).toMatchObject({
      kind: 'error',
      error: { errorMessage: expect.stringContaining('no settings') },
    });
  });

  test('dies with its parent, although it is frozen', async () => {
    const bundle = await bundleOf('export const handler = async () => process.pid;');
    const folder = path.join(import.meta.dirname, '../../../lab/function');
    const script = `
      const { startFunction } = await import(${JSON.stringify(path.join(folder, 'function.ts'))});
      const { startLambdaSandbox } = await import(${JSON.stringify(path.join(folder, 'lambda-sandbox.ts'))});
      const made = startFunction({
        bundle: ${JSON.stringify(bundle)},
        env: {},
        sandbox: (options) => startLambdaSandbox(${JSON.stringify(program)}, options),
      });
      console.log((await made.invoke({}, { timeoutSeconds: 30 })).result);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    onTestFinished(() => {
      parent.kill('SIGKILL');
    });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    expect(await stateOf(pid)).toBe('T');
    parent.kill('SIGKILL');
    let state = await stateOf(pid);
    for (let poll = 0; poll < 500 && state !== undefined; poll += 1) {
      await sleep(10);
      state = await stateOf(pid);
    }
    expect(state).toBeUndefined();
  });
});

/** The letter of the process's state, as proc(5) has it; undefined where there is no such process. */
async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = /^\d+ \(.*\) (\w)/.exec(stat)?.[1];
  return state === 'Z' ? undefined : state;
}
