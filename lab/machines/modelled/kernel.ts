import type { Host } from '../machine.ts';
import {
  UNDERLAY_DEVICE,
  UNDERLAY_MTU_BYTES,
  UNDERLAY_PREFIX_BITS,
  underlayMac,
} from '../roster.ts';

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
  /** Empty for a blackhole. */
  readonly device: string;
  readonly destination: string;
  readonly via?: string | undefined;
  readonly onlink: boolean;
}

export function linkNamed(model: Model, name: string): Link | undefined {
  return model.links.find((link) => link.name === name);
}

/** No port is ever put into a modelled bridge, and one without ports has no carrier. */
export function hasCarrier(link: Link): boolean {
  return link.up && link.kind !== 'bridge';
}

const LOOPBACK_MTU_BYTES = 65_536;

/** The machine before flannel comes: loopback and its end of the underlay. */
export function cabled(host: Host): Model {
  const loopback: Link = {
    index: 1,
    name: 'lo',
    kind: 'loopback',
    up: true,
    mtu: LOOPBACK_MTU_BYTES,
    mac: '00:00:00:00:00:00',
  };
  const underlay: Link = {
    index: 2,
    name: UNDERLAY_DEVICE,
    kind: 'cable',
    up: true,
    mtu: UNDERLAY_MTU_BYTES,
    mac: underlayMac(host.underlayIp),
  };
  const address = `${host.underlayIp}/${UNDERLAY_PREFIX_BITS}`;
  const model: Model = {
    nextIndex: 3,
    links: [loopback, underlay],
    addresses: [{ device: UNDERLAY_DEVICE, address }],
    neighbours: [],
    fdb: [],
    routes: [],
  };
  return withLinkLocal(model, underlay);
}

const PREFIX = 'fe80::';

/** The kernel gives a device that comes up an address of its own, and keeps it while it is up, also
 * where the MAC that it was made of changes. */
export function withLinkLocal(model: Model, link: Link): Model {
  const without = withoutLinkLocal(model, link.name);
  if (!hasCarrier(link)) return without;
  const own = { device: link.name, address: `${linkLocal(link.mac)}/64` };
  return { ...without, addresses: [...without.addresses, own] };
}

export function withoutLinkLocal(model: Model, name: string): Model {
  const addresses = model.addresses.filter(
    ({ device, address }) => device !== name || !address.startsWith(PREFIX),
  );
  return { ...model, addresses };
}

/** RFC 4291, appendix A: the modified EUI-64 of a MAC. */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16));
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  const written = groups[0] === 0 ? groups.slice(1) : groups;
  return `${PREFIX}${written.map((group) => group.toString(16)).join(':')}`;
}
