import type { Machine, Machines } from '../../../lab/machines/machine.ts';
import { cabled } from '../../../lab/machines/modelled/kernel.ts';
import { batch, single } from '../../../lab/machines/modelled/commands.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { ROSTER } from '../../../lab/machines/roster.ts';

/** The model that modelled machines answer from, without a process for each `ip` and `bridge`. */
export async function inMemoryMachines(): Promise<Machines> {
  const machines = ROSTER.map((host): Machine => {
    let model = cabled(host);
    return {
      ...host,
      async run([program, ...words], { stdin = '' } = {}) {
        // A script that changes files changes nothing that is asked for here.
        if (program === 'sh') return { exit: 0, stdout: '', stderr: '' };
        if (program !== 'ip' && program !== 'bridge') throw new Error(`no ${program} in memory`);
        const session =
          words[0] === '-batch' ? batch(program, model, stdin) : single(program, model, words);
        model = session.model;
        return session;
      },
      spawn() {
        throw new Error('no processes in memory');
      },
      async write() {},
    };
  });
  await Promise.all(machines.map((machine) => reprogram(machine)));
  return { kind: 'modelled', machines, async close() {} };
}
