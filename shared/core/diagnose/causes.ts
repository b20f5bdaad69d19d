import { type Cause, CAUSES, type Severity, type Table } from '../../contract/causes.ts';
import type { Loss } from '../../contract/report.ts';
import type { Agent } from '../overlay/profile.ts';
import type { CauseRule, FixRule, Harm, Names, Patience } from './cause-rule.ts';
import type { Signature } from './signatures.ts';
import { unlikeInTunnelIp, withoutAnnotations } from './against-the-list.ts';
import { withSameMac, withSamePodCidr, withSameUnderlay } from './duplicates.ts';
import { CONTROL_PLANE, slowApis, unreachableApis } from './control-plane.ts';
import { losesPackets } from './lost-packets.ts';
import { bridgeElsewhere, leftInTheWay, takenByOthers } from './in-the-way.ts';
import { unfitInMtu, unlikeInSettings } from './unlike-others.ts';

/** A subject or an observer that is cut off pages at once. A fault that reaches less far must last. */
const byReach: Patience = ({ scope, severity, mayBeLeaving }, { pairPatienceSeconds }) =>
  severity === 'critical' && scope !== 'pair' && mayBeLeaving !== true ? 0 : pairPatienceSeconds;

/** A second run must find it, too. */
const bySecondRun: Patience = () => 1;

/** Two measurements running are the patience. */
const atOnce: Patience = () => 0;

const AT_OBSERVERS: FixRule = {
  at: 'observers',
  steps: [
    { kind: 'entries', at: 'observers' },
    {
      kind: 'restart',
      at: 'observers',
      condition: 'Only if that fails, or the entries get lost again:',
    },
  ],
};

/** The tables as a sentence calls them. */
const TABLE_NAMES: Readonly<Record<Table, string>> = {
  neighbour: 'neighbour',
  fdb: 'forwarding (FDB)',
  route: 'route',
};

const packetsAreLost = ({ subject, observers }: Names): string =>
  `Packets from ${observers} to ${subject} are lost, so pods and API calls hang. Every node stays Ready.`;

const packetsAreDropped = ({ subject, observers }: Names): string =>
  `Packets from ${observers} are dropped when they arrive at ${subject}, so pods and API calls hang. Every node stays Ready.`;

const podsAreCutOff = ({ observers }: Names): string =>
  `Pods on ${observers} cannot send packets to pods on other nodes, so connections in both directions hang. Every node stays Ready.`;

const LOST_PACKETS: Readonly<Record<Loss | 'all', string>> = {
  all: 'packets',
  'large-packets': 'large packets',
  connections: 'TCP connections',
};

/** What becomes of the packets, where all entries for a node are right. */
function lostPackets({ subject, loss, lossAt }: Names): string {
  const packets = LOST_PACKETS[loss ?? 'all'];
  switch (lossAt) {
    case 'incoming':
      return `All entries for ${subject} are right, and no packet of the overlay arrives there.`;
    case 'outgoing':
      return `All entries for ${subject} are right. Packets of the overlay arrive there, and no answer leaves.`;
    case 'between-zones':
      return `All entries for ${subject} are right, and ${packets} are lost on the way to and from the nodes of other zones.`;
    case 'everywhere':
      return `All entries are right, and since one moment ${packets} between most nodes are lost on the way.`;
    case undefined:
      return loss === 'connections'
        ? `All entries for ${subject} are right and ICMP comes back, but no TCP connection from there is answered.`
        : `All entries for ${subject} are right, and ${packets} to and from there are lost on the way.`;
  }
}

const LOST_TRAFFIC: Readonly<Record<Loss | 'all', string>> = {
  all: 'Pods and API calls hang',
  'large-packets': 'Small requests work, and downloads and TLS connections hang',
  connections: 'Pods answer a ping, and connections hang',
};

/** Between whom people notice that packets are lost. */
function lostBetween({ subject, lossAt }: Names): string {
  if (lossAt === 'everywhere') return 'most nodes';
  return `${subject} and ${lossAt === 'between-zones' ? 'the nodes of other zones' : 'other nodes'}`;
}

/** `master1's`; of a name in the plural, `several nodes'`. */
function possessive(name: string): string {
  return name.endsWith('s') ? `${name}'` : `${name}'s`;
}

/** What shows which of two MAC addresses is right: flannel writes down the device's, Calico derives it. */
const WHOSE_MAC: Readonly<Record<Agent, string>> = {
  flannel:
    "If the node annotation flannel.alpha.coreos.com/backend-data has the device's MAC address, the other nodes have an old one. If it has another, the device changed its MAC address.",
  calico:
    "Calico gives a device the MAC address of the node annotation projectcalico.org/VXLANTunnelMACAddr, or else derives one from the node's name. If the device has that one, the other nodes have an old one. If it has another, the device changed its MAC address.",
};

/** The FDB has an entry for the old MAC address, and perhaps one for the new. No MAC address explains a lost route. */
const OTHER_MAC = [
  { neighbour: 'changed', fdb: 'any', route: 'any' },
  { neighbour: 'changed', fdb: 'lost', route: 'any' },
] as const;

/** Every cause with its rule; one that is missing here does not compile. */
export const CAUSE_RULES: Readonly<Record<Cause, CauseRule>> = {
  // The host has no VXLAN device, although it has a VTEP: deleted with the interface below it.
  'device-missing': {
    signature: { kind: 'device', fault: 'missing' },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) => `There is no VXLAN device on ${observers}.`,
    effect: podsAreCutOff,
    // Entries cannot be put on a device that is not there.
    fix: { at: 'observers', steps: [{ kind: 'restart', at: 'observers' }] },
  },

  // The device is there, and was set down, or lost its address. The kernel takes its neighbour entries and
  // routes then, and refuses new ones until it is up again.
  'device-down': {
    signature: { kind: 'device', fault: 'down' },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) =>
      `The VXLAN device on ${observers} is down, or has lost its address. The kernel removes its routes and neighbour entries then.`,
    effect: podsAreCutOff,
    fix: {
      at: 'observers',
      steps: [
        { kind: 'up', at: 'observers' },
        { kind: 'entries', at: 'observers' },
        {
          kind: 'restart',
          at: 'observers',
          condition: 'Only if that fails, or the device goes down again:',
        },
      ],
    },
  },

  // Two nodes have one pod CIDR, or that of one contains that of the other. flannel knows a lease by its subnet:
  // the last of the two that a node hears of takes the entries of the other, and the removal of either takes
  // those of both.
  'duplicate-pod-cidr': {
    signature: {
      kind: 'node',
      find: withSamePodCidr,
      explains: ['neighbour', 'fdb', 'route'],
    },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `Another node has the pod CIDR of ${subject} too, or a part of it. The other nodes can have a route to only one of them.`,
    effect: ({ subject }) =>
      `Packets for pods on ${subject} arrive at another node, or the other way round, so connections hang. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'pod-cidrs' },
        {
          kind: 'restart',
          at: 'subject',
          condition: 'Only once the node has a pod CIDR of its own (the runbook says how):',
        },
        { kind: 'restart', at: 'observers', condition: 'After that:' },
      ],
    },
    // The routes and the bridge that the node had before lie where others have their pods now.
    includes: [
      'duplicate-mac',
      'duplicate-underlay',
      'tunnel-ip-drift',
      'ghost-entry',
      'bridge-mismatch',
    ],
  },

  // Two devices have one MAC address, and the FDB of all others has one underlay IP for it. Cloned machines have
  // one machine-id, of which systemd makes the address.
  'duplicate-mac': {
    signature: {
      kind: 'node',
      find: withSameMac,
      explains: ['neighbour', 'fdb'],
      explainsBeside: ['fdb'],
    },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `Another node has the MAC address of ${subject} too. The forwarding table (FDB) of the other nodes can lead to only one of them.`,
    effect: ({ subject }) =>
      `Packets for ${subject} arrive at another node, or the other way round, so pods and API calls hang. Every node stays Ready.`,
    // flannel publishes the address of the device that it finds, and makes one with the annotated address where
    // there is none: a device that is deleted comes back with the same address.
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'machine-ids' },
        {
          kind: 'mac',
          at: 'subject',
          interrupts: 'all pod traffic of that host, until flannel has started again',
        },
        { kind: 'restart', at: 'subject' },
        { kind: 'restart', at: 'observers' },
      ],
    },
    damagesOwnRow: true,
    includes: ['duplicate-underlay', 'tunnel-ip-drift'],
  },

  // Two nodes publish one underlay IP, as that of a NAT which every virtual machine has.
  'duplicate-underlay': {
    signature: { kind: 'node', find: withSameUnderlay, explains: ['fdb'] },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `Another node publishes the host address (underlay IP) of ${subject} too. Packets for the one arrive at the other, or never leave a host.`,
    effect: ({ subject }) =>
      `Packets to and from pods on ${subject} are lost, so connections hang. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'underlays' },
        {
          kind: 'restart',
          at: 'subject',
          condition:
            'Only once flannel there is set to an address of its own (the runbook says how):',
        },
        {
          kind: 'restart',
          at: 'observers',
          condition: 'Only if the forwarding table (FDB) there is still wrong after that:',
        },
      ],
    },
  },

  // The device has the address of another pod CIDR than the node: the node's object was made again and got
  // another one while flannel ran, or a person changed the address.
  'tunnel-ip-drift': {
    signature: {
      kind: 'node',
      find: unlikeInTunnelIp,
      explains: ['neighbour', 'fdb', 'route'],
    },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `The VXLAN device on ${subject} has another address (tunnel IP) than its node object, or all other nodes, have for it. Pods that run there may have addresses of the old pod CIDR.`,
    effect: ({ subject }) =>
      `Packets to and from pods on ${subject} may be lost. A pod that is made now gets an address that other nodes may not reach.`,
    // What the device has is right for the pods that run there: commands on other nodes would cut these off.
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'own-pod-cidr' },
        { kind: 'restart', at: 'subject' },
      ],
    },
  },

  // VNI or port differ: every packet between the two sides is dropped when it arrives, whatever the tables
  // hold. flannel was given another configuration, and has not started again everywhere.
  'vxlan-mismatch': {
    signature: { kind: 'node', find: unlikeInSettings, explains: [] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject }) =>
      `The VXLAN device on ${subject} has another VXLAN network number (VNI) or port than those on the other nodes. Neither side accepts the other's packets.`,
    effect: ({ subject }) =>
      `Packets between ${subject} and the other nodes are dropped when they arrive, so pods and API calls hang. Every node stays Ready.`,
    // flannel makes a device anew whose VNI or port is not that of its configuration (device.go, ensureLink).
    fix: {
      at: 'subject',
      steps: [
        { kind: 'restart', at: 'subject' },
        {
          kind: 'device',
          at: 'subject',
          condition: 'Only if the check still fails ten minutes later:',
        },
        { kind: 'restart', at: 'subject', condition: 'After you deleted the device:' },
      ],
    },
  },

  // Docker, a VPN or a person has given the host a network or route where other nodes have their pods. The
  // kernel takes the most specific route.
  overlap: {
    signature: { kind: 'node', find: takenByOthers, explains: ['route'] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `A network or route of ${subject} itself covers addresses of pods on ${observers}, and takes the packets for them.`,
    effect: ({ subject, observers }) =>
      `Packets from ${subject} to these pods on ${observers} leave by another interface and are lost, so connections in both directions hang. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'routes' },
        {
          kind: 'removal',
          at: 'subject',
          condition: 'Only if nothing on that host needs it:',
          interrupts: 'what uses that network or route',
        },
        { kind: 'entries', at: 'observers', condition: 'After you removed it:' },
      ],
    },
  },

  // The subject's device has another MAC than its annotation, which the observers hold: udev,
  // NetworkManager or a person changed it. The change also flushes the host's own neighbour entries,
  // which is part of this fault.
  'mac-drift': {
    signature: {
      kind: 'cell',
      patterns: OTHER_MAC,
      macTruth: 'differs',
    },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers, device }) =>
      `${possessive(subject)} ${device} changed its MAC address. Its node annotation and ${observers} still have the old one.`,
    effect: packetsAreDropped,
    // flannel publishes the MAC of the device that it finds, and every other node learns of it. The device
    // is deleted only if that does not help: something may have changed its MAC again.
    fix: {
      at: 'subject',
      steps: [
        { kind: 'restart', at: 'subject' },
        {
          kind: 'device',
          at: 'subject',
          condition: 'Only if the check still fails ten minutes later:',
        },
        { kind: 'restart', at: 'subject', condition: 'After you deleted the device:' },
      ],
    },
    damagesOwnRow: true,
  },

  // Two groups of nodes that hold nothing of each other: for a time each had an API server that knew
  // only its own, or flannel on both sides missed that the other side came back.
  partition: {
    signature: { kind: 'sides' },
    patience: byReach,
    harm: 'unreachable',
    summary: () =>
      'The nodes have split into two groups. No node in one group holds any entry for a node in the other.',
    effect: () =>
      'Pods in one group cannot reach pods in the other, so calls between them hang. Every node stays Ready.',
    // Where the control plane itself has split, flannel removes again what is put back.
    fix: {
      at: 'observers',
      steps: [
        { kind: 'look', at: 'nodes' },
        {
          kind: 'entries',
          at: 'observers',
          condition: 'Only if each master that you asked lists all nodes:',
        },
        {
          kind: 'restart',
          at: 'observers',
          condition: 'Only if each master that you asked lists all nodes:',
        },
      ],
    },
  },

  // The device is there and nothing is programmed: flannel from 0.27.4 on makes a lost device anew, but
  // does not program the peers again.
  'tables-empty': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'lost', route: 'lost' } },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) =>
      `There is a VXLAN device on ${observers}, but no neighbour entry, forwarding entry (FDB) or route for any other node.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // The host lost its neighbour entries and routes, but not the FDB: its device went down and up, or
  // systemd-networkd restarted.
  'neighbours-and-routes-lost': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'held', route: 'lost' } },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) =>
      `All neighbour entries and routes for other nodes are gone from ${observers}. The forwarding entries (FDB) are still there. The VXLAN device went down and up, or systemd-networkd restarted.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // The host lost all its neighbour entries and nothing else: `ip neigh flush … nud permanent`, or
  // systemd-networkd, which drops entries that it did not set itself, where it is set to keep routes.
  'neighbours-flushed': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'held', route: 'held' } },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) =>
      `All neighbour entries for other nodes are gone from ${observers}. Everything else that was read is there.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // Observers hold another MAC than the subject's device, which agrees with its annotation: they missed
  // the change. Before flannel 0.24.1 every reboot of a node changes its MAC.
  'stale-mac': {
    signature: {
      kind: 'cell',
      patterns: OTHER_MAC,
      macTruth: 'agrees',
    },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The MAC address for ${subject} on ${observers} is an old one. The VXLAN device and the node annotation agree on a newer one.`,
    effect: packetsAreDropped,
    fix: AT_OBSERVERS,
  },

  // Observers hold another MAC than the subject's device, and no annotation shows which is right.
  'mac-mismatch': {
    signature: {
      kind: 'cell',
      patterns: OTHER_MAC,
      macTruth: 'unknown',
    },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers, agent }) =>
      `The MAC address for ${subject} on ${observers} is not that of the node's own VXLAN device. ${WHOSE_MAC[agent]}`,
    effect: packetsAreDropped,
    // A restart does no harm on the wrong side. Entries and the device would undo each other.
    fix: {
      at: 'observers',
      steps: [
        { kind: 'look', at: 'macs' },
        {
          kind: 'restart',
          at: 'observers',
          condition: 'Only if both MAC addresses are the same (the other nodes are wrong):',
        },
        {
          kind: 'restart',
          at: 'subject',
          condition: {
            flannel: 'Only if they differ (the device is wrong), or there is no annotation:',
            calico: 'Only if they differ (the device is wrong):',
          },
        },
      ],
    },
    damagesOwnRow: true,
  },

  // The FDB sends packets for the node to another underlay IP than the node has.
  'underlay-moved': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'changed', route: 'held' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The forwarding entry (FDB) on ${observers} sends packets for ${subject} to an address that is not its host's (underlay IP).`,
    effect: packetsAreLost,
    // flannel sets the annotation's address. A person who overwrites it would undo a NAT, or another's fix.
    fix: {
      at: 'observers',
      steps: [{ kind: 'restart', at: 'observers' }],
      unannounced: 'subject',
    },
    contradicts: 'underlay',
  },

  // No entry for the node is there: flannel on the observers never got the event that it joined, or got
  // one that it left.
  'never-programmed': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'lost', fdb: 'lost', route: 'lost' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The neighbour entry, the forwarding entry (FDB) and the route for ${subject} are all missing on ${observers}.`,
    effect: packetsAreLost,
    fix: { ...AT_OBSERVERS, unannounced: 'subject' },
    isLikeLeaving: true,
  },

  // Two of the three entries are gone. For example, when flannel cannot set a route, it removes the
  // neighbour and FDB entries again (vxlan_network.go, handleSubnetEvents).
  'entries-missing': {
    signature: {
      kind: 'cell',
      patterns: [
        { neighbour: 'lost', fdb: 'lost', route: 'held' },
        { neighbour: 'lost', fdb: 'held', route: 'lost' },
        { neighbour: 'held', fdb: 'lost', route: 'lost' },
      ],
    },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers, tables }) =>
      `The ${tables.map((table) => TABLE_NAMES[table]).join(' and ')} entries for ${subject} are gone from ${observers}.`,
    effect: packetsAreLost,
    fix: AT_OBSERVERS,
  },

  // Only the permanent neighbour entry is gone. flannel leaves exactly this behind when it cannot add the
  // FDB entry and removes the neighbour entry again (device.go, AddFDB; vxlan_network.go,
  // handleSubnetEvents), and never fixes it. Whether the kernel shows nothing, INCOMPLETE or FAILED
  // depends on traffic alone.
  'neighbour-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'lost', fdb: 'held', route: 'held' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The permanent neighbour entry for ${subject} is gone from ${observers}. Everything else that was read is correct.`,
    effect: packetsAreLost,
    fix: AT_OBSERVERS,
  },

  // The FDB entry is gone: the kernel knows the inner MAC, but not the host behind it.
  'fdb-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'lost', route: 'held' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The forwarding entry (FDB) for ${subject} is gone from ${observers}. Everything else that was read is correct.`,
    effect: packetsAreLost,
    fix: AT_OBSERVERS,
  },

  // The route to the node's pods is gone, or does not lead through its tunnel IP.
  'route-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'held', route: 'lost' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The route to the pods on ${subject} is gone from ${observers}, or leads elsewhere.`,
    effect: ({ subject, observers }) =>
      `Pods on ${subject} are unreachable from ${observers}. Packets for them may leave by the default route.`,
    fix: AT_OBSERVERS,
  },

  // With DirectRouting nodes of one network need no overlay, but one plain route to each other. The kernel takes
  // these when the interface below them goes down, and flannel sets them again only when it starts
  // (vxlan_network.go, directRoute).
  'direct-route-missing': {
    signature: {
      kind: 'cell',
      patterns: [{ neighbour: 'unneeded', fdb: 'unneeded', route: 'lost' }],
      way: 'direct',
    },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) =>
      `The direct route to the pods on ${subject} is gone from ${observers}, or leads elsewhere. With DirectRouting, nodes of one network reach each other by it, and not by VXLAN.`,
    effect: ({ subject, observers }) =>
      `Pods on ${subject} are unreachable from ${observers}. Packets for them may leave by the default route.`,
    fix: { ...AT_OBSERVERS, unannounced: 'subject' },
    isLikeLeaving: true,
  },

  // All tables are right, and packets are lost all the same: a security group or firewall, something else on the
  // port of VXLAN, an underlay that carries less than the device, a network card that sums up checksums wrongly.
  'overlay-blackhole': {
    signature: { kind: 'node', find: losesPackets, explains: [] },
    patience: bySecondRun,
    harm: 'unreachable',
    summary: lostPackets,
    effect: (names) =>
      `${LOST_TRAFFIC[names.loss ?? 'all']} between ${lostBetween(names)}. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'packets' },
        { kind: 'offload', at: 'subject', condition: 'Only if it does:' },
      ],
    },
    isOfPackets: true,
    includes: ['mtu-mismatch'],
  },

  // The right MAC, but not PERMANENT: the kernel may drop it, and cannot learn it again.
  'neighbour-not-permanent': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'weak', fdb: 'held', route: 'held' }] },
    patience: byReach,
    harm: 'temporary',
    summary: ({ subject, observers }) =>
      `The neighbour entry for ${subject} on ${observers} is not permanent. It works until the kernel ages it out.`,
    effect: ({ subject, observers }) =>
      `Nothing yet. When the entry ages out, packets from ${observers} to ${subject} are lost.`,
    fix: AT_OBSERVERS,
  },

  // flannel removes what it has set when a node leaves, unless it is not running then, and nothing that another
  // overlay or an earlier mode of its own has set.
  'ghost-entry': {
    signature: { kind: 'node', find: leftInTheWay, explains: [] },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `A route or blackhole that was left behind on ${subject} covers addresses of live pods.`,
    effect: ({ subject }) =>
      `Packets from ${subject} for these addresses may be dropped or sent elsewhere, so some connections hang. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        {
          kind: 'removal',
          at: 'subject',
          interrupts: 'only what uses it',
        },
      ],
    },
  },

  // The CNI plugin `bridge` keeps the bridge that it finds, and gives pods addresses of the pod CIDR: after the
  // node got another one, pods fail to start, or have no network.
  'bridge-mismatch': {
    signature: { kind: 'node', find: bridgeElsewhere, explains: [] },
    patience: byReach,
    harm: 'misdirected',
    summary: ({ subject }) =>
      `The bridge of the pods on ${subject} has an address outside the node's pod CIDR.`,
    effect: ({ subject }) =>
      `Pods on ${subject} may fail to start, or cannot be reached from other nodes. Every node stays Ready.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'addresses' },
        {
          kind: 'removal',
          at: 'subject',
          condition: 'Only if pods on that host fail to start or have no network:',
          interrupts: 'the pods of that host that still work, until they are made again',
        },
      ],
    },
  },

  // The node's object was made again while flannel ran: flannel annotates its node when it starts, and peers
  // ignore a node without its annotations (kube.go, handleAddLeaseEvent).
  'annotation-missing': {
    signature: { kind: 'node', find: withoutAnnotations, explains: [] },
    patience: byReach,
    harm: 'latent',
    criticalHarm: 'unreachable',
    summary: ({ subject, observers, tables }) =>
      tables.length === 0
        ? `Flannel's annotations are missing on the node object of ${subject}. Other nodes keep what they hold, and learn nothing new of it.`
        : `Flannel's annotations are missing on the node object of ${subject}, so flannel sets no entries for it: neighbour entry, forwarding entry (FDB) and route are all missing on ${observers}.`,
    effect: (names) =>
      names.tables.length === 0
        ? `Nothing yet. New nodes, and nodes on which flannel restarts, cannot reach ${names.subject}.`
        : packetsAreLost(names),
    fix: { at: 'subject', steps: [{ kind: 'restart', at: 'subject' }] },
    losesAs: ['never-programmed'],
  },

  // flannel takes the MTU of the interface below the device, less 50 bytes, when it makes the device, and
  // never again (pkg/backend/vxlan/device.go, ensureLink).
  'mtu-mismatch': {
    signature: { kind: 'node', find: unfitInMtu, explains: [] },
    patience: byReach,
    harm: 'large-packets',
    summary: ({ subject }) =>
      `The MTU of the VXLAN device on ${subject} does not fit: it differs from those on the other nodes, or the interface below cannot carry it.`,
    effect: ({ subject }) =>
      `Small packets arrive. Large packets to or from pods on ${subject} may be lost, so downloads and TLS connections may hang.`,
    fix: {
      at: 'subject',
      steps: [
        { kind: 'look', at: 'mtus' },
        {
          kind: 'device',
          at: 'subject',
          condition: "Only once the MTU of the hosts' own interfaces is what it should be:",
        },
        { kind: 'restart', at: 'subject', condition: 'After you deleted the device:' },
      ],
    },
  },

  // Nothing listens, or what listens neither serves nodes nor calls itself ready: a static pod that crashes,
  // an etcd without a leader, a certificate that has expired. A blind restart loses its logs.
  'control-plane-unreachable': {
    signature: { kind: 'node', find: unreachableApis, explains: [], name: CONTROL_PLANE },
    patience: atOnce,
    harm: 'no-answers',
    summary: ({ subject }) =>
      `On ${subject}, kubectl get nodes and /readyz against the host's own API server both failed in two measurements running. The host itself answers, and no fault of the overlay was found that would explain it.`,
    effect: ({ subject }) =>
      `Whatever asks the API server on ${subject} gets no answer. Pods that run keep running, and reach each other.`,
    fix: { at: 'subject', steps: [{ kind: 'look', at: 'listeners' }] },
  },

  // An API server waits for etcd, for a webhook, or for an aggregated API: kubectl asks each of these before
  // it lists nodes, unless it reads discovery in one piece.
  'slow-control-plane': {
    signature: { kind: 'node', find: slowApis, explains: [], name: CONTROL_PLANE },
    patience: atOnce,
    harm: 'late-answers',
    summary: ({ subject }) =>
      `On ${subject}, kubectl get nodes against the host's own API server took longer than the limit, or much longer than before, in two measurements running. No fault of the overlay was found that would explain it.`,
    effect: ({ subject }) =>
      `Whatever asks the API server on ${subject} may wait as long. Pods that run keep running, and reach each other.`,
    fix: { at: 'subject', steps: [{ kind: 'look', at: 'apis' }] },
  },
};

/** The name of a cell in which something is wrong and which no signature fits. */
export const UNMATCHED: Cause = 'entries-missing';

/** Whether a cause is recognised by a signature of this kind. */
export function isKind(cause: Cause, kind: Signature['kind']): boolean {
  return CAUSE_RULES[cause].signature.kind === kind;
}

/** What a fault does to people: what its cause does, unless it is known to lose less. */
export function harmOf({
  cause,
  severity,
  loss,
}: {
  readonly cause: Cause;
  readonly severity: Severity;
  readonly loss?: Loss | undefined;
}): Harm {
  const { harm, criticalHarm = harm } = CAUSE_RULES[cause];
  return loss ?? (severity === 'critical' ? criticalHarm : harm);
}

/** Whether a cause is about the answers of API servers, and about no packet between nodes. */
export function isOfApi(cause: Cause): boolean {
  const { harm } = CAUSE_RULES[cause];
  return harm === 'late-answers' || harm === 'no-answers';
}

/** How a cause is found that is a state of a node itself; undefined of any other. */
export function conditionSignature(cause: Cause): Extract<Signature, { kind: 'node' }> | undefined {
  const { signature } = CAUSE_RULES[cause];
  return signature.kind === 'node' ? signature : undefined;
}

/** The causes that only a node's annotation distinguishes: it shows which of two MACs is right. */
export function causesOfAnnotations(): readonly Cause[] {
  return CAUSES.filter((cause) => {
    const { signature } = CAUSE_RULES[cause];
    const truth = signature.kind === 'cell' ? signature.macTruth : undefined;
    return truth === 'agrees' || truth === 'differs';
  });
}
