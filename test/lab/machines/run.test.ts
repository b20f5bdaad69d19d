import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Machine, machineNamed, type Machines } from '../../../lab/machines/machine.ts';
import { makeMachines } from '../../../lab/machines/make.ts';
import { NO_REAL_MACHINES } from './needs-root.ts';

const KINDS = ['real', 'modelled'] as const;

describe.for(KINDS)('a program on a %s machine', (kind) => {
  const skip = kind === 'real' && NO_REAL_MACHINES;
  let lab: Machines;
  beforeAll(async () => {
    if (!skip) lab = await makeMachines({ prefer: kind });
  });
  afterAll(() => lab?.close());
  const machine = (): Machine => machineNamed(lab, 'node1');

  test.skipIf(skip)('has an exit code, an output and an error of its own', async () => {
    const script = 'cat; echo complaint >&2; exit 3';
    expect(await machine().run(['sh', '-c', script], { stdin: 'words' })).toEqual({
      exit: 3,
      stdout: 'words',
      stderr: 'complaint\n',
    });
  });

  test.skipIf(skip)(
    'is given what it is told of the environment, and nothing of the lab',
    async () => {
      process.env['OF_THE_LAB'] = 'seen';
      const script = 'echo "${OF_THE_LAB:-unseen} $GIVEN"';
      const { stdout } = await machine().run(['sh', '-c', script], { env: { GIVEN: 'given' } });
      delete process.env['OF_THE_LAB'];
      expect(stdout).toBe('unseen given\n');
    },
  );

  test.skipIf(skip)('need not read its input', async () => {
    const stdin = 'x'.repeat(1_000_000);
    expect((await machine().run(['true'], { stdin })).exit).toBe(0);
  });

  test.skipIf(skip)('that is not there exits 127, one that a signal ended 128 more', async () => {
    expect((await machine().run(['no-such-program'])).exit).toBe(127);
    expect((await machine().run(['sh', '-c', 'kill -TERM $$'])).exit).toBe(128 + 15);
  });

  test.skipIf(skip)('is ended with all it started when its time is over', async () => {
    const child = ['sh', '-c', 'sleep 1000 & sleep 1000'];
    await expect(machine().run(child, { timeoutSeconds: 0.3 })).rejects.toThrow(
      'running sh -c sleep 1000 & sleep 1000 on node1: no end after 0.3 s',
    );
  });

  test.skipIf(skip)('that floods its output is ended', async () => {
    await expect(machine().run(['yes'])).rejects.toThrow('bytes of output');
  });

  test.skipIf(skip)('finds the files that were written for it', async () => {
    await machine().write('/var/lib/amazon/ssm/a/b', 'text');
    const script = 'cat "${VTEPWATCH_ROOT:-}/var/lib/amazon/ssm/a/b"';
    expect((await machine().run(['sh', '-c', script])).stdout).toBe('text');
  });

  test.skipIf(skip).for(['/root/file', '/etc/../root/file', 'etc/file', '/etcetera'])(
    'cannot be given a file at %s, which is not the machine alone',
    async (file) => {
      await expect(machine().write(file, '')).rejects.toThrow(`writing ${file} on node1`);
    },
  );
});
