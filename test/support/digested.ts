import { networkOf, parseCidr } from '../../shared/core/overlay/addresses.ts';
import type { Facts } from '../../shared/core/facts.ts';
import {
  type Digest,
  type Observation,
  type Tables,
  shownBy,
} from '../../shared/core/overlay/vtep.ts';
import { readRecord } from '../../shared/core/parse/answer.ts';
import { recorded } from '../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../shared/core/run/run.ts';
import { digestOf } from '../../lab/digest-oracle.ts';

type InFull = Extract<Observation, { kind: 'tables' }>;

/** The same facts, every host answering with the digest of its tables. */
export function digested(facts: Facts): Facts {
  return {
    ...facts,
    observations: facts.observations.map((one) =>
      one.kind === 'tables'
        ? {
            kind: 'digest',
            host: one.host,
            devices: one.tables.devices,
            digest: digestOfTables(one.tables),
            unread: one.unread,
          }
        : one,
    ),
  };
}

/**
 * What a run decides where every host answers with the digest of its tables, and those that the run
 * reads in full with the tables. `asked`: the hosts, reading by reading.
 */
export async function settled(
  facts: Facts,
): Promise<Decision & { readonly asked: readonly (readonly string[])[] }> {
  const asked: (readonly string[])[] = [];
  const decision = await run(digested(facts), [], {
    ...recorded([]),
    tables: async ({ instanceIds }) => {
      const chosen = new Set<string | undefined>(instanceIds);
      const observations = facts.observations.filter(
        (one): one is InFull => one.kind === 'tables' && chosen.has(one.host.instanceId),
      );
      asked.push(observations.map(({ host }) => host.node));
      return { observations, problems: [] };
    },
  });
  return { ...decision, asked };
}

const known = new WeakMap<Tables, Digest>();

/** As the script on a host makes it. Clusters that differ in one host share the tables of the others. */
function digestOfTables(tables: Tables): Digest {
  const digest = known.get(tables) ?? reckoned(tables);
  known.set(tables, digest);
  return digest;
}

function reckoned(tables: Tables): Digest {
  const { neighbours, fdb, routes, devices = [] } = tables;
  const line = digestOf([
    ...(neighbours ?? []).map(
      ({ device, ip, mac, state }) => `N ${device} ${ip} ${mac ?? '-'} ${state}`,
    ),
    ...(fdb ?? []).map(
      ({ device, mac, destination }) => `F ${device} ${mac} ${destination} permanent`,
    ),
    ...(routes ?? []).map(
      ({ device, destination, gateway }) => `R ${device} ${destination} ${gateway} onlink`,
    ),
    ...(neighbours === undefined ? ['U neighbour missing'] : []),
    ...(fdb === undefined ? ['U fdb missing'] : []),
    ...(routes === undefined ? ['U route missing'] : []),
  ]);
  const record = readRecord(line);
  if (record?.kind !== 'S') throw new Error(`this is no digest: ${line}`);
  const { sums, ghosts, neighbours: neighbour, fdb: fdbEntries, routes: route, direct } = record;
  const counts = { neighbour, fdb: fdbEntries, route, direct };
  const subnets = devices.flatMap(({ local }) => {
    const address = parseCidr(`${local ?? ''}/24`);
    return address === undefined ? [] : (networkOf(address) ?? []);
  });
  return { sums, counts, ghosts, tables: shownBy(tables), subnets };
}
