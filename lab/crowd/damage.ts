import { type Entry, entryFor, type Table } from './entries.ts';
import type { CrowdHost } from './host.ts';

/** How what one host holds differs from what a host holds that is well. All parts are optional. */
export interface Damage {
  /** Peers whose entries in a table are gone. Where many hosts have lost the same peers, they share
   * one list: it is summed up once. */
  readonly lost?: readonly Loss[];
  /** Entries that a host that is well does not hold. */
  readonly besides?: readonly Entry[];
  /** What became of its overlay device; with the device all entries are gone. */
  readonly device?: DeviceDamage;
  /** Tables that the host cannot read, each with the script's word for why. */
  readonly unread?: Readonly<Partial<Record<Table, string>>>;
}

interface Loss {
  readonly table: Table;
  readonly peers: readonly CrowdHost[];
}

type DeviceDamage =
  | { readonly kind: 'missing' }
  | { readonly kind: 'down' }
  | { readonly kind: 'renewed'; readonly mac: string };

export const UNDAMAGED: Damage = {};

/** Both at once. */
export function together(one: Damage, other: Damage): Damage {
  const device = other.device ?? one.device;
  return {
    lost: [...(one.lost ?? []), ...(other.lost ?? [])],
    besides: [...(one.besides ?? []), ...(other.besides ?? [])],
    ...(device === undefined ? {} : { device }),
    unread: { ...one.unread, ...other.unread },
  };
}

/** What a host of this crowd holds in a table, peer by peer. */
export function entriesOf(
  crowd: readonly CrowdHost[],
  host: CrowdHost,
  { damage, table }: { readonly damage: Damage; readonly table: Table },
): readonly Entry[] {
  const { lost = [], besides = [], device } = damage;
  if (device?.kind === 'missing') return [];
  const gone = new Set<CrowdHost>([
    host,
    ...lost.filter((loss) => loss.table === table).flatMap(({ peers }) => peers),
  ]);
  const kept = crowd.filter((peer) => !gone.has(peer)).map((peer): Entry => entryFor[table](peer));
  return [...kept, ...besides.filter((entry) => entry.table === table)];
}
