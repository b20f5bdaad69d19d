import { type Table, TABLES } from '../../../shared/contract/causes.ts';
import {
  addSums,
  addSymbol,
  type DigestSymbol,
  inDigits,
  noSums,
  type Sums,
  symbolOf,
} from '../../digest-oracle.ts';
import { type Entry, type FdbEntry, type HeldEntry, programmed } from '../flannel.ts';
import type { Host } from '../machine.ts';
import type { Condition } from './conditions.ts';
import { record, recordOf } from './records.ts';

/** Digests of a simulated cluster's hosts, each in a time that grows with its damage alone. */
export interface Digests {
  /** The record `S` of a host. */
  of(host: Host, condition: Condition): string;
}

/** The symbols of what flannel programs for a host, which all clusters that it is in share. */
const known = new WeakMap<Host, Readonly<Record<Table, DigestSymbol>>>();

export function createDigests(hosts: readonly Host[]): Digests {
  const byUnderlay = new Map(hosts.map((host) => [host.underlayIp, host]));
  const sumOver = rememberedSums();

  /** Adds what the host holds in a table, and returns how many entries that are. */
  const addHeld = (sums: Sums, table: Table, { host, condition }: Patient): number => {
    if (condition.device === 'missing' || condition.unread[table] !== undefined) return 0;
    addSums(sums, sumOver(hosts, table), 1);
    const peers = lostPeers(condition, table);
    addSums(sums, sumOver(peers, table), -1);
    const lostItself = peers.includes(host);
    if (!lostItself) addSymbol(sums, symbolsOf(host)[table], -1);
    const besides = symbolsAmong(condition.besides.filter((entry) => entry.table === table));
    for (const symbol of besides) addSymbol(sums, symbol, 1);
    return hosts.length - peers.length - (lostItself ? 0 : 1) + besides.length;
  };

  return {
    of: (host, condition) => {
      const sums = noSums();
      const [neighbours = 0, fdb = 0, routes = 0] = TABLES.map((table) =>
        addHeld(sums, table, { host, condition }),
      );
      const ghosts = ghostsOf({ host, condition }, byUnderlay);
      for (const symbol of symbolsAmong(ghosts)) addSymbol(sums, symbol, -1);
      return record('S', {
        neighbours,
        fdb: fdb - ghosts.length,
        routes,
        direct: addDirect(sums, { host, condition }),
        ghosts: ghosts.length,
        sums: inDigits(sums),
      });
    },
  };
}

/** Adds the direct routes of the host, and returns how many these are. */
function addDirect(sums: Sums, { condition }: Patient): number {
  if (condition.device === 'missing' || condition.unread.route !== undefined) return 0;
  const direct = symbolsAmong(condition.besides.filter(({ table }) => table === 'direct'));
  for (const symbol of direct) addSymbol(sums, symbol, 1);
  return direct.length;
}

interface Patient {
  readonly host: Host;
  readonly condition: Condition;
}

/** Sums up lists of peers, each once: many hosts may have lost the same. */
function rememberedSums(): (peers: readonly Host[], table: Table) => Sums {
  const remembered = byTable(() => new WeakMap<readonly Host[], Sums>());
  return (peers, table) => {
    const summed = remembered[table].get(peers);
    if (summed !== undefined) return summed;
    const sums = noSums();
    for (const peer of peers) addSymbol(sums, symbolsOf(peer)[table], 1);
    remembered[table].set(peers, sums);
    return sums;
  };
}

/** Each peer once; the list itself where there is one, so that its sum is known. */
function lostPeers({ lost }: Condition, table: Table): readonly Host[] {
  const lists = lost.filter((loss) => loss.table === table).map(({ peers }) => peers);
  const [only] = lists;
  return lists.length === 1 && only !== undefined ? only : [...new Set(lists.flat())];
}

function symbolsAmong(entries: readonly HeldEntry[]): readonly DigestSymbol[] {
  return entries.map((entry) => symbolOf(recordOf(entry))).filter((symbol) => symbol !== undefined);
}

function symbolsOf(host: Host): Readonly<Record<Table, DigestSymbol>> {
  const found = known.get(host) ?? byTable((table) => symbolFor(programmed[table](host)));
  known.set(host, found);
  return found;
}

function symbolFor(entry: Entry): DigestSymbol {
  const symbol = symbolOf(recordOf(entry));
  if (symbol === undefined) throw new Error(`no symbol: ${recordOf(entry)}`);
  return symbol;
}

function byTable<T>(make: (table: Table) => T): Record<Table, T> {
  return { neighbour: make('neighbour'), fdb: make('fdb'), route: make('route') };
}

/**
 * Entries of the FDB that no neighbour uses while another leads where they lead. A host that is well
 * has none, so one of two such entries is always besides what it should hold.
 */
function ghostsOf(
  { host, condition }: Patient,
  byUnderlay: ReadonlyMap<string, Host>,
): readonly FdbEntry[] {
  const { besides, unread, device } = condition;
  const extra = besides.filter((entry) => entry.table === 'fdb');
  const isRead = unread.neighbour === undefined && unread.fdb === undefined;
  if (extra.length === 0 || !isRead || device === 'missing') return [];
  const concerned = [
    ...new Set(extra.map(({ destination }) => byUnderlay.get(destination))),
  ].filter((peer) => peer !== undefined);
  const kept = (table: Table): readonly Host[] => {
    const lost = lostPeers(condition, table);
    return concerned.filter((peer) => peer !== host && !lost.includes(peer));
  };
  const used = new Set([...kept('neighbour').map(({ vtepMac }) => vtepMac), ...macsOf(besides)]);
  const fdb = [...kept('fdb').map(programmed.fdb), ...extra];
  const led = new Set(fdb.filter(({ mac }) => used.has(mac)).map(({ destination }) => destination));
  return fdb.filter(({ mac, destination }) => !used.has(mac) && led.has(destination));
}

function macsOf(entries: readonly HeldEntry[]): readonly string[] {
  return entries.flatMap((entry) =>
    entry.table === 'neighbour' && entry.mac !== undefined ? [entry.mac] : [],
  );
}
