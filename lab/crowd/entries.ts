import { OVERLAY_DEVICE, programmed } from '../machines/flannel.ts';
import type { Host } from '../machines/machine.ts';
import { record } from './envelope.ts';

/** The kernel's tables, in the order in which the script prints them. */
export const TABLES = ['neighbour', 'fdb', 'route'] as const;

export type Table = (typeof TABLES)[number];

/** One entry of the overlay device, as a host's tables hold it. */
export type Entry = NeighbourEntry | FdbEntry | RouteEntry;

interface NeighbourEntry {
  readonly table: 'neighbour';
  readonly ip: string;
  /** Undefined while the kernel has no answer. */
  readonly mac: string | undefined;
  readonly state: 'PERMANENT' | 'REACHABLE' | 'STALE' | 'INCOMPLETE' | 'FAILED';
}

export interface FdbEntry {
  readonly table: 'fdb';
  readonly mac: string;
  readonly destination: string;
}

interface RouteEntry {
  readonly table: 'route';
  readonly destination: string;
  readonly gateway: string;
}

/** What a host that is well holds for this peer: what flannel programmed. */
export const entryFor = {
  ...programmed,
  neighbour: (peer: Host): NeighbourEntry => {
    return { ...programmed.neighbour(peer), state: 'PERMANENT' };
  },
} as const satisfies Record<Table, (peer: Host) => Entry>;

/** The entry's record in an answer. */
export function recordOf(entry: Entry): string {
  const device = OVERLAY_DEVICE;
  switch (entry.table) {
    case 'neighbour': {
      const { ip, mac, state } = entry;
      return record('N', { device, ip, mac, state });
    }
    case 'fdb': {
      const { mac, destination } = entry;
      return record('F', { device, mac, destination, state: 'permanent' });
    }
    case 'route': {
      const { destination, gateway } = entry;
      return record('R', { device, destination, gateway, onlink: 'onlink' });
    }
  }
}

/** The line that `ip` or `bridge` prints for it. */
export function printed(entry: Entry): string {
  switch (entry.table) {
    case 'neighbour': {
      const mac = entry.mac === undefined ? '' : ` lladdr ${entry.mac}`;
      return `${entry.ip} dev ${OVERLAY_DEVICE}${mac} ${entry.state} `;
    }
    case 'fdb':
      return `${entry.mac} dev ${OVERLAY_DEVICE} dst ${entry.destination} self permanent`;
    case 'route':
      return `${entry.destination} via ${entry.gateway} dev ${OVERLAY_DEVICE} onlink `;
  }
}
