import type { Table } from '../../contract/causes.ts';
import type { Judgement } from '../judge.ts';
import { vtepName } from '../matrix/direct.ts';
import { type Member, ownDevice } from '../members/member.ts';
import { addressOf, familyOf } from '../overlay/addresses.ts';
import { claimsIn, type VtepParts } from '../overlay/entries.ts';
import type { Vtep } from '../overlay/vtep.ts';

/**
 * Which parts of a VTEP a command may be made of. Three sources speak of a part: the node list, the
 * subject's own device, and the peers that hold it. Two of them must agree: one host may say anything,
 * and a person will paste the command into root shells of all others.
 */
export type Part = keyof VtepParts;

/** How many hosts that showed their tables are asked what they hold. */
const PEERS_ASKED = 50;

/** Tables whose entries join a part to another one of the same node. */
const TABLES_WITH: Readonly<Record<Part, readonly Table[]>> = {
  podCidr: ['route'],
  tunnelIp: ['neighbour', 'route'],
  mac: ['neighbour', 'fdb'],
  underlayIp: ['fdb'],
};

export function confirmedIn(judgement: Judgement): (vtep: Vtep, part: Part) => boolean {
  const members = new Map(judgement.members.map((member) => [member.node, member]));
  const doPeersAgree = agreementIn(judgement);
  return (vtep, part) => {
    if (vtep[part] === undefined) return false;
    const member = members.get(vtep.node);
    const others = [isListed(member, vtep, part), isOnDevice(member, vtep, part)];
    return others.some(Boolean) && (others.every(Boolean) || doPeersAgree(vtep, part));
  };
}

function isListed(member: Member | undefined, vtep: Vtep, part: Part): boolean {
  const listed = member?.listed;
  if (listed === undefined) return false;
  const { family } = vtep;
  const annotated = listed.annotated.find((one) => one.family === family);
  const calico = listed.calico?.find((one) => one.family === family);
  const cidr = listed.podCidrs.find((one) => familyOf(one) === family);
  switch (part) {
    case 'mac':
      return annotated?.mac === vtep.mac;
    case 'underlayIp':
      return annotated?.publicIp === undefined
        ? listed.internalIps.some((ip) => ip === vtep.underlayIp)
        : annotated.publicIp === vtep.underlayIp;
    case 'tunnelIp':
      return (
        calico?.tunnelIp === vtep.tunnelIp ||
        (cidr !== undefined && addressOf(cidr) === vtep.tunnelIp)
      );
    case 'podCidr':
      return cidr === vtep.podCidr;
  }
}

/** flannel gives its device the network address of the pod CIDR, so the device speaks of that too. */
function isOnDevice(member: Member | undefined, vtep: Vtep, part: Part): boolean {
  const device = ownDevice(member?.observed?.tables.devices, vtep.family);
  if (device === undefined) return false;
  const has = (ip: string | undefined): boolean =>
    ip !== undefined && device.addresses.some((one) => one.startsWith(`${ip}/`));
  switch (part) {
    case 'mac':
      return device.mac === vtep.mac;
    case 'underlayIp':
      return device.local === vtep.underlayIp;
    case 'tunnelIp':
      return has(vtep.tunnelIp);
    case 'podCidr':
      return vtep.podCidr !== undefined && has(addressOf(vtep.podCidr));
  }
}

/**
 * Whether peers hold a part beside another part of the same VTEP, and not fewer of them than hold
 * something else there. Peers that hold nothing say nothing.
 */
function agreementIn(judgement: Judgement): (vtep: Vtep, part: Part) => boolean {
  const columns = columnsOf(judgement);
  const witnesses = digestWitnesses(judgement);
  const held = heldInTables(judgement);
  return (vtep, part) =>
    (PARTS_OF_DIRECT.has(part) && isHeldDirectly(judgement, vtep)) ||
    TABLES_WITH[part].some((table) => {
      const column = columns.get(`${table} ${vtep.node}`);
      const hosts = witnesses[table];
      const inDigests = hosts.size - (hosts.has(vtep.node) ? 1 : 0) - (column?.digests ?? 0);
      const holders = Math.max(0, inDigests) + (held.get(claimKey(table, vtep)) ?? 0);
      return holders > 0 && holders >= (column?.changed ?? 0);
    });
}

/** A direct route joins the two. */
const PARTS_OF_DIRECT: ReadonlySet<Part> = new Set(['podCidr', 'underlayIp']);

function isHeldDirectly({ matrix }: Judgement, vtep: Vtep): boolean {
  const { right, changed } = matrix.directHolders.get(vtepName(vtep)) ?? { right: 0, changed: 0 };
  return right > 0 && right >= changed;
}

/** What is wrong with a subject in one table: on how many digested hosts, and where another value is. */
interface Column {
  digests: number;
  changed: number;
}

function columnsOf({ matrix, members }: Judgement): ReadonlyMap<string, Column> {
  const digested = new Set(
    members.flatMap(({ node, observed }) => (observed?.kind === 'digest' ? [node] : [])),
  );
  const columns = new Map<string, Column>();
  for (const { observer, subject, state } of matrix.cells) {
    for (const table of ['neighbour', 'fdb', 'route'] as const) {
      if (state[table] === 'right') continue;
      const column = columns.get(`${table} ${subject}`) ?? { digests: 0, changed: 0 };
      columns.set(`${table} ${subject}`, column);
      if (digested.has(observer)) column.digests += 1;
      if (state[table] === 'changed') column.changed += 1;
    }
  }
  return columns;
}

/**
 * Hosts whose digests show of every subject what is wrong. A host with direct routes holds no entry of
 * the overlay for some, and of a row that is sampled not all cells are known.
 */
function digestWitnesses({
  matrix,
  members,
}: Judgement): Readonly<Record<Table, ReadonlySet<string>>> {
  const witnesses = {
    neighbour: new Set<string>(),
    fdb: new Set<string>(),
    route: new Set<string>(),
  };
  for (const { node, observed } of members) {
    const row = matrix.rows.get(node);
    if (row === undefined || observed?.kind !== 'digest') continue;
    if (observed.digest.counts.direct > 0 || row.unheld.size > 0) continue;
    for (const table of row.shown) if (!row.lost.has(table)) witnesses[table].add(node);
  }
  return witnesses;
}

/** How many hosts hold each claim, of those that showed their tables. No host speaks of itself. */
function heldInTables({ members, vteps }: Judgement): ReadonlyMap<string, number> {
  const owners = new Map(
    vteps.flatMap((vtep) =>
      (['neighbour', 'fdb', 'route'] as const).map((table) => [claimKey(table, vtep), vtep.node]),
    ),
  );
  const held = new Map<string, number>();
  const hosts = members.filter(({ observed }) => observed?.kind === 'tables');
  for (const { node, observed } of hosts.slice(0, PEERS_ASKED)) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const claims = claimsIn(observed?.tables ?? {}, family).map((claim) => keyOfClaim(claim));
      for (const key of new Set(claims)) {
        if (owners.get(key) !== node) held.set(key, (held.get(key) ?? 0) + 1);
      }
    }
  }
  return held;
}

function keyOfClaim({ podCidr, tunnelIp, mac, underlayIp }: VtepParts): string {
  const table = podCidr !== undefined ? 'route' : tunnelIp === undefined ? 'fdb' : 'neighbour';
  return claimKey(table, { podCidr, tunnelIp, mac, underlayIp });
}

function claimKey(table: Table, { podCidr, tunnelIp, mac, underlayIp }: VtepParts): string {
  switch (table) {
    case 'neighbour':
      return `${table} ${tunnelIp} ${mac}`;
    case 'fdb':
      return `${table} ${mac} ${underlayIp}`;
    case 'route':
      return `${table} ${podCidr} ${tunnelIp}`;
  }
}
