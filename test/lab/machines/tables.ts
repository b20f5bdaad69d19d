import type { Machine } from '../../../lab/machines/machine.ts';

/** What a machine holds of its peers, each entry as its command prints it, sorted. */
interface Held {
  readonly neighbours: readonly string[];
  readonly fdb: readonly string[];
  readonly routes: readonly string[];
}

export async function heldBy(machine: Machine): Promise<Held> {
  const [neighbours, fdb, routes] = await Promise.all([
    lines(machine, 'ip neigh show dev flannel.1'),
    lines(machine, 'bridge fdb show dev flannel.1'),
    lines(machine, 'ip -4 route show'),
  ]);
  return { neighbours, fdb, routes: routes.filter((line) => line.includes(' via ')) };
}

/** The lines of a command's answer, trimmed and sorted: the kernel lists most tables in any order. */
export async function lines(machine: Machine, command: string): Promise<readonly string[]> {
  const { stdout } = await machine.run(command.split(' '));
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .toSorted();
}
