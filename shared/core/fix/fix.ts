import { TABLES } from '../../contract/causes.ts';
import type { Fix, FixKind, Problem } from '../../contract/report.ts';
import { accusedIn, type Finding } from '../diagnose/finding.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { PodList } from '../facts.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { commandOf, type OverlayEntry } from '../overlay/entries.ts';
import { deviceFamily, isOverlayDevice } from '../overlay/profile.ts';
import { isNodeName } from '../parse/kubernetes.ts';
import { remember } from '../remember.ts';
import { oddVteps, type Refusal, refusalProblem, refusalsIn, someOf } from './refused.ts';
import { restartsIn } from './restarts.ts';

/** How many commands are offered for single entries; beyond it, restarting flannel is shorter. */
const ENTRY_COMMANDS = 60;

/**
 * The ways to fix each finding of a judgement. flannel programs everything again when it starts, on the
 * side that lost it: the observers, or the subject where its device has drifted. Lost entries can also
 * be put back one by one, at once and without a restart.
 *
 * A command is made only from tokens that pass a strict grammar and that two sources confirm
 * (`refused.ts`), since a person will paste it into a root shell; else the fix is the restart alone.
 *
 * What all findings share is worked out for the first one that needs it: a cluster that loses packets
 * at random has a thousand of them.
 */
export function fixesIn(judgement: Judgement, pods: PodList): (finding: Finding) => readonly Fix[] {
  const refusalOf = once(() => refusalOfEntries(judgement, refusalsIn(judgement)));
  const restarting = once(() => restartsIn(judgement, pods));
  return (finding) => {
    // Whatever a command did, it could put wrong what is right.
    if (finding.isUndecided === true) return [];
    const { at, kinds } = CAUSE_RULES[finding.cause].fix;
    const accused = accusedIn(finding);
    const nodes = at === 'subject' && accused.length > 0 ? accused : finding.observers;
    const ways: Readonly<Record<FixKind, () => readonly Fix[]>> = {
      device: () =>
        fixes(
          'device',
          accused.flatMap((subject) => driftedDevices(subject, judgement)),
        ),
      entries: () => fixes('entries', lostEntries(finding, refusalOf())),
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

function lostEntries(finding: Finding, refusalOf: RefusalOf): readonly HostCommand[] {
  return wantedEntries(finding).flatMap(({ observer, subject, wanted }) => {
    if (refusalOf(subject, wanted) !== undefined || !isNodeName(observer)) return [];
    const command = commandOf(wanted);
    return command === undefined ? [] : [{ host: observer, command }];
  });
}

/** The entries of a finding that could be put back one by one: none where they are very many. */
function wantedEntries({ cells }: Finding) {
  const wrong = cells.flatMap(({ observer, subject, entries }) =>
    entries.map(({ wanted }) => ({ observer, subject, wanted })),
  );
  return wrong.length > ENTRY_COMMANDS ? [] : wrong;
}

type RefusalOf = (subject: string, wanted: OverlayEntry) => Refusal | undefined;

/** The parts that an entry joins. */
const PARTS = {
  neighbour: ['tunnelIp', 'mac'],
  fdb: ['mac', 'underlayIp'],
  route: ['podCidr', 'tunnelIp'],
} as const;

function refusalOfEntries(
  judgement: Judgement,
  refusalOf: ReturnType<typeof refusalsIn>,
): RefusalOf {
  const vteps = new Map(judgement.vteps.map((vtep) => [nameOf(vtep.node, vtep.family), vtep]));
  const known = remember((key: string): { readonly refusal: Refusal | undefined } => {
    const [table = '', ...name] = key.split(' ');
    const vtep = vteps.get(name.join(' '));
    const parts = TABLES.find((one) => one === table);
    if (vtep === undefined || parts === undefined) return { refusal: 'unconfirmed' };
    return { refusal: refusalOf(vtep, PARTS[parts]) };
  });
  return (subject, { table, family }) => known(`${table} ${nameOf(subject, family)}`).refusal;
}

/**
 * What is refused: of these findings, why entries get no command; and whatever else a node claims that
 * none would be made of, since a claim is to be seen before anything breaks.
 */
export function refusedIn(judgement: Judgement, findings: readonly Finding[]): readonly Problem[] {
  const refusalOf = once(() => refusalsIn(judgement));
  const refusalOfEntry = once(() => refusalOfEntries(judgement, refusalOf()));
  const refused = findings
    .filter(({ cause }) => CAUSE_RULES[cause].fix.kinds.includes('entries'))
    .flatMap((finding) =>
      wantedEntries(finding).flatMap(({ subject, wanted }) => {
        // Of a masked MAC address there is no command at all, and another problem says so.
        if (commandOf(wanted) === undefined) return [];
        const refusal = refusalOfEntry()(subject, wanted);
        return refusal === undefined ? [] : refusalProblem(subject, refusal);
      }),
    );
  const claims = oddVteps(judgement).flatMap((vtep) => {
    const refusal = refusalOf()(vtep, []);
    return refusal === undefined ? [] : refusalProblem(vtep.node, refusal);
  });
  return someOf([...refused, ...claims]);
}

function nameOf(node: string, family: Vtep['family']): string {
  return `${family} ${node}`;
}
