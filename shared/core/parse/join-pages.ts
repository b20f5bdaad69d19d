import type { Observation, Tables } from '../overlay.ts';

type Seen = Extract<Observation, { readonly kind: 'tables' }>;

/**
 * Two pages of one host's tables as one observation. Each entry is on one page; devices and facts
 * are on all. A page that is not known makes the host unknown, and so does a host that became
 * another, or got another device, between two pages: half of its tables would be of the past.
 */
export function joinPages(one: Observation, other: Observation): Observation {
  if (one.kind !== 'tables') return one;
  if (other.kind !== 'tables') return other;
  const change = changeBetween(one, other);
  if (change !== undefined) {
    return {
      kind: 'unknown',
      instanceId: one.host.instanceId ?? '',
      node: one.host.node,
      reason: `${change} while its tables were read page by page`,
      error: 'bad_output',
    };
  }
  return {
    kind: 'tables',
    host: one.host,
    tables: joinTables(one.tables, other.tables),
    verbatim: [...one.verbatim, ...other.verbatim],
    unread: [...new Set([...one.unread, ...other.unread])],
  };
}

function changeBetween(one: Seen, other: Seen): string | undefined {
  if (one.host.node !== other.host.node) return 'the host got another name';
  if (one.host.bootId !== other.host.bootId) return 'the host booted';
  if (JSON.stringify(one.tables.devices) !== JSON.stringify(other.tables.devices)) {
    return 'its VXLAN devices changed';
  }
  return undefined;
}

/** A table that one page does not show is not known whole. */
function joinTables(one: Tables, other: Tables): Tables {
  return {
    devices: one.devices,
    neighbours: joinEntries(one.neighbours, other.neighbours),
    fdb: joinEntries(one.fdb, other.fdb),
    routes: joinEntries(one.routes, other.routes),
  };
}

function joinEntries<T>(
  one: readonly T[] | undefined,
  other: readonly T[] | undefined,
): readonly T[] | undefined {
  return one === undefined || other === undefined ? undefined : [...one, ...other];
}
