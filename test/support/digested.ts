import { networkOf, parseCidr } from '../../shared/core/addresses.ts';
import type { Facts } from '../../shared/core/facts.ts';
import { type Judgement, judge } from '../../shared/core/judge.ts';
import { type Digest, type Observation, type Tables, shownBy } from '../../shared/core/overlay.ts';
import { readSums } from '../../shared/core/parse/digest-sums.ts';
import { nodesToRead } from '../../shared/core/to-read.ts';
import { digestOf } from '../shared/contract/probe/digest-oracle.ts';

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
 * What a run judges: hosts whose digests cannot be explained are read in full, one of each group, until
 * all is explained. `asked`: the hosts, round by round.
 */
export function settled(
  facts: Facts,
  observations: readonly Observation[] = digested(facts).observations,
): { readonly judgement: Judgement; readonly asked: readonly (readonly string[])[] } {
  const asked: (readonly string[])[] = [];
  let known = observations;
  for (;;) {
    const judgement = judge({ ...facts, observations: known });
    const chosen = nodesToRead(judgement, new Set(asked.flat()));
    if (chosen.length === 0) return { judgement, asked };
    known = known.map((one) => inFull(one, facts, new Set(chosen)));
    asked.push(chosen);
  }
}

function inFull(one: Observation, facts: Facts, chosen: ReadonlySet<string>): Observation {
  if (one.kind !== 'digest' || !chosen.has(one.host.node)) return one;
  const whole = facts.observations.find(
    (other): other is InFull => other.kind === 'tables' && other.host.node === one.host.node,
  );
  return whole === undefined ? one : { ...whole, digest: one.digest };
}

const known = new WeakMap<Tables, Digest>();

/** As the script on a host makes it. Clusters that differ in one host share the tables of the others. */
export function digestOfTables(tables: Tables): Digest {
  const digest = known.get(tables) ?? reckoned(tables);
  known.set(tables, digest);
  return digest;
}

function reckoned(tables: Tables): Digest {
  const { neighbours, fdb, routes, devices = [] } = tables;
  const record = digestOf([
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
  const sums = readSums(record.split(' ').slice(1));
  if (sums === undefined) throw new Error(`this is no digest: ${record}`);
  const subnets = devices.flatMap(({ local }) => {
    const address = parseCidr(`${local ?? ''}/24`);
    return address === undefined ? [] : (networkOf(address) ?? []);
  });
  return { ...sums, tables: shownBy(tables), subnets };
}
