import type { Entry } from '../../lab/machines/flannel.ts';
import type { Table } from '../../shared/contract/causes.ts';

/** The overlay device of a host. */
interface OverlayDevice {
  /** The kernel's index: a device that is made anew has another. */
  readonly index: number;
  readonly mac: string;
  readonly tunnelIp: string;
  /** In bytes; where it is not flannel's. */
  readonly mtu?: number;
  /** Where it is not flannel's. */
  readonly port?: number;
  /** The kernel takes no route and no neighbour over it. */
  readonly isDown?: boolean;
}

/** What the kernel of one host knows of the overlay. It ends with a boot. */
export class Kernel {
  #device: OverlayDevice | undefined;
  readonly #entries = new Map<string, Entry>();
  #version = 0;
  /** Ranges of pods that it drops packets for. */
  blackholes: readonly string[] = [];
  /** Networks that another interface is in, and that are as long as a route to pods. */
  networks: readonly string[] = [];
  /** The address of the bridge for pods, where there is one. */
  bridge: string | undefined;

  get device(): OverlayDevice | undefined {
    return this.#device;
  }

  /** Another one after each change. */
  get version(): number {
    return this.#version;
  }

  entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** By its key: a tunnel IP, a MAC or a pod CIDR. */
  find(table: Table, key: string): Entry | undefined {
    return this.#entries.get(`${table} ${key}`);
  }

  set(entry: Entry): void {
    if (this.#device?.isDown === true && entry.table !== 'fdb') return;
    this.#version += 1;
    // flannel replaces the route to the same destination, whosever it is.
    if (entry.table === 'route') {
      this.networks = this.networks.filter((network) => network !== entry.destination);
    }
    this.#entries.set(`${entry.table} ${keyOf(entry)}`, entry);
  }

  remove(table: Table, key: string): void {
    this.#version += 1;
    this.#entries.delete(`${table} ${key}`);
  }

  /** All entries of these tables, as `ip neigh flush` would. */
  flush(tables: readonly Table[]): void {
    for (const entry of this.entries()) {
      if (tables.includes(entry.table)) this.remove(entry.table, keyOf(entry));
    }
  }

  /** What stands on a device goes with it. */
  setDevice(device: OverlayDevice | undefined): void {
    this.#version += 1;
    this.#entries.clear();
    this.#device = device;
  }

  /** A device that is set down loses its routes and neighbours; the FDB stays. */
  setUp(isUp: boolean): void {
    if (this.#device === undefined) return;
    this.#device = { ...this.#device, isDown: !isUp };
    this.#version += 1;
    if (!isUp) this.flush(['neighbour', 'route']);
  }

  /** The kernel takes nothing from its tables for it. */
  changeSettings(settings: Partial<Pick<OverlayDevice, 'mtu' | 'port' | 'tunnelIp'>>): void {
    if (this.#device === undefined) return;
    this.#device = { ...this.#device, ...settings };
    this.#version += 1;
  }

  /** The kernel drops the permanent neighbours of a device whose own MAC changes. */
  changeMac(mac: string): void {
    if (this.#device === undefined) return;
    this.#device = { ...this.#device, mac };
    this.#version += 1;
    this.flush(['neighbour']);
  }
}

export function keyOf(entry: Entry): string {
  switch (entry.table) {
    case 'neighbour':
      return entry.ip;
    case 'fdb':
      return entry.mac;
    case 'route':
      return entry.destination;
  }
}
