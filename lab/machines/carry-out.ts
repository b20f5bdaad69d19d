import type { Machine } from './machine.ts';

/** Runs a command that must succeed on a machine: what cannot be carried out is an error. Its words
 * are parted by single spaces. */
export async function carryOut(machine: Machine, command: string): Promise<void> {
  const { exit, stderr } = await machine.run(command.split(' '));
  if (exit !== 0) {
    throw new Error(`running ${command} on ${machine.name}: exit ${exit}: ${stderr.trim()}`);
  }
}

/** Carries out many commands of one program as one process, in their order. `ip` and `bridge` stop
 * at the first that fails. */
export async function carryOutBatch(
  machine: Machine,
  program: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> {
  const stdin = lines.map((line) => `${line}\n`).join('');
  const { exit, stderr } = await machine.run([program, '-batch', '-'], { stdin });
  if (exit !== 0) {
    throw new Error(
      `running ${program} -batch on ${machine.name}: exit ${exit}: ${stderr.trim()}`,
      {
        cause: new Error(stdin),
      },
    );
  }
}
