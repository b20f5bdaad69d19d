import type { Damage } from './damage.ts';
import { type Entry, entryFor, type FdbEntry, type Table, TABLES } from './entries.ts';
import { record } from './envelope.ts';
import type { CrowdHost } from './host.ts';
import { symbolOf } from './symbols.ts';
import type { DigestSymbol } from './symbols.ts';
import {
  add,
  addAll,
  noSyndromes,
  spellBuckets,
  spellLike,
  subtract,
  subtractAll,
} from './syndromes.ts';
import type { Syndromes } from './syndromes.ts';

/** Digests of a crowd's hosts, each in a time that grows with its damage alone. */
export interface Digests {
  /** The record `S` of a host. */
  of(host: CrowdHost, damage: Damage): string;
}

export function createDigests(crowd: readonly CrowdHost[]): Digests {
  const symbols = new Map(crowd.map((host) => [host, symbolsFor(host)]));
  const byUnderlay = new Map(crowd.map((host) => [host.underlayIp, host]));
  const symbolFor = (host: CrowdHost, table: Table): DigestSymbol => {
    const found = symbols.get(host);
    if (found === undefined) throw new Error(`${host.name} is not of this crowd.`);
    return found[table];
  };
  const sumOver = rememberedSums(symbolFor);
  const everything = noSyndromes();
  for (const table of TABLES) addAll(everything, sumOver(crowd, table));
  const like = { sums: everything, buckets: spellBuckets(everything) };

  /** Adds what the host holds in a table, and tells how many entries that are. */
  const addHeld = (sums: Syndromes, table: Table, { host, damage }: Patient): number => {
    if (damage.device?.kind === 'missing' || damage.unread?.[table] !== undefined) return 0;
    addAll(sums, sumOver(crowd, table));
    const peers = lostPeers(damage, table);
    subtractAll(sums, sumOver(peers, table));
    const lostItself = peers.includes(host);
    if (!lostItself) subtract(sums, symbolFor(host, table));
    const besides = symbolsOf(damage.besides?.filter((entry) => entry.table === table) ?? []);
    for (const symbol of besides) add(sums, symbol);
    return crowd.length - peers.length - (lostItself ? 0 : 1) + besides.length;
  };

  return {
    of: (host, damage) => {
      const sums = noSyndromes();
      const [neighbours = 0, fdb = 0, routes = 0] = TABLES.map((table) =>
        addHeld(sums, table, { host, damage }),
      );
      const ghosts = ghostsOf({ host, damage }, byUnderlay);
      for (const symbol of symbolsOf(ghosts)) subtract(sums, symbol);
      return record('S', {
        neighbours,
        fdb: fdb - ghosts.length,
        routes,
        direct: DIRECT_ROUTES,
        ghosts: ghosts.length,
        sums: spellLike(sums, like),
      });
    },
  };
}

/** No host of a crowd routes directly. */
const DIRECT_ROUTES = 0;

/** A host, and what is wrong with it. */
interface Patient {
  readonly host: CrowdHost;
  readonly damage: Damage;
}

/** Sums up lists of peers, each once: many hosts may have lost the same. */
function rememberedSums(
  symbolFor: (peer: CrowdHost, table: Table) => DigestSymbol,
): (peers: readonly CrowdHost[], table: Table) => Syndromes {
  const remembered = byTable(() => new WeakMap<readonly CrowdHost[], Syndromes>());
  return (peers, table) => {
    const known = remembered[table].get(peers);
    if (known !== undefined) return known;
    const sums = noSyndromes();
    for (const peer of peers) add(sums, symbolFor(peer, table));
    remembered[table].set(peers, sums);
    return sums;
  };
}

/** Each peer once; the list itself where there is one, so that its sum is known. */
function lostPeers({ lost = [] }: Damage, table: Table): readonly CrowdHost[] {
  const lists = lost.filter((loss) => loss.table === table).map(({ peers }) => peers);
  const [only] = lists;
  return lists.length === 1 && only !== undefined ? only : [...new Set(lists.flat())];
}

function symbolsOf(entries: readonly Entry[]): readonly DigestSymbol[] {
  return entries.map(symbolOf).filter((symbol) => symbol !== undefined);
}

function symbolsFor(host: CrowdHost): Readonly<Record<Table, DigestSymbol>> {
  return byTable((table) => {
    const symbol = symbolOf(entryFor[table](host));
    if (symbol === undefined) throw new Error(`${host.name} has no MAC.`);
    return symbol;
  });
}

function byTable<T>(make: (table: Table) => T): Record<Table, T> {
  return { neighbour: make('neighbour'), fdb: make('fdb'), route: make('route') };
}

/**
 * Entries of the FDB that no neighbour uses while another leads where they lead. A host that is well
 * has none, so one of two such entries is always besides what it should hold.
 */
function ghostsOf(
  { host, damage }: Patient,
  byUnderlay: ReadonlyMap<string, CrowdHost>,
): readonly FdbEntry[] {
  const { besides = [], unread = {}, device } = damage;
  const extra = besides.filter((entry) => entry.table === 'fdb');
  const isRead = unread.neighbour === undefined && unread.fdb === undefined;
  if (extra.length === 0 || !isRead || device?.kind === 'missing') return [];
  const concerned = [
    ...new Set(extra.map(({ destination }) => byUnderlay.get(destination))),
  ].filter((peer) => peer !== undefined);
  const kept = (table: Table): readonly CrowdHost[] => {
    const lost = lostPeers(damage, table);
    return concerned.filter((peer) => peer !== host && !lost.includes(peer));
  };
  const used = new Set([...kept('neighbour').map(({ vtepMac }) => vtepMac), ...macsOf(besides)]);
  const fdb = [...kept('fdb').map(entryFor.fdb), ...extra];
  const led = new Set(fdb.filter(({ mac }) => used.has(mac)).map(({ destination }) => destination));
  return fdb.filter(({ mac, destination }) => !used.has(mac) && led.has(destination));
}

function macsOf(entries: readonly Entry[]): readonly string[] {
  return entries.flatMap((entry) =>
    entry.table === 'neighbour' && entry.mac !== undefined ? [entry.mac] : [],
  );
}
