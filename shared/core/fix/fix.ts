import type { Limits } from '../../contract/settings.ts';
import type { Fix, Site } from '../../contract/report.ts';
import { accusedIn, conditionsIn, type Finding } from '../diagnose/finding.ts';
import type { FixStep } from '../diagnose/cause-rule.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Latency } from '../latency.ts';
import { type Member, ownDevice } from '../members/member.ts';
import { wrongUnderlays } from '../members/underlay.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import type { Device } from '../overlay/vtep.ts';
import type { WantedEntry } from '../overlay/entries.ts';
import { type Agent, AGENT_NAMES, deviceFamily, isOverlayDevice } from '../overlay/profile.ts';
import type { DaemonSet } from '../overlay/restart.ts';
import { isNodeName } from '../parse/kubernetes.ts';
import { once } from '../remember.ts';
import { checkOf } from './check.ts';
import { type EntryBlock, entryBlocks } from './entry-blocks.ts';
import { hasDirectRoutes } from '../matrix/direct.ts';
import { LOOKS } from './looks.ts';
import { refusalsIn } from './refused.ts';
import { refusalOfEntries, type RefusalOf } from './refused-entries.ts';
import { numbered, type ReachedHost, remoteLines } from './remote.ts';
import { masterThatAnswers, restartsIn, stoppedIn } from './restarts.ts';

/** What a fix depends on besides the judgement. */
export interface Circumstances {
  readonly daemonSets: readonly DaemonSet[];
  readonly latencies: readonly Latency[];
  readonly limits: Pick<Limits, 'slowSeconds'>;
  readonly site: Site | undefined;
}

/** The steps that fix a finding, whose incident has this key. */
type FixesOf = (finding: Finding, key: string) => readonly Fix[];

/**
 * The steps that fix each finding of a judgement, the safe one first. flannel programs everything again
 * when it starts, on the side that lost it: the observers, or the subject where its device has drifted.
 * Lost entries can also be put back at once, without a restart.
 *
 * A command is made only from tokens that pass a strict grammar and that two sources confirm
 * (`refused.ts`), since a person will paste it into a root shell; else the fix is the restart alone.
 *
 * What all findings share is worked out for the first one that needs it: a cluster that loses packets
 * at random has a thousand of them.
 */
export function fixesIn(judgement: Judgement, circumstances: Circumstances): FixesOf {
  const refusals = once(() => refusalsIn(judgement));
  const shared: SharedParts = {
    judgement,
    site: circumstances.site,
    refusals,
    refusalOfEntry: once(() => refusalOfEntries(judgement, refusals())),
    restarting: once(() => restartsIn(judgement, circumstances)),
    members: once(() => new Map(judgement.members.map((member) => [member.node, member]))),
    isAnnotated: once(() => isAnyAnnotated(judgement.members)),
    foreign: once(() => foreignIn(judgement)),
    kubectlOn: once(() => masterThatAnswers(circumstances)),
  };
  const stopped = once(() => stoppedIn(judgement, circumstances));
  return (finding, key) => {
    const { steps } = CAUSE_RULES[finding.cause].fix;
    // Whatever a command changed, it could put wrong what is right.
    if (finding.isUndecided === true) {
      const looks = steps.filter(({ kind }) => kind === 'look');
      return looks.flatMap((step) => fixesOfStep(step, finding, { ...shared, key }));
    }
    const made = steps.map((step) => ({
      step,
      fixes: fixesOfStep(step, finding, { ...shared, key }),
    }));
    const fixes = made.flatMap(({ step, fixes: some }, at) => {
      const condition = conditionOf(step, judgement.profile.agent);
      // What would be another way is the only one, where nothing but a device that is set up stands before it.
      const isAlone = made
        .slice(0, at)
        .every((before) => before.step.kind === 'up' || before.fixes.length === 0);
      return condition === undefined || isAlone
        ? some
        : some.map((fix): Fix => ({ ...fix, condition: joined(condition, fix.condition) }));
    });
    const concerned =
      CAUSE_RULES[finding.cause].fix.at === 'subject' ? accusedIn(finding) : finding.observers;
    // Whatever else is wrong, the kernel takes no route over a device that is down.
    const up = made.some(({ step }) => step.kind === 'up')
      ? []
      : upFixes(finding, { ...shared, key });
    const all = [...stopped()(concerned), ...up, ...fixes];
    return withCheck(all, checkOf(finding, judgement)).map((step, at) => ({
      ...step,
      commands: numbered(step.commands, at + 1),
      ...(step.remotely === undefined ? {} : { remotely: numbered(step.remotely, at + 1) }),
    }));
  };
}

function conditionOf(step: FixStep, agent: Agent): string | undefined {
  if (step.kind === 'look') return undefined;
  return typeof step.condition === 'object' ? step.condition[agent] : step.condition;
}

/** What all findings of a judgement share. */
interface SharedParts {
  readonly judgement: Judgement;
  readonly site: Site | undefined;
  readonly refusals: () => ReturnType<typeof refusalsIn>;
  readonly refusalOfEntry: () => RefusalOf;
  readonly restarting: () => ReturnType<typeof restartsIn>;
  readonly members: () => ReadonlyMap<string, Member>;
  readonly isAnnotated: () => boolean;
  readonly foreign: () => ReadonlySet<string>;
  readonly kubectlOn: () => string | undefined;
}

interface FixContext extends SharedParts {
  readonly key: string;
}

function fixesOfStep(step: FixStep, finding: Finding, context: FixContext): readonly Fix[] {
  const accused = accusedIn(finding);
  const unannounced = isUnannounced(finding, context);
  switch (step.kind) {
    case 'look':
      return LOOKS[step.at](finding, context.members(), context.kubectlOn());
    case 'device':
      return deletionFixes(finding, context);
    case 'up':
      return upFixes(finding, context);
    case 'offload':
      return offloadFixes(finding, context);
    case 'removal':
    case 'mac':
      return removalFixes(finding, context).map((fix) => ({
        kind: step.kind,
        ...fix,
        interrupts: step.interrupts,
      }));
    case 'entries':
      return unannounced || isLeftDown(finding, context) ? [] : entryFixes(finding, context);
    case 'restart': {
      const isOfSubject = step.at === 'subject' || unannounced;
      const nodes = isOfSubject && accused.length > 0 ? accused : damagedIn(finding);
      return context.restarting()(nodes, context.key);
    }
  }
}

/** Those whose own tables are wrong: beside a state of a node others are named whose tables are right. */
function damagedIn(finding: Finding): readonly string[] {
  if (!isKind(finding.cause, 'node')) return finding.observers;
  const accused = new Set(accusedIn(finding));
  const damaged = new Set(finding.cells.map(({ observer }) => observer));
  return [...damaged.difference(accused)];
}

/** A step that root runs on hosts, with the lines that do so from afar. */
function onHosts(
  { hosts, commands }: EntryBlock,
  reach: 'hosts' | 'tag',
  { members, site, key }: FixContext,
): Omit<Fix, 'kind'> {
  const reached = hosts.map((node): ReachedHost => {
    return { node, instanceId: members().get(node)?.observed?.host.instanceId };
  });
  const remotely = remoteLines({ commands, hosts: reached, reach }, { site, key });
  return {
    hosts: [...hosts],
    runs: 'on-hosts',
    commands: [...commands],
    ...(remotely.length === 0 ? {} : { remotely: [...remotely] }),
  };
}

/** Where the node differs from no majority, nobody knows whose device is wrong, and none is deleted. */
function deletionFixes(finding: Finding, context: FixContext): readonly Fix[] {
  const { judgement, members } = context;
  const accused = accusedIn(finding);
  const isState = isKind(finding.cause, 'node');
  if (isState && accused.length * 2 >= judgement.matrix.nodes.length) return [];
  const deletions = accused.flatMap((node) =>
    devicesToDelete(finding, node, members().get(node)).map((command) => ({ node, command })),
  );
  return [...groupBy(deletions, ({ command }) => command)].map(([command, some]): Fix => {
    const hosts = some.map(({ node }) => node);
    const whose = hosts.length === 1 ? 'that host' : 'these hosts';
    return {
      kind: 'device',
      ...onHosts({ hosts, commands: [command] }, 'hosts', context),
      interrupts: `all pod traffic of ${whose}, until ${AGENT_NAMES[judgement.profile.agent]} has started again`,
    };
  });
}

/** Of a loss that a wrong checksum explains. */
function offloadFixes(finding: Finding, context: FixContext): readonly Fix[] {
  if (finding.loss !== 'connections') return [];
  const hosts = accusedIn(finding).filter(isNodeName);
  const devices = hosts.flatMap((node) =>
    FAMILIES.flatMap(
      (family) =>
        ownDevice(context.members().get(node)?.observed?.tables.devices, family)?.name ?? [],
    ),
  );
  const commands = [...new Set(devices)]
    .filter(isOverlayDevice)
    .map((device) => `ethtool -K ${device} tx-checksum-ip-generic off`);
  return commands.length === 0
    ? []
    : [{ kind: 'offload', ...onHosts({ hosts, commands }, 'hosts', context) }];
}

/** Only where the pod CIDRs are confirmed of which the tokens of the commands are a part. */
function removalFixes(finding: Finding, context: FixContext): readonly Omit<Fix, 'kind'>[] {
  const { judgement, refusals } = context;
  const byNode = once(() => groupBy(judgement.vteps, ({ node }) => node));
  const isConfirmed = (node: string): boolean =>
    (byNode().get(node) ?? []).every((vtep) => refusals()(vtep, ['podCidr']) === undefined);
  const made = conditionsIn(finding).flatMap(({ subject, removals = [] }) => {
    const commands = removals
      .filter(({ of }) => of.every(isConfirmed))
      .map(({ command }) => command);
    return subject === undefined || commands.length === 0 || !isNodeName(subject)
      ? []
      : [{ subject, commands }];
  });
  return [...groupBy(made, ({ commands }) => commands.join('\n')).values()].map((alike) => {
    const hosts = alike.map(({ subject }) => subject);
    return onHosts({ hosts, commands: alike[0]?.commands ?? [] }, 'hosts', context);
  });
}

function entryFixes(finding: Finding, context: FixContext): readonly Fix[] {
  const { judgement, refusalOfEntry } = context;
  const isAllowed = (subject: string, wanted: WantedEntry): boolean =>
    refusalOfEntry()(subject, wanted) === undefined;
  const reach = hasDirectRoutes(judgement) ? 'hosts' : 'tag';
  return entryBlocks(finding, judgement, isAllowed).map((block): Fix => ({
    kind: 'entries',
    ...onHosts(block, reach, context),
  }));
}

/**
 * A node whose object was made again while its flanneld runs is never annotated anew, and without
 * annotations no other node programs it.
 */
function isUnannounced(finding: Finding, context: SharedParts): boolean {
  if (CAUSE_RULES[finding.cause].fix.unannounced !== 'subject') return false;
  const { isAnnotated, members, foreign } = context;
  const isBare = (node: string): boolean =>
    isAnnotated() && members().get(node)?.listed?.annotated.length === 0;
  return CAUSE_RULES[finding.cause].contradicts === 'underlay'
    ? accusedIn(finding).some((node) => foreign().has(node))
    : accusedIn(finding).some(isBare);
}

/** The nodes that do not have the underlay IP that their peers are given. */
function foreignIn({ members }: Judgement): ReadonlySet<string> {
  return new Set(FAMILIES.flatMap((family) => [...wrongUnderlays(members, family).keys()]));
}

/** How many steps set devices up; each has the hosts on which one command does it. */
const UP = 3;

/** A device that is down comes first: the kernel takes no route over it. */
function upFixes(finding: Finding, context: FixContext): readonly Fix[] {
  const down = finding.observers.flatMap((node) =>
    downDevices(node, context).map((command) => ({ node, command })),
  );
  const alike = [...groupBy(down, ({ command }) => command)];
  if (alike.length > UP) return [];
  return alike.map(([command, some]): Fix => ({
    kind: 'up',
    ...onHosts({ hosts: some.map(({ node }) => node), commands: [command] }, 'hosts', context),
  }));
}

/** Where devices are down and no step sets them up, entries would be refused: flannel sets all up. */
function isLeftDown(finding: Finding, context: FixContext): boolean {
  const isDown = CAUSE_RULES[finding.cause].fix.steps.some(({ kind }) => kind === 'up');
  return isDown && upFixes(finding, context).length === 0;
}

/** `Only if that fails; where k3s runs flannel:` */
function joined(condition: string, more: string | undefined): string {
  if (more === undefined) return condition;
  return `${condition.replace(/:$/, ';')} ${more.slice(0, 1).toLowerCase()}${more.slice(1)}`;
}

/** The first step that changes something is checked; what comes after it has the same end. Where none does, the last. */
function withCheck(fixes: readonly Fix[], check: Fix['check']): readonly Fix[] {
  const first = fixes.findIndex(
    ({ kind }) =>
      kind === 'entries' ||
      kind === 'restart' ||
      kind === 'removal' ||
      kind === 'mac' ||
      kind === 'offload',
  );
  const checked = first < 0 ? fixes.length - 1 : first;
  return check === undefined
    ? fixes
    : fixes.map((fix, at) => (at === checked ? { ...fix, check } : fix));
}

function isAnyAnnotated(members: readonly Member[]): boolean {
  return members.some(({ listed }) => listed?.annotated.some(({ mac }) => mac !== undefined));
}

/**
 * flannel keeps a device that it finds, whatever its MAC and MTU are (pkg/backend/vxlan/device.go,
 * ensureLink); it makes one with the annotated MAC where there is none.
 */
function devicesToDelete(
  { cause }: Finding,
  node: string,
  member: Member | undefined,
): readonly string[] {
  if (!isNodeName(node)) return [];
  const annotated = member?.listed?.annotated ?? [];
  const isOfMac = !isKind(cause, 'node');
  const hasDrifted = ({ name, mac }: Device): boolean =>
    annotated.some((one) => one.family === deviceFamily(name) && one.mac !== mac);
  return (member?.observed?.tables.devices ?? [])
    .filter((device) => isOverlayDevice(device.name) && (!isOfMac || hasDrifted(device)))
    .map(({ name }) => `ip link delete ${name}`);
}

/** A device that has lost its address is of no use either. */
function downDevices(
  node: string,
  { judgement: { vteps }, members, refusals }: SharedParts,
): readonly string[] {
  const member = members().get(node);
  const devices = member?.observed?.tables.devices;
  if (devices === undefined || !isNodeName(node)) return [];
  return vteps
    .filter((vtep) => vtep.node === node)
    .flatMap((vtep) => {
      const device = ownDevice(devices, vtep.family);
      const { tunnelIp } = vtep;
      if (device === undefined || !isOverlayDevice(device.name)) return [];
      const lacksAddress =
        tunnelIp !== undefined && !device.addresses.some((one) => one.startsWith(`${tunnelIp}/`));
      if (device.up && !lacksAddress) return [];
      const up = `ip link set dev ${device.name} up`;
      if (!lacksAddress) return [up];
      if (refusals()(vtep, ['tunnelIp']) !== undefined) return device.up ? [] : [up];
      const bits = vtep.family === 'ipv4' ? 32 : 128;
      return [`ip addr replace ${tunnelIp}/${bits} dev ${device.name} && ${up}`];
    });
}
