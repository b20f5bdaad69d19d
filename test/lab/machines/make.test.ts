import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { makeMachines } from '../../../lab/machines/make.ts';
import { NO_REAL_MACHINES } from './needs-root.ts';

const run = promisify(execFile);

const PRINT_MADE = path.join(import.meta.dirname, 'print-made.ts');

describe('makeMachines', () => {
  test.skipIf(NO_REAL_MACHINES)('makes real machines where it can', async () => {
    const lab = await makeMachines();
    await lab.close();
    expect(lab.kind).toBe('real');
    expect(lab.reason).toBeUndefined();
  });

  test('makes modelled machines where they are preferred', async () => {
    const lab = await makeMachines({ prefer: 'modelled' });
    await lab.close();
    expect(lab.kind).toBe('modelled');
    expect(lab.machines.map(({ name, instanceId, master }) => [name, instanceId, master])).toEqual([
      ['master1', 'mi-00000000000000140', true],
      ['master2', 'mi-00000000000000141', true],
      ['master3', 'mi-00000000000000142', true],
      ['node1', 'mi-00000000000000143', false],
      ['node2', 'mi-00000000000000144', false],
      ['node3', 'mi-00000000000000145', false],
    ]);
  });

  test.skipIf(process.getuid?.() === 0)('says why the machines are modelled ones', async () => {
    const lab = await makeMachines();
    await lab.close();
    expect(lab.kind).toBe('modelled');
    expect(lab.reason).toMatch(/only root may make network namespaces|not Linux/);
  });

  test.skipIf(NO_REAL_MACHINES)('says what failed where even root may not', async () => {
    expect(await madeWithoutPrivilege({})).toEqual({
      kind: 'modelled',
      reason: expect.stringMatching(
        /^making real hosts in network namespaces: making the namespaces of \w+ with unshare and mount: exit 1: unshare: .*not permitted/,
      ),
    });
  });

  test.skipIf(NO_REAL_MACHINES)('falls back on nothing as root in CI', async () => {
    expect(await madeWithoutPrivilege({ CI: 'true' })).toEqual({
      error: 'Error: making real hosts in network namespaces',
    });
  });
});

/** What root makes whom the kernel lets make no namespaces. */
async function madeWithoutPrivilege(env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await run(
    'setpriv',
    ['--bounding-set', '-sys_admin', process.execPath, PRINT_MADE],
    { env: { PATH: process.env['PATH'], ...env } },
  );
  return JSON.parse(stdout);
}
