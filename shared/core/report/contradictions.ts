import type { Facts } from '../facts.ts';
import { groupBy, majority } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { type Member, ownDevice } from '../members/member.ts';
import { foreignUnderlays, foreignWithoutList } from '../members/underlay.ts';
import {
  FAMILIES,
  type Family,
  familyOf,
  type IpAddress,
  prefixBits,
} from '../overlay/addresses.ts';
import { tablesOf } from '../overlay/entries.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import type { Tables, Vtep } from '../overlay/vtep.ts';
import { enumerate } from '../plain-text.ts';
import { unansweredEverywhere, type UnansweredNode, unansweredNodes } from './unanswered.ts';

/**
 * What was read and cannot all be right, though each entry may be what the rule wants. It is no finding:
 * it opens no incident and pages nobody. But the pairs of the nodes concerned are unknown, so a cluster
 * with a contradiction is never called healthy.
 */
export interface Contradiction {
  readonly nodes: readonly string[];
  /** Beside the name of such a node: a few words. */
  readonly brief: string;
  /** A sentence of its own, with what to do. */
  readonly message: string;
}

/** What the contradictions are looked for in: of hosts that are settled and answered, one family at a time. */
interface Seen {
  readonly family: Family;
  readonly answered: readonly AnsweredMember[];
  readonly vteps: readonly Vtep[];
  readonly facts: Facts;
  readonly judgement: Judgement;
}

type AnsweredMember = Member & { readonly observed: NonNullable<Member['observed']> };

/** How many nodes a sentence names. */
const NAMED = 5;

/** Every contradiction of which a run knows, in the order of what is worst. */
export function contradictionsIn(facts: Facts, judgement: Judgement): readonly Contradiction[] {
  const answered = judgement.members.filter(hasAnswered);
  const names = new Set(answered.map(({ node }) => node));
  return FAMILIES.flatMap((family) => {
    const vteps = judgement.vteps.filter((vtep) => vtep.family === family && names.has(vtep.node));
    return CONTRADICTIONS.flatMap((find) => find({ family, answered, vteps, facts, judgement }));
  });
}

function hasAnswered(member: Member): member is AnsweredMember {
  return member.grace === undefined && member.observed !== undefined;
}

const CONTRADICTIONS: readonly ((seen: Seen) => readonly Contradiction[])[] = [
  ({ judgement: { matrix }, family }) =>
    [...(family === 'ipv4' ? matrix.unlisted.unplaced : [])].map((node) => ({
      nodes: [node],
      brief: 'on no node list, and no entry on another node leads to it',
      message:
        `${node} answers, and no entry on another node leads to it: without a node list, a removed node and one ` +
        `that all others lost look alike. If "kubectl get nodes" has ${node}, restart flannel on it; if not, ` +
        'deregister its host or take its tag away',
    })),
  unanswered,
  unansweredByAll,
  ({ vteps, answered, facts, judgement, family }) => [
    ...withoutUnderlay(answered, vteps, family),
    ...sentToWithoutDevice({ facts, judgement, answered, family }),
    ...strandedRoutes({ facts, judgement, answered, family }),
    ...underlayAmongPods(judgement, family),
  ],
];

/** Of a node that has never answered a test nothing else shows which of the two it is. */
function unanswered({ judgement, answered, family }: Seen): readonly Contradiction[] {
  const found = unansweredNodes(judgement).filter(({ tunnelIp }) => familyOf(tunnelIp) === family);
  return [...groupBy(found, ({ which }) => which)].flatMap(([which, some]) => {
    const [first] = some;
    if (first === undefined) return [];
    const nodes = some.map(({ node }) => node);
    const size = which === 'large' ? `-M do -s ${largestEcho(answered, first, family)} ` : '';
    const packet = which === 'large' ? 'large packet' : 'packet';
    return [
      {
        nodes,
        brief: `no ${packet} from or to it was answered`,
        message:
          `no ${packet} from ${all(nodes)} over the overlay was answered, nor one to ${nodes.length === 1 ? 'it' : 'them'}: ` +
          'they are lost, or firewalls drop these tests both ways. On ' +
          `${first.node}, run "tcpdump -ni any udp port 8472 or udp port 4789" while another node runs ` +
          `"ping ${size}${first.tunnelIp}"`,
      },
    ];
  });
}

/** The same where it is so of all: a security group without the overlay's port, or an MTU that no path carries. */
function unansweredByAll({ judgement, answered, family, vteps }: Seen): readonly Contradiction[] {
  const which = unansweredEverywhere(judgement);
  const [first] = vteps;
  if (which === undefined || first?.tunnelIp === undefined) return [];
  const { node, tunnelIp } = first;
  const size = largestEcho(answered, { node }, family);
  const message =
    which === 'large'
      ? 'no large packet that nodes sent each other over the overlay was answered, and small ones were: the network ' +
        `below carries less than the devices' MTU, or firewalls drop large pings. On another node, run "ping -M do -s ${size} ${tunnelIp}"`
      : 'no packet that nodes sent each other over the overlay was answered, and no overlay device received one: a ' +
        "firewall or security group does not let the overlay's UDP port through. On " +
        `${node}, run "tcpdump -ni any udp port 8472 or udp port 4789" while another node runs "ping ${tunnelIp}"`;
  return [{ nodes: [], brief: '', message }];
}

/** Bytes that an ICMP echo has beside its payload: the headers of IP and of ICMP. */
const ECHO_HEADERS = { ipv4: 28, ipv6: 48 } as const satisfies Readonly<Record<Family, number>>;

/** What a device of the default MTU carries of an overlay over Ethernet. */
const USUAL_MTU = 1450;

function largestEcho(
  answered: readonly AnsweredMember[],
  { node }: Pick<UnansweredNode, 'node'>,
  family: Family,
): number {
  const devices = answered.find((member) => member.node === node)?.observed.tables.devices;
  return (ownDevice(devices, family)?.mtu ?? USUAL_MTU) - ECHO_HEADERS[family];
}

function all(nodes: readonly string[]): string {
  return enumerate(nodes, NAMED);
}

/** What peers send packets for a node to, where no interface of its host has it and nobody has set it so. */
function withoutUnderlay(
  answered: readonly AnsweredMember[],
  vteps: readonly Vtep[],
  family: Family,
): readonly Contradiction[] {
  const foreign = new Map([
    ...foreignUnderlays(answered, family),
    ...foreignWithoutList(answered, vteps),
  ]);
  return vteps
    .filter(({ node, underlayIp }) => underlayIp !== undefined && foreign.get(node) === underlayIp)
    .map(({ node, underlayIp }) => ({
      nodes: [node],
      brief: `no interface of its host has its underlay IP ${underlayIp}`,
      message:
        `the other nodes send packets for ${node} to ${underlayIp}, which no interface of ${node} has: compare ` +
        `its annotation (flannel's public-ip, Calico's IPv4Address) with "ip addr" there, and restart flannel or ` +
        `calico-node on ${node}`,
    }));
}

/**
 * Nodes whose underlay IP lies where the pods of a node are: the others route packets for it into the tunnel. The
 * pod network was chosen over the network of the hosts.
 */
function underlayAmongPods(
  { vteps, members, profile }: Judgement,
  family: Family,
): readonly Contradiction[] {
  // Calico takes no pod CIDR of Kubernetes', and gives its blocks to any node.
  if (!tablesOf(profile).includes('route')) return [];
  const listed = new Map(members.map(({ node, listed: one }) => [node, one?.podCidrs ?? []]));
  const claimed = vteps.flatMap(({ node, podCidr }) =>
    podCidr !== undefined && familyOf(podCidr) === family
      ? [{ node, podCidr, bits: prefixBits(podCidr) }]
      : [],
  );
  // A host may claim any range. Where no list has it, it counts if it is as long as those of most nodes.
  const usual = majority(claimed.map(({ bits }) => String(bits.length)));
  const pods = claimed.filter(
    ({ node, podCidr, bits }) =>
      listed.get(node)?.includes(podCidr) === true || usual === String(bits.length),
  );
  const byBits = groupBy(pods, ({ bits }) => bits);
  const lengths = [...new Set(pods.map(({ bits }) => bits.length))];
  const within = vteps.flatMap(({ node, underlayIp }) => {
    if (underlayIp === undefined || familyOf(underlayIp) !== family) return [];
    const bits = prefixBits(underlayIp);
    const around = lengths.flatMap((length) => byBits.get(bits.slice(0, length)) ?? []);
    return around.slice(0, 1).map((owner) => ({ node, underlayIp, owner }));
  });
  const [first] = within;
  if (first === undefined) return [];
  return [
    {
      nodes: [...new Set(within.map(({ node }) => node))],
      brief: 'its underlay IP lies among the pods',
      message:
        `the underlay IP ${first.underlayIp} of ${first.node} lies in the pod CIDR ${first.owner.podCidr} of ` +
        `${first.owner.node}, so packets for it go into the tunnel${within.length === 1 ? '' : `, and so for ${within.length - 1} more`}: ` +
        "the pod network and the hosts' own network must not overlap",
    },
  ];
}

/** Hosts without a VXLAN device that others send packets to over theirs. */
function sentToWithoutDevice({
  facts,
  judgement,
  answered,
  family,
}: Omit<Seen, 'vteps'>): readonly Contradiction[] {
  if (family !== 'ipv4') return [];
  const excluded = new Set(judgement.excluded);
  const senders = answered.flatMap(({ node, observed }) =>
    (observed.tables.fdb ?? [])
      .filter(({ device }) => isOverlayDevice(device))
      .map(({ destination }) => ({ node, destination })),
  );
  const byDestination = groupBy(senders, ({ destination }) => destination);
  return facts.observations.flatMap((one) => {
    if (one.kind !== 'tables' || !excluded.has(one.host.node)) return [];
    const { node } = one.host;
    const found = [...(one.tables.ownAddresses ?? [])].flatMap(
      (address) => byDestination.get(address) ?? [],
    );
    const nodes = [...new Set(found.map((sender) => sender.node))];
    if (nodes.length === 0) return [];
    return [
      {
        nodes: [node],
        brief: 'it has no VXLAN device, and others send to it',
        message:
          `${node} has no VXLAN device, but ${all(nodes)} send packets to it over theirs: does flannel or ` +
          `calico-node run on ${node}?`,
      },
    ];
  });
}

/**
 * Without a node list, routes to a node that nobody knows, on hosts that lack the entries behind them.
 * flannel sets and removes all entries of a node together, so the node may be there and cut off.
 */
function strandedRoutes({
  facts,
  judgement,
  answered,
  family,
}: Omit<Seen, 'vteps'>): readonly Contradiction[] {
  if (facts.nodes.kind === 'read') return [];
  const known = new Set(judgement.vteps.flatMap(({ tunnelIp }) => tunnelIp ?? []));
  const stranded = answered.flatMap(({ node, observed: { tables } }) =>
    (tables.routes ?? [])
      .filter(({ device, gateway }) => isOverlayDevice(device) && familyOf(gateway) === family)
      .filter(({ gateway }) => !known.has(gateway) && leadsNowhere(tables, gateway))
      .map(({ gateway }) => ({ node, gateway })),
  );
  const byGateway = [...groupBy(stranded, ({ gateway }) => gateway)];
  return byGateway.slice(0, NAMED).map(([gateway, hosts]) => ({
    nodes: [],
    brief: '',
    message:
      `a route leads to the tunnel IP ${gateway} of a node that is not known here, and the entry behind it is gone, ` +
      `on ${all([...new Set(hosts.map(({ node }) => node))])}: that node is cut off, or it has left. Compare ` +
      '"kubectl get nodes"; with a node list it is checked',
  }));
}

/** Whether a host certainly lacks what leads from a tunnel IP to its node. */
function leadsNowhere(
  { neighbours, fdb, incomplete, oneFamily }: Tables,
  gateway: IpAddress,
): boolean {
  const isWhole = (listing: 'neighbour' | 'fdb'): boolean =>
    incomplete?.has(listing) !== true &&
    (oneFamily?.[listing] ?? familyOf(gateway)) === familyOf(gateway);
  if (neighbours === undefined || !isWhole('neighbour')) return false;
  const macs = neighbours.flatMap(({ ip, mac }) => (ip === gateway ? (mac ?? []) : []));
  if (macs.length === 0) return true;
  return fdb !== undefined && isWhole('fdb') && !fdb.some(({ mac }) => macs.includes(mac));
}
