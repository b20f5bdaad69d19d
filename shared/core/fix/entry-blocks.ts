import { TABLES, type Table } from '../../contract/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import { type Cell, isWrong } from '../matrix/cells.ts';
import { commandOf, type OverlayEntry } from '../overlay/entries.ts';
import { isMacAddress } from '../overlay/addresses.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { isNodeName } from '../parse/kubernetes.ts';

/**
 * Commands that put entries back, one for each node that others have lost. The same block runs on any
 * host: a command does nothing on the host that owns the tunnel IP or the MAC address, or whose device is
 * missing or has no address of the overlay's, and makes right what is wrong everywhere else.
 */
export interface EntryBlock {
  readonly hosts: readonly string[];
  readonly commands: readonly string[];
}

/** How long all commands of a block may be: a page has 4 kB. Beyond it a restart is shorter. */
const BLOCK_LENGTH = 1600;

/** So many nodes with one to three entries each may fit. */
const SUBJECTS = 16;

/** The entries of one subject on one device. */
interface SubjectEntries {
  readonly subject: string;
  readonly tables: Map<Table, OverlayEntry>;
  readonly hosts: Set<string>;
}

/** Whether a command may be made of an entry. */
type IsAllowed = (subject: string, wanted: OverlayEntry) => boolean;

export function entryBlocks(
  finding: Finding,
  judgement: Judgement,
  isAllowed: IsAllowed,
): readonly EntryBlock[] {
  const hasDirect = hasDirectRoutes(judgement);
  const cells = hasDirect ? finding.cells.filter((cell) => !isUnheld(cell)) : finding.cells;
  const groups = subjectsIn(cells, isAllowed);
  const vteps = new Map(
    judgement.vteps
      .filter(({ node }) => groups.some(({ subject }) => subject === node))
      .map((vtep) => [`${vtep.family} ${vtep.node}`, vtep]),
  );
  const guarded = groups.flatMap(({ subject, tables, hosts }) => {
    const command = guardedCommand([...tables.values()], (family) =>
      vteps.get(`${family} ${subject}`),
    );
    return command === undefined ? [] : [{ command, hosts: [...hosts] }];
  });
  const length = guarded.reduce((sum, { command }) => sum + command.length, 0);
  if (guarded.length === 0 || length > BLOCK_LENGTH) return [];
  // A host that routes directly to a node must not get the entries of the tunnel as well.
  if (hasDirect) {
    return guarded.map(({ command, hosts }) => ({ hosts, commands: [command] }));
  }
  return [
    {
      hosts: [...new Set(guarded.flatMap(({ hosts }) => hosts))],
      commands: guarded.map(({ command }) => command),
    },
  ];
}

/**
 * Where an observer holds nothing of a subject, and hosts route directly, it may have lost a direct route:
 * only flannel knows which of the two it sets.
 */
function isUnheld({ state }: Cell): boolean {
  return TABLES.every((table) => isWrong(state[table]));
}

/** None where they are of too many nodes. */
function subjectsIn(cells: readonly Cell[], isAllowed: IsAllowed): readonly SubjectEntries[] {
  const groups = new Map<string, SubjectEntries>();
  for (const { observer, subject, entries } of cells) {
    if (!isNodeName(observer)) continue;
    for (const { wanted } of entries) {
      if (!isAllowed(subject, wanted)) continue;
      const key = `${wanted.family} ${wanted.device} ${subject}`;
      const group = groups.get(key) ?? { subject, tables: new Map(), hosts: new Set() };
      group.tables.set(wanted.table, wanted);
      group.hosts.add(observer);
      groups.set(key, group);
      if (groups.size > SUBJECTS) return [];
    }
  }
  return [...groups.values()];
}

/** flannel and Calico give a device the address of one host. Any other one is not theirs, as a DHCP client's. */
const OWN_LENGTH = { ipv4: '/32', ipv6: '/128' } as const;

function guardedCommand(
  entries: readonly OverlayEntry[],
  vtepOf: (family: Vtep['family']) => Vtep | undefined,
): string | undefined {
  const [first] = entries;
  if (first === undefined || !isOverlayDevice(first.device)) return undefined;
  const { device, family } = first;
  const commands = TABLES.flatMap((table) =>
    entries.filter((entry) => entry.table === table).map(commandOf),
  ).filter((command) => command !== undefined);
  const { tunnelIp, mac } = vtepOf(family) ?? {};
  if (tunnelIp === undefined) return undefined;
  // An owner whose device has lost its address must not be taken for a peer: its pods' route would go.
  const own = [
    `*[!0-9a-f.:]${tunnelIp}/*`,
    ...(mac !== undefined && isMacAddress(mac) ? [`*${mac}*`] : []),
  ].join('|');
  const shown = `$(ip addr show dev ${device} 2>/dev/null)`;
  return `case ${shown} in ${own}) ;; *${OWN_LENGTH[family]}*) ${commands.join(' && ')} ;; esac`;
}

/** Whether some host reaches another one without the overlay, as far as the hosts show it. */
export function hasDirectRoutes({ members, vteps }: Judgement): boolean {
  const cidrs = new Set(vteps.map(({ podCidr }) => podCidr));
  return members.some(({ observed }) => {
    if (observed === undefined) return false;
    if ((observed.digest?.counts.direct ?? 0) > 0) return true;
    return (observed.tables.routes ?? []).some(
      ({ destination, device }) => !isOverlayDevice(device) && cidrs.has(destination),
    );
  });
}
