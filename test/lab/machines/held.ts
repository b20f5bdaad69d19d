import type { Machine, SimulatedHost } from '../../../lab/machines/machine.ts';
import {
  heldFdb,
  type HeldEntry,
  heldNeighbour,
  heldRoute,
} from '../../../shared/core/overlay/entries.ts';
import { PROFILES } from '../../../shared/core/overlay/profile.ts';
import type { Tables } from '../../../shared/core/overlay/vtep.ts';
import { parseFdb } from '../../../shared/core/parse/fdb.ts';
import { parseHostAnswer } from '../../../shared/core/parse/host-answer.ts';
import { parseNeighbours } from '../../../shared/core/parse/neighbours.ts';
import { parseRoutes } from '../../../shared/core/parse/routes.ts';

/** `neighbour 10.68.0.0 36:9b:9c:53:4a:10 flannel.1`: all that a host holds, sorted. */
export function held({ neighbours = [], fdb = [], routes = [] }: Tables): readonly string[] {
  const lines = (
    table: string,
    entries: readonly { readonly device: string }[],
    inTerms: readonly HeldEntry[],
  ): readonly string[] =>
    inTerms.map(({ key, value, weak }, at) =>
      [table, key, value, entries[at]?.device, ...(weak ? ['weak'] : [])].join(' '),
    );
  return [
    ...lines('neighbour', neighbours, neighbours.map(heldNeighbour)),
    ...lines('fdb', fdb, fdb.map(heldFdb)),
    ...lines('route', routes, routes.map(heldRoute)),
  ].toSorted();
}

/** What a machine's own programs print of the overlay, as the product reads it. */
export async function tablesOf(machine: Machine): Promise<Tables> {
  const printed = async (command: string): Promise<string> =>
    (await machine.run(command.split(' '))).stdout;
  const { name } = machine;
  const device = PROFILES.flannel.devices.ipv4;
  return {
    neighbours: parseNeighbours(
      name,
      await printed('ip neigh show nud all'),
      undefined,
    ).value.filter((entry) => entry.device === device),
    fdb: parseFdb(name, await printed('bridge fdb show'), undefined).value,
    routes: parseRoutes(name, await printed('ip -4 route show'), undefined).value,
  };
}

/** What a simulated host answers, as the product reads it. */
export function tablesIn(host: SimulatedHost): Tables {
  const text = host.answer(new Map([['Action', 'tables']]));
  const answer = parseHostAnswer('tables', { instanceId: host.instanceId, text });
  if (answer.kind !== 'tables') throw new Error(`the host answered ${answer.kind}`);
  return answer.tables;
}
