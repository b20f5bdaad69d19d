import { type Damage, together, UNDAMAGED } from './damage.ts';
import { type Entry, entryFor, type Table, TABLES } from './entries.ts';
import { type CrowdHost, macOf, scrambled } from './host.ts';

/** What can befall a crowd. Hosts go by their places in it, from 0. */
export type CrowdFault =
  /** No peer holds the subject's entries any more. */
  | {
      readonly kind: 'lost-everywhere';
      readonly subject: number;
      readonly tables: readonly Table[];
    }
  /** The observer has lost all entries of these tables. */
  | { readonly kind: 'flushed'; readonly observer: number; readonly tables: readonly Table[] }
  /** Of all entries on all hosts, this share is lost, here and there. */
  | { readonly kind: 'random-losses'; readonly share: number; readonly seed: number }
  /** The first `size` hosts and the rest hold nothing of each other. */
  | { readonly kind: 'partition'; readonly size: number }
  /** Every peer has kept the MAC that the subject's device had before. */
  | { readonly kind: 'old-mac'; readonly subject: number }
  /** Every peer leads the subject's packets to where it was before. */
  | { readonly kind: 'old-underlay'; readonly subject: number }
  /** Every host holds so many FDB entries for MACs that its peers' devices had before. */
  | { readonly kind: 'orphans'; readonly each: number }
  /** The subject's neighbour entries are there, and not PERMANENT. */
  | { readonly kind: 'not-permanent'; readonly subject: number }
  | { readonly kind: 'device-missing'; readonly observer: number }
  /** The observer cannot read this table. */
  | { readonly kind: 'unread'; readonly observer: number; readonly table: Table };

export type Damages = ReadonlyMap<CrowdHost, Damage>;

/** What the faults do to each host of the crowd; hosts that are not there are well. */
export function damagesBy(faults: readonly CrowdFault[], crowd: readonly CrowdHost[]): Damages {
  const damages = new Map<CrowdHost, Damage>();
  for (const fault of faults) {
    for (const [host, damage] of damagesOf(fault, crowd)) {
      damages.set(host, together(damages.get(host) ?? UNDAMAGED, damage));
    }
  }
  return damages;
}

function damagesOf(
  fault: CrowdFault,
  crowd: readonly CrowdHost[],
): readonly (readonly [CrowdHost, Damage])[] {
  const at = (place: number): CrowdHost => hostAt(crowd, place);
  const onPeers = (subject: CrowdHost, damage: Damage) =>
    crowd.filter((host) => host !== subject).map((host) => [host, damage] as const);
  switch (fault.kind) {
    case 'lost-everywhere': {
      const subject = at(fault.subject);
      return onPeers(subject, losing(fault.tables, [subject]));
    }
    case 'flushed':
      return [[at(fault.observer), losing(fault.tables, crowd)]];
    case 'random-losses':
      return crowd.map((host, place) => [host, randomLosses(crowd, fault, place)]);
    case 'partition': {
      const [few, rest] = [crowd.slice(0, fault.size), crowd.slice(fault.size)];
      return [
        ...few.map((host) => [host, losing(TABLES, rest)] as const),
        ...rest.map((host) => [host, losing(TABLES, few)] as const),
      ];
    }
    case 'old-mac': {
      const subject = at(fault.subject);
      const before = { ...subject, vtepMac: macOf(fault.subject, 1) };
      const besides = [entryFor.neighbour(before), entryFor.fdb(before)];
      return onPeers(subject, { ...losing(['neighbour', 'fdb'], [subject]), besides });
    }
    case 'old-underlay': {
      const subject = at(fault.subject);
      const besides = [entryFor.fdb({ ...subject, underlayIp: '172.31.255.254' })];
      return onPeers(subject, { ...losing(['fdb'], [subject]), besides });
    }
    case 'orphans':
      return crowd.map((host, place) => [host, { besides: orphansOn(crowd, place, fault.each) }]);
    case 'not-permanent': {
      const subject = at(fault.subject);
      const besides = [{ ...entryFor.neighbour(subject), state: 'STALE' } as const];
      return onPeers(subject, { ...losing(['neighbour'], [subject]), besides });
    }
    case 'device-missing':
      return [[at(fault.observer), { device: { kind: 'missing' } }]];
    case 'unread':
      return [[at(fault.observer), { unread: { [fault.table]: 'timeout' } }]];
  }
}

function losing(tables: readonly Table[], peers: readonly CrowdHost[]): Damage {
  return { lost: tables.map((table) => ({ table, peers })) };
}

function hostAt(crowd: readonly CrowdHost[], place: number): CrowdHost {
  const host = crowd[place];
  if (host === undefined) throw new Error(`A crowd of ${crowd.length} has no host ${place}.`);
  return host;
}

function randomLosses(
  crowd: readonly CrowdHost[],
  { share, seed }: { readonly share: number; readonly seed: number },
  observer: number,
): Damage {
  const limit = share * 2 ** 32;
  const lost = TABLES.map((table, number) => {
    const row = scrambled(seed * 7919 + number) ^ scrambled(observer + 1);
    return { table, peers: crowd.filter((_, subject) => scrambled(row ^ subject) < limit) };
  });
  return { lost };
}

/** Entries for the devices that the next hosts of the crowd had before their last boots. */
function orphansOn(crowd: readonly CrowdHost[], observer: number, each: number): readonly Entry[] {
  return Array.from({ length: each }, (_, at) => {
    const place = (observer + 1 + (at % (crowd.length - 1))) % crowd.length;
    const generation = 2 + Math.floor(at / (crowd.length - 1));
    return entryFor.fdb({ ...hostAt(crowd, place), vtepMac: macOf(place, generation) });
  });
}
