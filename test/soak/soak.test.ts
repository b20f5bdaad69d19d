import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { FAILURE_KINDS } from '../../soak/oracle/failure.ts';
import { DEPLOYMENTS } from '../../soak/story.ts';

const run = promisify(execFile);
const PROGRAM = path.join(import.meta.dirname, '../../soak/soak.ts');

const outcomeSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

async function soak(...options: readonly string[]): Promise<z.infer<typeof outcomeSchema>> {
  try {
    return { code: 0, ...(await run(process.execPath, [PROGRAM, ...options])) };
  } catch (error) {
    return outcomeSchema.parse(error);
  }
}

describe('npm run soak', () => {
  test.for(DEPLOYMENTS)(
    'finds nothing in a few dozen runs that is not known (%s), and all that is known',
    { timeout: 120_000 },
    async (deployment) => {
      const { code, stdout } = await soak('--runs', '45', '--deployment', deployment, '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        deployment,
        runs: 45,
        stories: 1,
        unexpected: [],
      });
      expect(code).toBe(0);
    },
  );

  test('its last line has every figure', { timeout: 60_000 }, async () => {
    const { stdout } = await soak('--runs', '3', '--nodes', '4', '--deployment', 'kubeconfig');
    const last = stdout.trimEnd().split('\n').at(-1) ?? '';
    expect(last).toMatch(/^soak kubeconfig seed=1 runs=3 faults=\d+ pages=\d+ /);
    for (const kind of Object.keys(FAILURE_KINDS))
      expect(last).toMatch(new RegExp(` ${kind}=\\d+`));
  });

  test('a story is replayed step by step', { timeout: 60_000 }, async () => {
    const { code, stdout } = await soak('--replay', '1.0', '--deployment', 'kubeconfig');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^story 1\.0, kubeconfig: \d+ nodes/);
    expect(stdout.match(/ run: /g)).toHaveLength(45);
  });

  test.for([
    ['--runs', 'many'],
    ['--runs', '0'],
    ['--deployment', 'none'],
    ['--minimise', 'false-page'],
    ['--colour'],
  ])('%s is refused', async (options) => {
    const { code, stderr } = await soak(...options);
    expect(code).toBe(64);
    expect(stderr).toMatch(/^soak: /);
  });
});
