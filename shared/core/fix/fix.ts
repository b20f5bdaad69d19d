import type { Fix, FixKind } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { PodList } from '../facts.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { commandOf, keysOf } from '../overlay/entries.ts';
import { deviceFamily, isOverlayDevice } from '../overlay/profile.ts';
import { isNodeName } from '../parse/kubernetes.ts';
import { restartsIn } from './restarts.ts';

/** How many commands are offered for single entries; beyond it, restarting flannel is shorter. */
const ENTRY_COMMANDS = 60;

/**
 * The ways to fix each finding of a judgement. flannel programs everything again when it starts, on the
 * side that lost it: the observers, or the subject where its device has drifted. Lost entries can also
 * be put back one by one, at once and without a restart.
 *
 * A command is made only from tokens that pass a strict grammar, since a person will paste it into
 * a root shell; where a token does not pass, there is no command.
 *
 * What all findings share is worked out for the first one that needs it: a cluster that loses packets
 * at random has a thousand of them.
 */
export function fixesIn(judgement: Judgement, pods: PodList): (finding: Finding) => readonly Fix[] {
  const contested = once(() => contestedNodes(judgement.vteps));
  const restarting = once(() => restartsIn(judgement, pods));
  return (finding) => {
    const { subject, observers } = finding;
    const { at, kinds } = CAUSE_RULES[finding.cause].fix;
    const nodes = at === 'subject' && subject !== undefined ? [subject] : observers;
    const ways: Readonly<Record<FixKind, () => readonly Fix[]>> = {
      device: () =>
        fixes('device', subject === undefined ? [] : driftedDevices(subject, judgement)),
      entries: () => fixes('entries', lostEntries(finding, contested)),
      restart: () => restarting()(nodes),
    };
    return kinds.flatMap((kind) => ways[kind]());
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** A command for one host. */
interface HostCommand {
  readonly host: string;
  readonly command: string;
}

/** One fix for all commands that the same hosts run. */
function fixes(kind: FixKind, wanted: readonly HostCommand[]): readonly Fix[] {
  const byCommand = [...groupBy(wanted, ({ command }) => command)].map(([command, alike]) => ({
    command,
    hosts: alike.map(({ host }) => host),
  }));
  return [...groupBy(byCommand, ({ hosts }) => hosts.join(' ')).values()].map((alike) => ({
    kind,
    hosts: alike[0]?.hosts ?? [],
    runs: 'on-hosts',
    commands: alike.map(({ command }) => command),
  }));
}

/**
 * flannel keeps a device that it finds, whatever its MAC is (pkg/backend/vxlan/device.go,
 * ensureLink); it makes one with the annotated MAC where there is none.
 */
function driftedDevices(host: string, { members }: Judgement): readonly HostCommand[] {
  if (!isNodeName(host)) return [];
  const member = members.find(({ node }) => node === host);
  const annotated = member?.listed?.annotated ?? [];
  const hasDrifted = ({ name, mac }: Device): boolean =>
    annotated.some((one) => one.family === deviceFamily(name) && one.mac !== mac);
  return (member?.observed?.tables.devices ?? [])
    .filter((device) => isOverlayDevice(device.name) && hasDrifted(device))
    .map(({ name }) => ({ host, command: `ip link delete ${name}` }));
}

function lostEntries(
  finding: Finding,
  contested: () => ReadonlySet<string>,
): readonly HostCommand[] {
  const wrong = finding.cells.flatMap(({ observer, subject, entries }) =>
    entries.map(({ wanted }) => ({ observer, subject, wanted })),
  );
  if (wrong.length > ENTRY_COMMANDS) return [];
  return wrong.flatMap(({ observer, subject, wanted }) => {
    if (contested().has(nameOf(subject, wanted.family)) || !isNodeName(observer)) return [];
    const command = commandOf(wanted);
    return command === undefined ? [] : [{ host: observer, command }];
  });
}

/**
 * VTEPs of which another node claims a key. A host may say any address or MAC of its own device: the
 * entries that it asks for could lead another node's packets to it.
 */
function contestedNodes(vteps: readonly Vtep[]): ReadonlySet<string> {
  const claims = groupBy(
    vteps.flatMap((vtep) => knownKeys(vtep).map((key) => ({ key, node: vtep.node }))),
    ({ key }) => key,
  );
  const isOwn = (key: string, own: string): boolean =>
    claims.get(key)?.every(({ node }) => node === own) === true;
  return new Set(
    vteps
      .filter((vtep) => !knownKeys(vtep).every((key) => isOwn(key, vtep.node)))
      .map(({ node, family }) => nameOf(node, family)),
  );
}

function knownKeys(vtep: Vtep): readonly string[] {
  return Object.values(keysOf(vtep)).filter((key) => key !== undefined);
}

function nameOf(node: string, family: Vtep['family']): string {
  return `${family} ${node}`;
}
