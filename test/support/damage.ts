import type { Table } from '../../shared/contract/causes.ts';
import type { Tables } from '../../shared/core/overlay/vtep.ts';
import { type Addressed, ip } from './addressing.ts';

/** What becomes of one observer's table when its entries for these subjects are damaged. */
export type Damage = (tables: Tables, table: Table, subjects: readonly Addressed[]) => Tables;

const OTHER_MAC = '6e:0d:51:c7:22:9b';
const OTHER_UNDERLAY_IP = ip('192.168.250.240');
const OTHER_GATEWAY = ip('172.17.0.1');

export const lost: Damage = (tables, table, subjects) => {
  const { ips, macs, cidrs } = keysOf(subjects);
  switch (table) {
    case 'neighbour':
      return { ...tables, neighbours: tables.neighbours?.filter((one) => !ips.has(one.ip)) };
    case 'fdb':
      return { ...tables, fdb: tables.fdb?.filter((one) => !macs.has(one.mac)) };
    case 'route':
      return { ...tables, routes: tables.routes?.filter((one) => !cidrs.has(one.destination)) };
  }
};

export const changed: Damage = (tables, table, subjects) => {
  const { ips, macs, cidrs } = keysOf(subjects);
  switch (table) {
    case 'neighbour':
      return {
        ...tables,
        neighbours: tables.neighbours?.map((one) =>
          ips.has(one.ip) ? { ...one, mac: OTHER_MAC } : one,
        ),
      };
    case 'fdb':
      return {
        ...tables,
        fdb: tables.fdb?.map((one) =>
          macs.has(one.mac) ? { ...one, destination: OTHER_UNDERLAY_IP } : one,
        ),
      };
    case 'route':
      return {
        ...tables,
        routes: tables.routes?.map((one) =>
          cidrs.has(one.destination) ? { ...one, gateway: OTHER_GATEWAY } : one,
        ),
      };
  }
};

/** The neighbour entry in another state than PERMANENT; without a MAC where the kernel has none. */
export function weakened(state: 'STALE' | 'INCOMPLETE' | 'FAILED'): Damage {
  return (tables, _table, subjects) => {
    const { ips } = keysOf(subjects);
    return {
      ...tables,
      neighbours: tables.neighbours?.map((one) =>
        ips.has(one.ip)
          ? { ...one, mac: state === 'STALE' ? one.mac : undefined, permanent: false, state }
          : one,
      ),
    };
  };
}

function keysOf(subjects: readonly Addressed[]): {
  readonly ips: ReadonlySet<string>;
  readonly macs: ReadonlySet<string>;
  readonly cidrs: ReadonlySet<string>;
} {
  return {
    ips: new Set(subjects.map(({ tunnelIp }) => tunnelIp)),
    macs: new Set(subjects.map(({ mac }) => mac)),
    cidrs: new Set(subjects.map(({ podCidr }) => podCidr)),
  };
}
