import { type Table, TABLES } from '../../contract/causes.ts';
import { type Family, isMacAddress, parseCidr, parseIp } from './addresses.ts';
import { isOverlayDevice, ofOverlay, type Profile } from './profile.ts';
import type { FdbEntry, NeighbourEntry, PrintedEntry, RouteEntry, Tables, Vtep } from './vtep.ts';

/**
 * The rule that everything follows from: what a host's kernel must hold so that packets reach the pods
 * of another node.
 *
 * A packet for a pod goes through three tables, and each answers a question that the one before it
 * leaves open:
 *
 *     route      pod CIDR  → tunnel IP      which node has this pod?
 *     neighbour  tunnel IP → VTEP MAC       what is the inner frame's destination?
 *     fdb        VTEP MAC  → underlay IP    what is the outer packet's destination?
 *
 * The neighbour table and the FDB are easily confused. RFC 7348, section 4.1, has both: the sender
 * needs the MAC of the destination before there is a frame to send (a neighbour entry, for which it
 * would ask by ARP), and then the VTEP that this MAC is behind (an FDB entry, which it would learn from
 * the answer). flannel's devices learn nothing, so flannel programs all three for every other node,
 * permanently, and never checks them again: flannel@cdf76059 pkg/backend/vxlan/vxlan_network.go,
 * handleSubnetEvents, and device.go, AddARP and AddFDB. With any one of the three gone the node is
 * lost to this host.
 *
 * With `DirectRouting`, a node that the host reaches without a gateway needs no overlay: it gets a plain
 * route to its pod CIDR by its underlay IP, and none of the three (the same file, `directRoute`, and
 * pkg/ip/iface.go, DirectRouting). flannel decides it pair by pair.
 */

/** How an observer reaches a node: by VXLAN, or straight by the underlay. */
type Way = 'overlay' | 'direct';

/** An entry that an observer must hold for a node that it reaches by the overlay. */
export interface OverlayEntry {
  readonly table: Table;
  readonly key: string;
  readonly value: string;
  readonly device: string;
  readonly family: Family;
}

/** The route to a node that needs no overlay. flannel names no device: the kernel finds it. */
export interface DirectEntry {
  readonly table: 'direct';
  readonly key: string;
  readonly value: string;
  readonly device: undefined;
  readonly family: Family;
}

export type WantedEntry = OverlayEntry | DirectEntry;

/** The parts of a VTEP. Every entry joins two of them. */
export type VtepParts = Pick<Vtep, 'podCidr' | 'tunnelIp' | 'mac' | 'underlayIp'>;

/** Which part of a VTEP is the key, and which the value. */
function ruleOf({ tunnelIp, mac, underlayIp, podCidr }: VtepParts) {
  return {
    neighbour: { key: tunnelIp, value: mac },
    fdb: { key: mac, value: underlayIp },
    route: { key: podCidr, value: tunnelIp },
    direct: { key: podCidr, value: underlayIp },
  } as const;
}

/**
 * The rule read backwards: the parts of VTEPs that the entries of a host show, of those over an overlay
 * device of the family. A host that holds an entry claims that its two parts belong to one node.
 */
export function claimsIn(tables: Tables, family: Family): readonly VtepParts[] {
  const isOfOverlay = ofOverlay(family);
  const { neighbours = [], fdb = [], routes = [] } = tables;
  return [
    ...neighbours.filter(isOfOverlay).map(({ ip, mac }) => ({ tunnelIp: ip, mac })),
    ...fdb.filter(isOfOverlay).map(({ mac, destination }) => ({ mac, underlayIp: destination })),
    ...routes
      .filter(isOfOverlay)
      .map(({ destination, gateway }) => ({ podCidr: destination, tunnelIp: gateway })),
  ];
}

/** The tables in which a node has one entry that follows from its VTEP. */
export function tablesOf({ routes }: Profile): readonly Table[] {
  return routes === 'pod-cidr' ? TABLES : TABLES.filter((table) => table !== 'route');
}

/**
 * The entries that an observer must hold for a VTEP. One of which the key or the value is not known is
 * not among them, and that table is unknown.
 */
export function entriesOf(vtep: Vtep, way: 'overlay', profile: Profile): readonly OverlayEntry[];
export function entriesOf(vtep: Vtep, way: 'direct', profile: Profile): readonly DirectEntry[];
export function entriesOf(vtep: Vtep, way: Way, profile: Profile): readonly WantedEntry[] {
  const { family } = vtep;
  const rule = ruleOf(vtep);
  if (way === 'direct') {
    const { key, value } = rule.direct;
    const isWanted = profile.routes === 'pod-cidr' && key !== undefined && value !== undefined;
    return isWanted ? [{ table: 'direct', key, value, device: undefined, family }] : [];
  }
  const device = profile.devices[family];
  const entries: OverlayEntry[] = [];
  for (const table of tablesOf(profile)) {
    const { key, value } = rule[table];
    if (key === undefined || value === undefined) continue;
    entries.push({ table, key, value, device, family });
  }
  return entries;
}

/** Whether all that observers must hold for a VTEP is known. */
export function isKnown(vtep: Vtep, profile: Profile): boolean {
  const rule = ruleOf(vtep);
  return tablesOf(profile).every(
    (table) => rule[table].key !== undefined && rule[table].value !== undefined,
  );
}

/** The keys under which observers hold a VTEP, as far as they are known, whatever the values. */
export function keysOf(vtep: Vtep): Readonly<Record<Table, string | undefined>> {
  const { neighbour, fdb, route } = ruleOf(vtep);
  return { neighbour: neighbour.key, fdb: fdb.key, route: route.key };
}

/** Whether an entry that a host holds has the key or the value that its table has for one of the VTEPs. */
export function isAboutOneOf(vteps: readonly Vtep[]): (entry: PrintedEntry) => boolean {
  const rules = vteps.map(ruleOf);
  const known = (table: Table) => ({
    keys: new Set<string | undefined>(rules.map((rule) => rule[table].key)),
    values: new Set<string | undefined>(rules.map((rule) => rule[table].value)),
  });
  const tables = { neighbour: known('neighbour'), fdb: known('fdb'), route: known('route') };
  return ({ table, key, value }) =>
    tables[table].keys.has(key) || (value !== undefined && tables[table].values.has(value));
}

/** The entry as `ip` or `bridge` prints it. */
export function textOf(entry: WantedEntry): string {
  const { table, key, value, device } = entry;
  switch (table) {
    case 'neighbour':
      return `${neighbourText(entry)} PERMANENT`;
    case 'fdb':
      return `${key} dev ${device} dst ${value} self permanent`;
    case 'route':
      return `${key} via ${value} dev ${device} onlink`;
    case 'direct':
      return `${key} via ${value}`;
  }
}

/**
 * How an entry is shown that works until the kernel ages it out, on a device. Undefined in tables in
 * which the kernel ages nothing.
 */
export function weakTextOf(entry: OverlayEntry): ((device: string) => string) | undefined {
  return entry.table === 'neighbour'
    ? (device) => `${neighbourText({ ...entry, device })}, not PERMANENT`
    : undefined;
}

/** A neighbour entry without its state. */
function neighbourText({
  key,
  value,
  device,
}: Pick<OverlayEntry, 'key' | 'value' | 'device'>): string {
  return `${key} dev ${device} lladdr ${value}`;
}

/**
 * The command that makes the entry or puts it right, and does nothing where it is right already.
 * Undefined unless every token passes a strict grammar: a person pastes it into a root shell.
 */
export function commandOf(entry: WantedEntry): string | undefined {
  const { table, key, value, device } = entry;
  const grammar = GRAMMAR[table];
  const isSafe = grammar.key(key) && grammar.value(value);
  if (!isSafe || (device !== undefined && !isOverlayDevice(device))) return undefined;
  switch (table) {
    case 'neighbour':
      return `ip neigh replace ${key} lladdr ${value} dev ${device} nud permanent`;
    case 'fdb':
      return `bridge fdb replace ${key} dev ${device} dst ${value} self permanent`;
    case 'route':
      return `ip route replace ${key} via ${value} dev ${device} onlink`;
    case 'direct':
      return `ip route replace ${key} via ${value}`;
  }
}

const isIp = (text: string): boolean => parseIp(text) === text;
const isCidr = (text: string): boolean => parseCidr(text) === text;

const GRAMMAR = {
  neighbour: { key: isIp, value: isMacAddress },
  fdb: { key: isMacAddress, value: isIp },
  route: { key: isCidr, value: isIp },
  direct: { key: isCidr, value: isIp },
} as const satisfies Readonly<
  Record<WantedEntry['table'], Readonly<Record<'key' | 'value', (text: string) => boolean>>>
>;

/** An entry that a host holds, in the terms of the rule. */
export interface HeldEntry {
  readonly key: string;
  /** Undefined while the kernel has no answer for the key. */
  readonly value: string | undefined;
  /** It works, until the kernel ages it out. */
  readonly weak: boolean;
  /** As its tool prints it. */
  readonly text: string;
}

export function heldNeighbour({ ip, mac, permanent, state, device }: NeighbourEntry): HeldEntry {
  const held =
    mac === undefined ? `${ip} dev ${device}` : neighbourText({ key: ip, value: mac, device });
  return { key: ip, value: mac, weak: !permanent, text: `${held} ${state}`.trim() };
}

export function heldFdb({ mac, destination, device }: FdbEntry): HeldEntry {
  const text = `${mac} dev ${device} dst ${destination}`;
  return { key: mac, value: destination, weak: false, text };
}

export function heldRoute({ destination, gateway, device }: RouteEntry): HeldEntry {
  const text = `${destination} via ${gateway} dev ${device}`;
  return { key: destination, value: gateway, weak: false, text };
}
