import type { Problem } from '../../contract/report.ts';
import type { Facts, RememberedDevice } from '../facts.ts';
import type { Observation } from '../overlay/vtep.ts';
import { identify, isOtherInstance, isSameHost } from './identity.ts';
import type { Member, ObservedHost } from './member.ts';
import { devicesOf } from './roster.ts';
import { takingPart } from './taking-part.ts';

interface Members {
  readonly members: readonly Member[];
  /** Nodes and hosts that exist and are not part of the overlay. */
  readonly excluded: readonly string[];
  /** Hosts that answered, and of which no node of the overlay has the name. */
  readonly unknownHosts: readonly ObservedHost[];
  readonly problems: readonly Problem[];
}

/**
 * Who takes part. With a node list, the nodes that it held both before and after the tables were read.
 * Without one, every host that answered, and every node that the roster or a master's
 * `kubectl get nodes` knows.
 */
export function membersOf(facts: Facts): Members {
  const { hosts, problems } = identify(facts);
  const remembered = new Map(facts.roster.map((entry) => [entry.node, entry]));
  const { names, listed, excluded, delisted } = takingPart(facts, hosts);
  const known = new Set([...names, ...excluded]);
  const unlisted = [...hosts].filter(([node]) => !known.has(node));
  const isListKept = facts.nodes.kind === 'read' && (facts.nodes.origin?.ageSeconds ?? 0) > 0;
  const members = names.map((node): Member => {
    const observed = hosts.get(node);
    const sources = { listed: listed.get(node), remembered: remembered.get(node), observed };
    const member = {
      node,
      ...sources,
      remembered: isAnotherNow(sources) ? undefined : sources.remembered,
      isListKept,
      isDeregistered: isDeregistered(facts, sources),
    };
    return { ...member, grace: delisted.has(node) ? DELISTED : graceOf(facts, member) };
  });
  return {
    members,
    excluded,
    unknownHosts: unlisted.map(([, host]) => host),
    problems: [
      ...facts.observations.flatMap(problemsOf),
      ...problems,
      ...unlisted.map(([node]) => unlistedHost(node)),
      ...excluded.map(excludedNode),
    ],
  };
}

/** A list may lack a node by mistake, or not be true: a host that answers with its device has not left yet. */
const DELISTED = 'the node list lacks it, and its host answers';

/** Another instance id under a name is another node: nothing of the old one is remembered. */
function isAnotherNow({
  listed,
  remembered,
  observed,
}: Pick<Member, 'listed' | 'remembered' | 'observed'>): boolean {
  const [before, now] = [remembered?.instanceId, observed?.host.instanceId];
  if (before === undefined) return false;
  if (observed === undefined || now === undefined) return isOtherInstance(before, listed);
  return now !== before && !isSameHost(observed.host, remembered);
}

function isDeregistered(
  { gone }: Facts,
  { remembered, observed }: Pick<Member, 'remembered' | 'observed'>,
): boolean {
  const id = remembered?.instanceId;
  return observed === undefined && id !== undefined && gone?.has(id) === true;
}

function problemsOf(observation: Observation): Problem[] {
  switch (observation.kind) {
    case 'unknown': {
      const { node, instanceId, reason } = observation;
      return [{ where: node ?? instanceId, message: reason }];
    }
    case 'digest':
    case 'tables':
      return observation.unread.map((message) => ({ where: observation.host.node, message }));
  }
}

function unlistedHost(node: string): Problem {
  return { where: node, message: 'this host answered, but no node of the overlay has its name' };
}

function excludedNode(node: string): Problem {
  const message =
    "not checked: by its devices and flannel's annotations it is not part of a VXLAN overlay";
  return { where: node, message };
}

/** New nodes, freshly booted hosts and young devices are still being programmed. */
function graceOf(facts: Facts, member: Omit<Member, 'grace'>): string | undefined {
  const { graceSeconds } = facts.limits;
  const { listed, observed } = member;
  const young = (what: string, seconds: number | undefined): string | undefined =>
    seconds !== undefined && seconds < graceSeconds
      ? `${what} ${Math.max(0, Math.floor(seconds))} s ago`
      : undefined;
  const unsettled = facts.nodes.kind === 'read' ? facts.nodes.unsettled : undefined;
  const since = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : (facts.now - time) / 1000;
  return (
    unsettled?.get(member.node) ??
    (isMadeAgain(since(listed?.createdAt), observed)
      ? undefined
      : young('joined the cluster', since(listed?.createdAt))) ??
    young('booted', observed?.host.uptimeSeconds) ??
    bootingWithoutDevice(observed) ??
    (isProgramming(observed, graceSeconds)
      ? young('its VXLAN device was made', since(youngest(devicesOf(facts.now, member))))
      : undefined)
  );
}

/**
 * A node whose object was made again while its flanneld ran is no new node: flannel annotates the object when
 * it starts, and peers program no node without annotations.
 */
function isMadeAgain(seconds: number | undefined, observed: ObservedHost | undefined): boolean {
  const { flanneldSeconds = 0 } = observed?.host ?? {};
  return seconds !== undefined && seconds >= 0 && flanneldSeconds > seconds + CLOCKS_APART_SECONDS;
}

/** How far the clocks of a master and of the function may be apart. */
const CLOCKS_APART_SECONDS = 30;

/**
 * flanneld programs a device when it starts. One that is made while it runs stays empty for good: since
 * 0.27.4 it makes a lost device again, and nothing else. Where it runs within k3s its age is not known.
 */
function isProgramming(observed: ObservedHost | undefined, graceSeconds: number): boolean {
  const { flanneldSeconds = 0 } = observed?.host ?? {};
  return flanneldSeconds < graceSeconds;
}

/** Images are pulled and the API server is awaited before flanneld first runs and makes the device. */
const BOOT_TO_FLANNELD_SECONDS = 360;

function bootingWithoutDevice(observed: ObservedHost | undefined): string | undefined {
  if (observed?.tables.devices?.length !== 0) return undefined;
  const { uptimeSeconds, flanneldSeconds } = observed.host;
  const isBooting = uptimeSeconds !== undefined && uptimeSeconds < BOOT_TO_FLANNELD_SECONDS;
  return isBooting && flanneldSeconds === undefined
    ? `booted ${Math.floor(uptimeSeconds)} s ago, and flannel has not run since`
    : undefined;
}

/** When the last of the devices was made, epoch milliseconds. */
function youngest(devices: readonly RememberedDevice[]): number | undefined {
  const times = devices.flatMap(({ since }) => since ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
