import { type Holdings, onDevice } from '../overlay/holdings.ts';
import type { Member } from '../members/member.ts';
import { ownDevice } from '../members/own-device.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { entriesOf, neighbourText, type OverlayEntry, textOf } from '../overlay/entries.ts';
import type { Profile } from '../overlay/profile.ts';
import type { ExpectedEntry } from './codebook.ts';
import { readEntry, type Value } from './read-entry.ts';
import { symbolOf } from './symbol.ts';

export type Values = ReadonlyMap<number, Value>;

/**
 * A digest gives the hash of an entry's value. The value itself can only be found among the known ones:
 * of device, annotations, roster, and hosts that were read in full.
 */
export function valuesBy(
  { members, profile }: { readonly members: readonly Member[]; readonly profile: Profile },
  read: readonly Holdings[],
): (entry: ExpectedEntry) => Values {
  const byNode = new Map(members.map((member) => [member.node, member]));
  const known = new Map<ExpectedEntry, Values>();
  const valuesOf = (entry: ExpectedEntry): Values => {
    const member = byNode.get(entry.vtep.node);
    const guesses = member === undefined ? [] : guessesAt(entry, member, profile);
    return new Map([...readOf(entry, read), ...guesses, [entry.symbol.weight, { held: 'right' }]]);
  };
  return (entry) => {
    const values = known.get(entry) ?? valuesOf(entry);
    known.set(entry, values);
    return values;
  };
}

/** The same entry with the values that other sources have for the VTEP. */
function* guessesAt(
  { vtep, wanted }: ExpectedEntry,
  member: Member,
  profile: Profile,
): Generator<[number, Value]> {
  const entryFor = (other: Vtep): OverlayEntry | undefined =>
    entriesOf(other, 'overlay', profile).find(({ table }) => table === wanted.table);
  switch (wanted.table) {
    case 'neighbour':
      for (const mac of macsOf(vtep, member)) {
        const entry = entryFor({ ...vtep, mac });
        if (entry !== undefined) yield* statesOf(entry, wanted.value);
      }
      return;
    case 'fdb':
      for (const underlayIp of underlayIpsOf(vtep, member)) {
        const entry = entryFor({ ...vtep, underlayIp });
        if (entry !== undefined && entry.value !== wanted.value) yield* changedTo(entry);
      }
      return;
    // A route that leads elsewhere is as good as none. Reading the host in full shows where it leads.
    case 'route':
    case 'direct':
  }
}

/** A neighbour entry may be permanent or not. */
function* statesOf(entry: OverlayEntry, right: string): Generator<[number, Value]> {
  const isRight = entry.value === right;
  const symbol = symbolOf(entry.table, { ...entry, weak: true });
  if (symbol === undefined) return;
  const text = (device: string): string => `${neighbourText({ ...entry, device })}, not PERMANENT`;
  yield [symbol.weight, { held: isRight ? 'weak' : 'changed', text }];
  if (!isRight) yield* changedTo(entry);
}

function* changedTo(entry: OverlayEntry): Generator<[number, Value]> {
  const symbol = symbolOf(entry.table, entry);
  if (symbol === undefined) return;
  yield [symbol.weight, { held: 'changed', text: (device) => textOf(onDevice(entry, device)) }];
}

function macsOf({ family, mac }: Vtep, member: Member): ReadonlySet<string | undefined> {
  return new Set([
    ownDevice(member.observed?.tables.devices, family)?.mac,
    ...(member.listed?.annotated ?? []).map((annotated) => annotated.mac),
    ...(member.remembered?.vteps ?? []).map((remembered) => remembered.mac),
    mac,
  ]);
}

/**
 * Without an annotation the peers' majority decides the underlay IP, so another one cannot be guessed:
 * the host has to be read in full.
 */
function underlayIpsOf({ family }: Vtep, member: Member): ReadonlySet<Vtep['underlayIp']> {
  const annotated = member.listed?.annotated.find((one) => one.family === family)?.publicIp;
  if (annotated === undefined) return new Set();
  return new Set([
    ownDevice(member.observed?.tables.devices, family)?.local,
    ...(member.remembered?.vteps ?? []).map((remembered) => remembered.underlayIp),
    ...(member.listed?.internalIps ?? []),
  ]);
}

function* readOf(entry: ExpectedEntry, read: readonly Holdings[]): Generator<[number, Value]> {
  for (const holdings of read) {
    const { weight, value } = readEntry(entry, holdings);
    if (value !== undefined) yield [weight, value];
  }
}
