/**
 * What a modelled machine's kernel would know: devices and tables. A plain document, so that it can
 * lie in a file between one `ip` and the next.
 */
export interface Model {
  /** The index that the next device gets. The kernel gives none twice. */
  readonly nextIndex: number;
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly routes: readonly Route[];
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `cable` is a veth pair's end, as the underlay's devices are. */
  readonly kind: 'loopback' | 'cable' | 'bridge' | 'vxlan';
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  readonly vxlan?: Vxlan;
}

/** As the commands spell them. */
export interface Vxlan {
  readonly id: string;
  readonly local: string;
  readonly dev: string;
  readonly dstport: string;
}

/** An address of a device other than loopback: IPv4 as given, IPv6 link-local. */
export interface Address {
  readonly device: string;
  /** With its prefix length: `192.168.1.140/24`. */
  readonly address: string;
}

export interface Neighbour {
  readonly device: string;
  readonly ip: string;
  readonly mac: string;
  /** As `ip` prints it: `PERMANENT`, `STALE`. */
  readonly state: string;
}

export interface FdbEntry {
  readonly device: string;
  readonly mac: string;
  readonly destination: string;
  /** As `bridge` prints it: `permanent`, `static`, empty where it was learned. */
  readonly state: string;
}

/** A route that was given. The kernel's own follow from the addresses. */
export interface Route {
  readonly device: string;
  readonly destination: string;
  readonly via: string;
  readonly onlink: boolean;
}

export function linkNamed(model: Model, name: string): Link | undefined {
  return model.links.find((link) => link.name === name);
}

/** No port is ever put into a modelled bridge, and one without ports has no carrier. */
export function hasCarrier(link: Link): boolean {
  return link.up && link.kind !== 'bridge';
}
