import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { modelledMachines } from '../../../lab/machines/modelled/machines.ts';
import { realMachines } from '../../../lab/machines/real/machines.ts';
import { leftoversOf, tracesOf } from './leftovers.ts';
import type { Traces } from './leftovers.ts';
import { NO_REAL_MACHINES } from './needs-root.ts';

const LAB = path.join(import.meta.dirname, 'lab-to-kill.ts');

/** A lab's remains go when the kernel or the warden notices its death, a moment after it. */
const GONE = { timeout: 10_000, interval: 50 };

describe.skipIf(NO_REAL_MACHINES)('real machines', () => {
  test('leave nothing behind when they are closed, and may be closed again', async () => {
    const machines = await realMachines();
    const traces = await tracesOf(machines);
    expect(leftoversOf(traces)).not.toEqual([]);
    await machines.close();
    expect(leftoversOf(traces)).toEqual([]);
    await machines.close();
  });

  test('start no program once they are closed', async () => {
    const machines = await realMachines();
    await machines.close();
    expect(() => machines.machines[0]?.spawn(['true'])).toThrow('the host is gone');
  });

  test.for(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leave nothing behind when %s ends their lab',
    async (signal) => {
      expect(await leftoversAfter('real', signal)).toEqual([]);
    },
  );
});

describe('modelled machines', () => {
  test('leave nothing behind when they are closed, and may be closed again', async () => {
    const machines = await modelledMachines();
    const traces = await tracesOf(machines);
    expect(leftoversOf(traces)).not.toEqual([]);
    await machines.close();
    expect(leftoversOf(traces)).toEqual([]);
    await machines.close();
  });

  test('start no program once they are closed', async () => {
    const machines = await modelledMachines();
    await machines.close();
    expect(() => machines.machines[0]?.spawn(['true'])).toThrow('the host is gone');
  });

  test.for(['SIGINT', 'SIGKILL'] as const)(
    'leave nothing behind when %s ends their lab',
    async (signal) => {
      expect(await leftoversAfter('modelled', signal)).toEqual([]);
    },
  );
});

/** Kills a lab that runs as a process of its own, and waits for its remains to go. */
async function leftoversAfter(
  kind: 'real' | 'modelled',
  signal: NodeJS.Signals,
): Promise<readonly string[]> {
  const lab = spawn(process.execPath, [LAB, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const traces = await new Promise<Traces>((resolve, reject) => {
      lab.stdout.once('data', (chunk: Buffer) => {
        resolve(JSON.parse(chunk.toString()));
      });
      lab.once('exit', (code) => {
        reject(new Error(`the lab ended by itself: exit ${code}`));
      });
    });
    expect(leftoversOf(traces)).not.toEqual([]);
    lab.kill(signal);
    return await vi.waitUntil(() => {
      const leftovers = leftoversOf(traces);
      return leftovers.length === 0 ? leftovers : undefined;
    }, GONE);
  } finally {
    lab.kill('SIGKILL');
  }
}
