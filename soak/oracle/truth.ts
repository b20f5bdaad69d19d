import type { Table } from '../../shared/contract/causes.ts';
import type { Damage, Fault, PacketLoss } from '../story.ts';
import type { Cell } from '../world/damage.ts';
import { publishedLease } from '../world/damage.ts';
import { ALL_TABLES, entriesOf } from '../world/entries.ts';
import type { Host } from '../world/host.ts';
import { keyOf } from '../world/kernel.ts';
import type { World } from '../world/world.ts';

/** Whether the cell is still wrong. The observer must be running; a subject that boots is a node all the while. */
export function isWrong(world: World, cell: Cell): boolean {
  const { observer, subject, tables, isOfSettings, isOfReplies, isUnannounced, loss } = cell;
  if (loss !== undefined) return isLossThere(world, { observer, subject, loss });
  if (!world.isMember(observer)) return false;
  if (isOfReplies === true) {
    return isWrong(world, { observer: subject, subject: observer, tables });
  }
  if (isUnannounced === true) {
    return world.isMember(subject) && publishedLease(world, subject) === undefined;
  }
  if (isOfSettings === true) {
    const [one, other] = [observer.kernel.device, subject.kernel.device];
    const lease = publishedLease(world, subject);
    if (one === undefined || other === undefined || lease === undefined) return false;
    return one.port !== other.port || other.tunnelIp !== lease.tunnelIp;
  }
  return tables.some((table) => isTableWrong(world, { observer, subject, table }));
}

/** Packets to a node that boots are lost all the while. */
function isLossThere(
  world: World,
  { observer, subject, loss }: { observer: Host; subject: Host; loss: PacketLoss },
): boolean {
  const areNodes = [observer, subject].every((host) => publishedLease(world, host) !== undefined);
  return areNodes && subject.losses.includes(loss);
}

/** Whether both hosts hold all of each other, so that what they lose is lost on the way. */
export function areTablesRight(world: World, { observer, subject }: Cell): boolean {
  return ALL_TABLES.every(
    (table) =>
      !isTableWrong(world, { observer, subject, table }) &&
      !isTableWrong(world, { observer: subject, subject: observer, table }),
  );
}

/**
 * What packets need: the MAC that the subject's device has, at the address that the subject has. While
 * the subject has no device, what it published.
 */
function isTableWrong(
  world: World,
  { observer, subject, table }: { observer: Host; subject: Host; table: Table },
): boolean {
  const lease = publishedLease(world, subject);
  if (lease === undefined) return false;
  const mac = subject.kernel.device?.mac ?? lease.mac;
  const needed = entriesOf({ ...lease, mac }).find((entry) => entry.table === table);
  if (needed === undefined) return false;
  const held = observer.kernel.find(table, keyOf(needed));
  return JSON.stringify(held) !== JSON.stringify(needed);
}

/** Whether nothing keeps the host's answers from being whole and in time, and it is old enough to be judged. */
export function isUndisturbed(world: World, host: Host): boolean {
  const node = world.api.now().get(host.name);
  const age = world.now - Math.max(host.bootedAt ?? Infinity, node?.createdAt ?? Infinity);
  const flanneldAge = world.now - (host.flanneldSince ?? Infinity);
  const isWell = host.quietSince === undefined && host.trouble === undefined;
  return isWell && age > GRACE_MS.host && flanneldAge > GRACE_MS.flanneld;
}

/** No grace of the design lasts longer. */
const GRACE_MS = { host: 360_000, flanneld: 150_000 } as const;

/** What the runbook calls this damage, in a deployment that sees the nodes' annotations or not. */
export function rightCauses(
  damage: Damage,
  {
    seesAnnotations,
    isEveryPair,
  }: {
    readonly seesAnnotations: boolean;
    /** Every node has lost every other: its rows are as wrong as its columns. */
    readonly isEveryPair: boolean;
  },
): readonly string[] {
  switch (damage.kind) {
    case 'entries-lost': {
      const tables = damage.tables.join(' ');
      const flushed = isEveryPair ? FLUSHED[tables] : undefined;
      return [LOST[tables] ?? 'entries-missing', ...(flushed === undefined ? [] : [flushed])];
    }
    case 'flush':
      return [FLUSHED[damage.tables.join(' ')] ?? 'tables-empty'];
    case 'not-permanent':
      return ['neighbour-not-permanent'];
    case 'old-mac':
      return seesAnnotations ? ['stale-mac'] : ['stale-mac', 'mac-mismatch'];
    case 'drift':
      return seesAnnotations ? ['mac-drift'] : ['mac-drift', 'mac-mismatch'];
    case 'old-address':
      return ['underlay-moved'];
    // Until half of the peers have lost it, and without a list, nobody knows why they have.
    case 'unannounced':
      return ['annotation-missing', 'never-programmed'];
    case 'blackhole':
      return ['ghost-entry'];
    case 'overlap':
      return ['overlap'];
    case 'bridge':
      return ['bridge-mismatch'];
    case 'port':
      return ['vxlan-mismatch'];
    // Without a list the device is believed, and what the peers hold is not.
    case 'address':
      return seesAnnotations ? ['tunnel-ip-drift'] : ['tunnel-ip-drift', 'entries-missing'];
    case 'mtu':
      return ['mtu-mismatch'];
    case 'device-gone':
      return ['device-missing'];
    case 'device-down':
      return ['device-down'];
    case 'partition':
      return ['partition'];
    case 'packets-lost':
      return ['overlay-blackhole'];
  }
}

const LOST: Readonly<Record<string, string>> = {
  neighbour: 'neighbour-missing',
  fdb: 'fdb-missing',
  route: 'route-missing',
  'neighbour fdb route': 'never-programmed',
};

const FLUSHED: Readonly<Record<string, string>> = {
  neighbour: 'neighbours-flushed',
  'neighbour route': 'neighbours-and-routes-lost',
  'neighbour fdb route': 'tables-empty',
};

/** Whose fault it is: the nodes that others lost, or the nodes that lost others. */
export function shapeOf({ damage }: Fault): 'column' | 'row' | 'partition' {
  switch (damage.kind) {
    case 'entries-lost':
    case 'not-permanent':
    case 'old-mac':
    case 'drift':
    case 'blackhole':
    case 'overlap':
    case 'bridge':
    case 'mtu':
    case 'address':
    case 'port':
    case 'old-address':
    case 'unannounced':
    case 'packets-lost':
      return 'column';
    case 'flush':
    case 'device-gone':
    case 'device-down':
      return 'row';
    case 'partition':
      return 'partition';
  }
}

/** The cells that a page must speak of: what a host lost of its own row by such a fault goes with its column. */
export function columnOf({ damage }: Fault, cells: readonly Cell[]): readonly Cell[] {
  if (damage.kind !== 'drift' && damage.kind !== 'overlap') return cells;
  const column = cells.filter(({ subject }) => subject.name === damage.subject);
  return column.length === 0 ? cells : column;
}

/** For tables of figures: `flush of neighbour, route on 1`. */
export function labelOf({ damage }: Fault): string {
  switch (damage.kind) {
    case 'entries-lost':
      return `${damage.tables.join('+')} lost of ${manyOf(damage.subjects)}${damage.observers === 'others' ? '' : ', partly'}`;
    case 'flush':
      return `${damage.tables.join('+')} flushed on ${manyOf(damage.observers)}`;
    case 'device-down':
      return `device down on ${manyOf(damage.observers)}`;
    case 'device-gone':
      return `device gone on ${manyOf(damage.observers)}`;
    case 'not-permanent':
    case 'old-mac':
    case 'old-address':
      return `${damage.kind}${damage.observers === 'others' ? '' : ', partly'}`;
    case 'unannounced':
    case 'drift':
    case 'blackhole':
    case 'overlap':
    case 'bridge':
    case 'mtu':
    case 'address':
    case 'port':
    case 'partition':
      return damage.kind;
    case 'packets-lost': {
      const whose = damage.nodes === 'all' ? 'all nodes' : manyOf(damage.nodes);
      return `packets lost (${damage.which}, ${damage.direction}) of ${whose}`;
    }
  }
}

function manyOf({ length }: readonly string[]): string {
  return length === 1 ? 'one node' : 'several nodes';
}
