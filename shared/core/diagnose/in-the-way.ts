/** Nodes with networks, routes or blackholes of their own where pods are: these take packets for the pods. */
import { groupBy, majority } from '../group.ts';
import {
  type Condition,
  NAMED_NODES,
  type Presence,
  type Removal,
  type SettledNodes,
} from '../matrix/conditions.ts';
import { type Cidr, familyOf, networkOf, prefixBits } from '../overlay/addresses.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import type { Anomaly, InterfaceAddress, Vtep } from '../overlay/vtep.ts';
import { enumerate } from '../plain-text.ts';

/** A range of a host's own in which pods of these nodes are. */
interface Hindrance extends Anomaly {
  readonly range: Cidr;
  readonly victims: readonly string[];
  /** It covers all pods of these. */
  readonly isWhole: boolean;
}

/** The nodes with pods where a range is, and whether it is the whole of their pod CIDRs. */
type VictimsOf = (range: Cidr) => Pick<Hindrance, 'victims' | 'isWhole'>;

/**
 * Nodes with a blackhole or its like over the pods of a live node, or with a route that leads away from their
 * own pods: flannel, another overlay or an earlier installation has left it behind.
 */
export function leftInTheWay(nodes: SettledNodes): Condition {
  return inTheWay(nodes, (node, { what, victims }) =>
    what === 'route' ? victims.includes(node) : isDeadEnd(what),
  );
}

/**
 * Nodes with a network of another interface where pods of another node are, or with a route through one: the
 * kernel sends packets for these pods there. A route as long as that of flannel is another fault: that the
 * entry is wrong.
 */
export function takenByOthers(nodes: SettledNodes): Condition {
  return inTheWay(nodes, (node, { what, device = '', victims, isWhole }) => {
    const isOther = !isOverlayDevice(device) && !victims.includes(node);
    return isOther && (what === 'network' || (what === 'route' && !isWhole));
  });
}

/** Nodes whose pods' bridge lies outside the pod CIDR, so that no other node sends packets to its pods. */
export function bridgeElsewhere({ members, vteps }: SettledNodes): Condition {
  const own = groupBy(vteps, ({ node }) => node);
  const present = new Map<string, Presence>();
  const known = new Set<string>();
  for (const { node, observed } of members) {
    const { bridges, devices = [] } = observed?.tables ?? {};
    // Calico's pods are on no bridge, and its nodes have no pod CIDR of their own.
    if (bridges === undefined || !devices.some(({ name }) => name.startsWith('flannel'))) continue;
    known.add(node);
    const found = (own.get(node) ?? []).flatMap((vtep) =>
      bridges.flatMap((bridge) => presenceOfBridge(bridge, vtep) ?? []),
    );
    const [first, ...more] = found;
    if (first === undefined) continue;
    const evidence = found.flatMap((one) => one.evidence);
    present.set(node, more.length === 0 ? first : { ...first, evidence });
  }
  return { present, known };
}

function presenceOfBridge(
  { device, address }: InterfaceAddress,
  { node, family, podCidr, tunnelIp }: Vtep,
): Presence | undefined {
  if (podCidr === undefined || familyOf(address) !== family) return undefined;
  const network = networkOf(address);
  const isInside = prefixBits(address).startsWith(prefixBits(podCidr));
  // A bridge beside the device's own address is right: then the pod CIDR of the node's object has changed.
  const isBesideDevice =
    network !== undefined &&
    tunnelIp !== undefined &&
    prefixBits(tunnelIp).startsWith(prefixBits(network));
  if (isInside || isBesideDevice) return undefined;
  return {
    beside: [],
    evidence: [`${device} of ${node} has ${address}, outside its pod CIDR ${podCidr}`],
    check: { command: `ip -o addr show dev ${device}`, shows: `an address in ${podCidr}` },
    ...(device === 'cni0' ? { removals: [{ command: `ip link delete ${device}`, of: [] }] } : {}),
  };
}

function isDeadEnd(what: Anomaly['what']): boolean {
  return what !== 'network' && what !== 'route' && what !== 'device';
}

function inTheWay(
  nodes: SettledNodes,
  isMeant: (node: string, hindrance: Hindrance) => boolean,
): Condition {
  const victimsOf = podsIn(nodes);
  const present = new Map<string, Presence>();
  const known = new Set<string>();
  for (const { node, observed } of nodes.members) {
    const { anomalies } = observed?.tables ?? {};
    if (anomalies === undefined) continue;
    known.add(node);
    const found = anomalies
      .flatMap((one) => hindranceOf(one, victimsOf) ?? [])
      .filter((hindrance) => isMeant(node, hindrance));
    if (found.length > 0) present.set(node, presenceOf(node, found));
  }
  return { present, known };
}

function hindranceOf(anomaly: Anomaly, victimsOf: VictimsOf): Hindrance | undefined {
  const { range } = anomaly;
  if (range === undefined) return undefined;
  const { victims, isWhole } = victimsOf(range);
  return victims.length === 0 ? undefined : { ...anomaly, range, victims, isWhole };
}

/**
 * The nodes with pods where a range is. Without a list a node may claim any pod CIDR: then it counts only
 * where it is as long as those of most nodes, and no range with a node's underlay IP is in its way.
 */
function podsIn({ members, vteps }: SettledNodes): VictimsOf {
  const listed = new Map(members.map(({ node, listed: one }) => [node, one?.podCidrs ?? []]));
  const owned = vteps.flatMap(({ node, family, podCidr }) =>
    podCidr === undefined ? [] : [{ node, family, podCidr, bits: prefixBits(podCidr) }],
  );
  const usual = new Map(
    [...groupBy(owned, ({ family }) => family)].map(([family, some]) => [
      family,
      majority(some.map(({ bits }) => String(bits.length))),
    ]),
  );
  const trusted = owned.filter(
    ({ node, family, podCidr, bits }) =>
      listed.get(node)?.includes(podCidr) === true || usual.get(family) === String(bits.length),
  );
  const byBits = groupBy(trusted, ({ family, bits }) => `${family} ${bits}`);
  const lengths = [...new Set(trusted.map(({ bits }) => bits.length))];
  const underlays = vteps.flatMap(({ underlayIp }) =>
    underlayIp === undefined ? [] : prefixBits(underlayIp),
  );
  return (range) => {
    const bits = prefixBits(range);
    const victims = lengths
      .filter((length) => length <= bits.length)
      .flatMap((length) => byBits.get(`${familyOf(range)} ${bits.slice(0, length)}`) ?? []);
    const isOfHosts = victims.length > 0 && underlays.some((one) => one.startsWith(bits));
    return {
      victims: isOfHosts ? [] : [...new Set(victims.map(({ node }) => node))],
      isWhole: victims.some((one) => one.bits === bits),
    };
  };
}

function presenceOf(node: string, found: readonly Hindrance[]): Presence {
  const victims = new Set(found.flatMap((one) => one.victims));
  const others = [...victims].filter((victim) => victim !== node);
  const [first] = found;
  return {
    beside: others.slice(0, NAMED_NODES),
    ...(victims.has(node) ? {} : { affected: others.length, isOfRow: true }),
    // Where only a part of the pods is concerned, there may be none.
    ...(found.some(({ isWhole }) => isWhole) ? {} : { severity: 'warning' }),
    evidence: found.map((one) => evidenceOf(node, one)),
    ...(first === undefined
      ? {}
      : {
          check: {
            command: `${(first.range ?? '').includes(':') ? 'ip -6' : 'ip'} route show exact ${selectorOf(first)}`,
            shows: 'nothing',
          },
        }),
    removals: found.map(removalOf),
  };
}

function evidenceOf(node: string, hindrance: Hindrance): string {
  const { what, victims } = hindrance;
  const whose = victims.includes(node)
    ? 'its own pods'
    : `pods on ${enumerate(victims, NAMED_NODES)}`;
  const does = isDeadEnd(what) ? 'drops packets for' : 'takes packets for';
  return `${node} has "${routeOf(hindrance)}", which ${does} ${whose}`;
}

/** As `ip route` prints it, and takes it. */
function routeOf({ what, range, device }: Hindrance): string {
  return isDeadEnd(what) ? `${what} ${range}` : `${range} dev ${device}`;
}

function selectorOf({ what, range, device }: Hindrance): string {
  return isDeadEnd(what) ? `${range} type ${what}` : `${range} dev ${device}`;
}

function removalOf(hindrance: Hindrance): Removal {
  return { command: `ip route del ${routeOf(hindrance)}`, of: hindrance.victims };
}
