import type { DigestTable } from '../../contract/digest.ts';
import { isMacAddress, parseCidr, parseIp } from '../addresses.ts';
import type { Entry } from '../diff/diff.ts';
import { fdbSymbol, neighbourSymbol, routeSymbol, type Symbol } from './symbol.ts';

/** An entry that was read in full, as the digest of its host has it: undefined where that has it not. */
export function heldSymbol(table: DigestTable, held: Entry): Symbol | undefined {
  switch (table) {
    case 'neighbour':
      return neighbourOf(held);
    case 'fdb':
      return fdbOf(held);
    case 'route':
    case 'direct':
      return routeOf(table, held);
  }
}

function neighbourOf({ key, value, weak }: Entry): Symbol | undefined {
  const ip = parseIp(key);
  const isHeld = ip !== undefined && value !== undefined && isMacAddress(value);
  return isHeld ? neighbourSymbol(ip, value, !weak) : undefined;
}

function fdbOf({ key, value = '' }: Entry): Symbol | undefined {
  const destination = parseIp(value);
  const isHeld = destination !== undefined && isMacAddress(key);
  return isHeld ? fdbSymbol(key, destination) : undefined;
}

function routeOf(table: 'route' | 'direct', { key, value = '' }: Entry): Symbol | undefined {
  const [destination, gateway] = [parseCidr(key), parseIp(value)];
  const isHeld = destination !== undefined && gateway !== undefined;
  return isHeld ? routeSymbol(table, destination, gateway) : undefined;
}
