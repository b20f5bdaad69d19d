import { type Holdings, onDevice } from '../overlay/holdings.ts';
import { type Member, ownDevice } from '../members/member.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { entriesOf, type OverlayEntry, textOf, weakTextOf } from '../overlay/entries.ts';
import type { Profile } from '../overlay/profile.ts';
import { remember } from '../remember.ts';
import type { ExpectedEntry } from './codebook.ts';
import { type KnownValue, readEntry } from './read-entry.ts';
import { symbolOf, type SymbolSource } from './symbol.ts';

/** The values that an entry may have, by their hashes. */
export type KnownValues = ReadonlyMap<number, KnownValue>;

/**
 * A digest gives the hash of an entry's value. The value itself can only be found among the known ones:
 * of device, annotations, roster, and hosts that were read in full.
 */
export function valuesBy(
  { members, profile }: { readonly members: readonly Member[]; readonly profile: Profile },
  read: readonly Holdings[],
): (entry: ExpectedEntry) => KnownValues {
  const byNode = new Map(members.map((member) => [member.node, member]));
  return remember((entry) => {
    const member = byNode.get(entry.vtep.node);
    const guesses = member === undefined ? [] : guessesAt(entry, member, profile);
    const right = [entry.symbol.valueHash, { held: 'right' }] as const;
    return new Map<number, KnownValue>([...readOf(entry, read), ...guesses, right]);
  });
}

/** The same entry with the values that other sources have for the VTEP, permanent or not. */
function* guessesAt(
  { vtep, wanted }: ExpectedEntry,
  member: Member,
  profile: Profile,
): Generator<[number, KnownValue]> {
  for (const variant of variantsOf(vtep, member)) {
    const entry = entriesOf(variant, 'overlay', profile).find(
      ({ table, key }) => table === wanted.table && key === wanted.key,
    );
    if (entry === undefined) continue;
    const isRight = entry.value === wanted.value;
    const weakText = weakTextOf(entry);
    if (weakText !== undefined) {
      yield* known({ ...entry, weak: true }, isRight ? 'weak' : 'changed', weakText);
    }
    if (!isRight) yield* known(entry, 'changed', (device) => textOf(onDevice(entry, device)));
  }
}

function* known(
  entry: OverlayEntry & SymbolSource,
  held: 'weak' | 'changed',
  text: (device: string) => string,
): Generator<[number, KnownValue]> {
  const symbol = symbolOf(entry.table, entry);
  if (symbol !== undefined) yield [symbol.valueHash, { held, text }];
}

/** A VTEP as it is, with the MACs and with the underlay IPs that any source has for its node. */
function* variantsOf(vtep: Vtep, member: Member): Generator<Vtep> {
  for (const mac of macsOf(vtep, member)) yield { ...vtep, mac };
  for (const underlayIp of underlayIpsOf(vtep, member)) yield { ...vtep, underlayIp };
  yield vtep;
}

function macsOf({ family }: Vtep, member: Member): ReadonlySet<string | undefined> {
  return new Set([
    ownDevice(member.observed?.tables.devices, family)?.mac,
    ...(member.listed?.annotated ?? []).map(({ mac }) => mac),
    ...(member.remembered?.vteps ?? []).map(({ mac }) => mac),
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
    ...(member.remembered?.vteps ?? []).map(({ underlayIp }) => underlayIp),
    ...(member.listed?.internalIps ?? []),
  ]);
}

function* readOf(entry: ExpectedEntry, read: readonly Holdings[]): Generator<[number, KnownValue]> {
  for (const holdings of read) {
    const { valueHash, value } = readEntry(entry, holdings);
    if (value !== undefined) yield [valueHash, value];
  }
}
