import type { Mend, ReportedEntry } from '../contract/report.ts';
import { isMacAddress } from './addresses.ts';
import type { Finding } from './diagnose/finding.ts';
import { CAUSE_RULES } from './diagnose/causes.ts';
import { groupBy } from './group.ts';
import { type Device, deviceFamily, type Vtep } from './overlay.ts';
import type { Judgement } from './judge.ts';
import { isNodeName, type Pod } from './parse/kubernetes.ts';
import { restarts } from './restarts.ts';

/** How many commands are offered for single entries; beyond it, restarting flannel is shorter. */
const ENTRY_COMMANDS = 60;

/** An overlay device whose name the kernel could have given (IFNAMSIZ). */
const DEVICE = /^(flannel(-v6)?\.\d{1,8}|vxlan(-v6)?\.calico)$/;

/**
 * The commands that mend a finding. What flannel lost it programs again when it starts, on the side
 * that lost it: the observers, or the subject where its device has drifted. Lost entries can also be
 * put back one by one, at once and without a restart.
 *
 * A command is made only from tokens that pass a strict grammar, since a person will paste it into
 * a root shell; where a token does not pass, there is no command.
 */
export function mendOf(
  finding: Finding,
  judgement: Judgement,
  pods: readonly Pod[],
): readonly Mend[] {
  const { subject, observers } = finding;
  const drifted = CAUSE_RULES[finding.cause].fix.at === 'subject' && subject !== undefined;
  const nodes = drifted ? [subject] : observers;
  return [
    ...(drifted ? deviceAnew(subject, judgement) : []),
    ...entryCommands(finding, judgement.vteps),
    ...restarts(nodes, judgement, pods),
  ];
}

/**
 * flannel keeps a device that it finds, whatever its MAC is (pkg/backend/vxlan/device.go,
 * ensureLink); it makes one with the annotated MAC where there is none.
 */
function deviceAnew(where: string, { members }: Judgement): readonly Mend[] {
  const member = members.find(({ node }) => node === where);
  const annotated = member?.listed?.annotated ?? [];
  const hasDrifted = ({ name, mac }: Device): boolean =>
    annotated.some((one) => one.family === deviceFamily(name) && one.mac !== mac);
  return (member?.observed?.tables.devices ?? [])
    .filter((device) => DEVICE.test(device.name) && hasDrifted(device))
    .map(({ name }) => ({ where, command: `ip link delete ${name}` }));
}

function entryCommands(finding: Finding, vteps: readonly Vtep[]): readonly Mend[] {
  if (!CAUSE_RULES[finding.cause].fix.kinds.includes('entries')) return [];
  const bySubject = groupBy(uncontested(vteps), ({ node }) => node);
  const entries = finding.cells.flatMap((cell) => cell.entries);
  if (entries.length > ENTRY_COMMANDS) return [];
  return entries.flatMap((entry) =>
    (bySubject.get(entry.subject) ?? []).flatMap((vtep) => {
      const command = entryCommand(entry, vtep);
      return command === undefined || !isNodeName(entry.observer)
        ? []
        : [{ where: entry.observer, command }];
    }),
  );
}

/**
 * VTEPs of which no other node claims a part. A host may say any address or MAC of its own device: the
 * entries that it asks for could lead another node's packets to it.
 */
function uncontested(vteps: readonly Vtep[]): readonly Vtep[] {
  const claims = groupBy(
    vteps.flatMap((vtep) => partsOf(vtep).map((part) => ({ part, node: vtep.node }))),
    ({ part }) => part,
  );
  const isOwn = (part: string, own: string): boolean =>
    claims.get(part)?.every(({ node }) => node === own) === true;
  return vteps.filter((vtep) => partsOf(vtep).every((part) => isOwn(part, vtep.node)));
}

function partsOf({ tunnelIp, mac, podCidr }: Vtep): readonly string[] {
  return [tunnelIp, mac, podCidr].filter((part) => part !== undefined);
}

/** `replace` makes the entry or puts it right, and does nothing where it is right already. */
function entryCommand(entry: ReportedEntry, vtep: Vtep): string | undefined {
  const { tunnelIp, mac, underlayIp, podCidr } = vtep;
  const device = / dev (\S+)/.exec(entry.expected)?.[1] ?? '';
  const isOwn = entry.expected.startsWith(`${ownKey(entry, vtep)} `);
  if (!DEVICE.test(device) || tunnelIp === undefined || !isOwn) return undefined;
  switch (entry.table) {
    case 'neighbour':
      return mac !== undefined && isMacAddress(mac)
        ? `ip neigh replace ${tunnelIp} lladdr ${mac} dev ${device} nud permanent`
        : undefined;
    case 'fdb':
      return mac !== undefined && isMacAddress(mac) && underlayIp !== undefined
        ? `bridge fdb replace ${mac} dev ${device} dst ${underlayIp} self permanent`
        : undefined;
    case 'route':
      return podCidr === undefined
        ? undefined
        : `ip route replace ${podCidr} via ${tunnelIp} dev ${device} onlink`;
  }
}

/** The first word of the expected entry: it tells of which family the entry is. */
function ownKey({ table }: ReportedEntry, { tunnelIp, mac, podCidr }: Vtep): string | undefined {
  switch (table) {
    case 'neighbour':
      return tunnelIp;
    case 'fdb':
      return mac;
    case 'route':
      return podCidr;
  }
}
