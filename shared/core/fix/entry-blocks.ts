import type { Finding } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import { groupBy } from '../group.ts';
import type { Cell } from '../matrix/cells.ts';
import { hasDirectRoutes } from '../matrix/direct.ts';
import { ownDevice } from '../members/member.ts';
import { commandOf, type WantedEntry } from '../overlay/entries.ts';
import { type Family, isMacAddress } from '../overlay/addresses.ts';
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
  readonly device: string;
  readonly entries: Map<WantedEntry['table'], WantedEntry>;
  readonly hosts: Set<string>;
}

/** Whether a command may be made of an entry. */
type IsAllowed = (subject: string, wanted: WantedEntry) => boolean;

export function entryBlocks(
  finding: Finding,
  judgement: Judgement,
  isAllowed: IsAllowed,
): readonly EntryBlock[] {
  // Only flannel knows what it sets for these.
  const cells = finding.cells.filter(({ way }) => way !== 'either');
  const groups = subjectsIn(cells, { isAllowed, deviceOf: devicesIn(judgement) });
  const vteps = new Map(
    judgement.vteps
      .filter(({ node }) => groups.some(({ subject }) => subject === node))
      .map((vtep) => [`${vtep.family} ${vtep.node}`, vtep]),
  );
  const guarded = groups.flatMap(({ subject, device, entries, hosts }) => {
    const command = guardedCommand([...entries.values()], device, (family) =>
      vteps.get(`${family} ${subject}`),
    );
    return command === undefined ? [] : [{ command, hosts: [...hosts] }];
  });
  const length = guarded.reduce((sum, { command }) => sum + command.length, 0);
  if (guarded.length === 0 || length > BLOCK_LENGTH) return [];
  // A host that routes directly to a node must not get the entries of the tunnel as well.
  if (hasDirectRoutes(judgement)) {
    return [...groupBy(guarded, ({ hosts }) => hosts.join(' ')).values()].map((alike) => ({
      hosts: alike[0]?.hosts ?? [],
      commands: alike.map(({ command }) => command),
    }));
  }
  return [
    {
      hosts: [...new Set(guarded.flatMap(({ hosts }) => hosts))],
      commands: guarded.map(({ command }) => command),
    },
  ];
}

/** What the overlay device of an observer is called. */
function devicesIn({ matrix, profile }: Judgement): (observer: string, family: Family) => string {
  return (observer, family) =>
    ownDevice(matrix.rows.get(observer)?.devices, family)?.name ?? profile.devices[family];
}

/** None where they are of too many nodes. */
function subjectsIn(
  cells: readonly Cell[],
  {
    isAllowed,
    deviceOf,
  }: { readonly isAllowed: IsAllowed; readonly deviceOf: ReturnType<typeof devicesIn> },
): readonly SubjectEntries[] {
  const groups = new Map<string, SubjectEntries>();
  for (const { observer, subject, entries } of cells) {
    if (!isNodeName(observer)) continue;
    for (const { wanted } of entries) {
      if (!isAllowed(subject, wanted)) continue;
      const { table, family } = wanted;
      const device = wanted.device ?? deviceOf(observer, family);
      // A host that routes directly to a node must not get the entries of the tunnel as well.
      const key = `${family} ${device} ${subject} ${table === 'direct'}`;
      const group = groups.get(key) ?? { subject, device, entries: new Map(), hosts: new Set() };
      group.entries.set(table, wanted);
      group.hosts.add(observer);
      groups.set(key, group);
      if (groups.size > SUBJECTS) return [];
    }
  }
  return [...groups.values()];
}

/** flannel and Calico give a device the address of one host. Any other one is not theirs, as a DHCP client's. */
const OWN_LENGTH = { ipv4: '/32', ipv6: '/128' } as const;

/** A route makes the kernel ask for the neighbour: it comes last. */
const ORDER = ['neighbour', 'fdb', 'route', 'direct'] as const;

function guardedCommand(
  entries: readonly WantedEntry[],
  device: string,
  vtepOf: (family: Vtep['family']) => Vtep | undefined,
): string | undefined {
  const [first] = entries;
  if (first === undefined || !isOverlayDevice(device)) return undefined;
  const { family } = first;
  const commands = ORDER.flatMap((table) =>
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
