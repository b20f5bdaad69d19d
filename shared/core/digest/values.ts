import { isMacAddress } from '../addresses.ts';
import type { Held, Holdings } from '../diff/cells.ts';
import { fdbText, neighbourText, routeText } from '../entry-text.ts';
import type { Member } from '../expect/member.ts';
import { ownDevice } from '../expect/own-device.ts';
import type { Vtep } from '../overlay.ts';
import type { ExpectedEntry } from './codebook.ts';
import { readEntry } from './read-entry.ts';
import { fdbSymbol, neighbourSymbol } from './symbol.ts';

/** What an entry may hold, told from its weight. */
export interface Value {
  readonly held: Exclude<Held, 'absent' | 'unknown'>;
  /** The entry as its tool would print it. */
  readonly text: (device: string) => string;
}

export type Values = ReadonlyMap<number, Value>;

/**
 * A digest says that an entry has another value, and its weight; which value that is can only be told
 * among those that somebody knows of: device, annotations, roster, and hosts that were read in full.
 */
export function valuesBy(
  members: readonly Member[],
  read: readonly Holdings[],
): (entry: ExpectedEntry) => Values {
  const byNode = new Map(members.map((member) => [member.node, member]));
  const known = new Map<ExpectedEntry, Values>();
  return (entry) => {
    const values = known.get(entry) ?? valuesOf(entry, byNode.get(entry.vtep.node), read);
    known.set(entry, values);
    return values;
  };
}

function valuesOf(
  entry: ExpectedEntry,
  member: Member | undefined,
  read: readonly Holdings[],
): Values {
  const guesses = member === undefined ? [] : [...knownOf(entry, member)];
  return new Map([...readOf(entry, read), ...guesses, [entry.symbol.weight, right(entry)]]);
}

function right({ vtep: { tunnelIp, mac, underlayIp, podCidr }, table }: ExpectedEntry): Value {
  return {
    held: 'right',
    text: (device) => {
      switch (table) {
        case 'neighbour':
          return neighbourText(device, tunnelIp, mac);
        case 'fdb':
          return fdbText(device, mac, underlayIp);
        case 'route':
        case 'direct':
          return routeText(device, podCidr, tunnelIp);
      }
    },
  };
}

function* knownOf(entry: ExpectedEntry, member: Member): Generator<[number, Value]> {
  const { vtep } = entry;
  switch (entry.table) {
    case 'neighbour':
      yield* neighbourValues(vtep, member);
      return;
    case 'fdb':
      yield* fdbValues(vtep, member);
      return;
    // A route that leads elsewhere is as good as none, and where it leads is for somebody to read.
    case 'route':
    case 'direct':
  }
}

function* neighbourValues(vtep: Vtep, member: Member): Generator<[number, Value]> {
  const { tunnelIp, mac: own, family } = vtep;
  if (tunnelIp === undefined) return;
  const macs = new Set([
    ownDevice(member.observed?.tables.devices, family)?.mac,
    ...(member.listed?.annotated ?? []).map((annotated) => annotated.mac),
    ...(member.remembered?.vteps ?? []).map((remembered) => remembered.mac),
    own,
  ]);
  for (const mac of macs) {
    if (mac === undefined || !isMacAddress(mac)) continue;
    const entry = (device: string): string => `${tunnelIp} dev ${device} lladdr ${mac}`;
    yield [
      neighbourSymbol(tunnelIp, mac, false).weight,
      {
        held: mac === own ? 'weak' : 'changed',
        text: (device) => `${entry(device)}, not PERMANENT`,
      },
    ];
    if (mac === own) continue;
    yield [
      neighbourSymbol(tunnelIp, mac, true).weight,
      { held: 'changed', text: (device) => `${entry(device)} PERMANENT` },
    ];
  }
}

/**
 * Without an annotation the peers' majority tells the underlay IP, and not whoever guesses it: then
 * another one than expected is for somebody to read.
 */
function* fdbValues(vtep: Vtep, member: Member): Generator<[number, Value]> {
  const { mac, underlayIp, family } = vtep;
  const annotated = member.listed?.annotated.find((one) => one.family === family)?.publicIp;
  if (mac === undefined || annotated === undefined) return;
  const addresses = new Set([
    ownDevice(member.observed?.tables.devices, family)?.local,
    ...(member.remembered?.vteps ?? []).map((remembered) => remembered.underlayIp),
    ...(member.listed?.internalIps ?? []),
  ]);
  for (const address of addresses) {
    if (address === undefined || address === underlayIp) continue;
    yield [
      fdbSymbol(mac, address).weight,
      { held: 'changed', text: (device) => fdbText(device, mac, address) },
    ];
  }
}

function* readOf(entry: ExpectedEntry, read: readonly Holdings[]): Generator<[number, Value]> {
  for (const holdings of read) {
    const { weight, value } = readEntry(entry, holdings);
    if (value !== undefined) yield [weight, value];
  }
}
