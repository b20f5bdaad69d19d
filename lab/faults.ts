import type { Cause } from '../shared/contract/causes.ts';
import { type ApiConduct, type Damage, type EntryDamage, partition } from './damage.ts';
import { OVERLAY_DEVICE } from './machines/flannel.ts';
import type { Host } from './machines/machine.ts';
import { ROSTER, UNDERLAY_DEVICE } from './machines/roster.ts';

/** One way in which the overlay of the lab's six hosts breaks. */
export interface Fault {
  /** What happened, in one sentence. */
  readonly summary: string;
  /** The node that its peers lose; absent where an observer loses its peers. */
  readonly subject?: string;
  /** The nodes whose tables are wrong. */
  readonly observers: readonly string[];
  /** Which of two causes vtepwatch names depends here on whether it reads the nodes' annotations,
   * in which flannel publishes the MAC: with them the cause shows only if `read`, or only if `unread`. */
  readonly annotations?: 'read' | 'unread';
  /** How many nodes the subject cannot reach; default all. */
  readonly lost?: number;
  readonly damage: readonly Damage[];
  /** What somebody does whom the page has found; default what the page says. */
  readonly repair?: readonly Damage[];
}

/** The host that the subject's faults happen to: the one of the recorded incident. */
const SUBJECT = hostNamed('master1');
const PEERS = ROSTER.map(({ name }) => name).filter((name) => name !== SUBJECT.name);

/** The host that the observer's faults happen to. */
const OBSERVER = 'node2';

const OBSERVERS_PEERS = ROSTER.map(({ name }) => name).filter((name) => name !== OBSERVER);

/** A host without a pod of the lab's, and so without a bridge. */
const BRIDGELESS = 'node3';

/** Longer than `slowSeconds` by default, and shorter than the function waits for a list of Kubernetes. */
const SLOW_SECONDS = 6;

/** What the subject had in an earlier life. */
const FORMER: Host = { ...SUBJECT, vtepMac: '6e:0d:51:c7:22:9b', underlayIp: '192.168.1.240' };

/**
 * Before flannel 0.24.1 every reboot gives a new MAC. Here the peers get the former one, which comes to
 * the same, and leaves the subject's annotation as it is.
 */
const HOLD_FORMER_MAC: readonly EntryDamage[] = [
  lost('fdb'),
  held(['neighbour', 'fdb'], { ...SUBJECT, vtepMac: FORMER.vtepMac }),
];

/** Every cause that vtepwatch can name, as something that can happen. */
export const FAULTS: Readonly<Record<Cause, Fault>> = {
  'device-missing': onObserver(
    `The underlay of ${OBSERVER} was restarted, and ${OVERLAY_DEVICE} went with it.`,
    // What flannel before 0.27.4 leaves behind when its device goes.
    { kind: 'device-deleted', on: [OBSERVER] },
  ),
  'device-down': onObserver(`Somebody set ${OVERLAY_DEVICE} of ${OBSERVER} down.`, {
    kind: 'device-down',
    on: [OBSERVER],
  }),
  'duplicate-pod-cidr': {
    summary: `The node object of ${OBSERVER} was restored with the pod CIDR of ${SUBJECT.name}, and flannel there started again.`,
    subject: OBSERVER,
    observers: OBSERVERS_PEERS,
    damage: [
      {
        kind: 'listed',
        as: { ...hostNamed(OBSERVER), podCidr: SUBJECT.podCidr, tunnelIp: SUBJECT.tunnelIp },
      },
      { kind: 'address-changed', on: [OBSERVER], address: SUBJECT.tunnelIp },
      {
        kind: 'held',
        tables: ['neighbour'],
        on: OBSERVERS_PEERS.filter((name) => name !== SUBJECT.name),
        of: { ...hostNamed(OBSERVER), podCidr: SUBJECT.podCidr, tunnelIp: SUBJECT.tunnelIp },
      },
    ],
    annotations: 'read',
  },
  'duplicate-mac': {
    summary: `${OBSERVER} was made anew from a copy of ${SUBJECT.name}, and flannel published its MAC address once more.`,
    subject: OBSERVER,
    observers: OBSERVERS_PEERS,
    damage: [
      { kind: 'mac-changed', on: [OBSERVER], mac: SUBJECT.vtepMac },
      { kind: 'flannel-restarted', on: [OBSERVER] },
      { kind: 'listed', as: { ...hostNamed(OBSERVER), vtepMac: SUBJECT.vtepMac } },
      {
        kind: 'held',
        tables: ['neighbour', 'fdb'],
        on: OBSERVERS_PEERS,
        of: { ...hostNamed(OBSERVER), vtepMac: SUBJECT.vtepMac },
      },
    ],
    annotations: 'read',
  },
  'duplicate-underlay': {
    summary: `A virtual IP moved from ${SUBJECT.name} to ${OBSERVER} and back, and flannel on ${OBSERVER} published it.`,
    subject: OBSERVER,
    observers: OBSERVERS_PEERS,
    damage: [
      { kind: 'listed', as: { ...hostNamed(OBSERVER), publicIp: SUBJECT.underlayIp } },
      {
        kind: 'held',
        tables: ['fdb'],
        on: OBSERVERS_PEERS,
        of: { ...hostNamed(OBSERVER), underlayIp: SUBJECT.underlayIp },
      },
    ],
    annotations: 'read',
  },
  'tunnel-ip-drift': onSubject(
    `A script gave ${OVERLAY_DEVICE} of ${SUBJECT.name} an address of another pod CIDR.`,
    { kind: 'address-changed', on: [SUBJECT.name], address: '10.68.200.0' },
  ),
  'vxlan-mismatch': onSubject(
    `flannel of ${SUBJECT.name} was given IANA's port, and the others keep the kernel's.`,
    { kind: 'port-changed', on: [SUBJECT.name], port: 4789 },
  ),
  overlap: {
    summary: `Somebody gave ${OBSERVER} a route through ${UNDERLAY_DEVICE} to the pod CIDR of ${SUBJECT.name}.`,
    subject: OBSERVER,
    observers: [SUBJECT.name],
    lost: 1,
    damage: [
      { kind: 'route-added', on: [OBSERVER], range: SUBJECT.podCidr, through: UNDERLAY_DEVICE },
    ],
  },
  'mac-drift': {
    ...onPeers(`udev gave ${OVERLAY_DEVICE} of ${SUBJECT.name} a MAC of its own choice.`, {
      kind: 'mac-changed',
      on: [SUBJECT.name],
      mac: 'b2:1f:9c:08:64:ee',
    }),
    annotations: 'read',
  },
  partition: {
    summary:
      'Masters and workers learned that the nodes of the other side had left, and never that they were back.',
    observers: ROSTER.map(({ name }) => name),
    damage: partition(named('masters'), named('workers')),
  },
  'tables-empty': onObserver(
    `The underlay of ${OBSERVER} was restarted, and flannel made ${OVERLAY_DEVICE} anew without its peers.`,
    { kind: 'device-remade', on: [OBSERVER] },
  ),
  'neighbours-and-routes-lost': onObserver(
    `${OVERLAY_DEVICE} of ${OBSERVER} was set down and up again.`,
    { kind: 'device-bounced', on: [OBSERVER] },
  ),
  'neighbours-flushed': onObserver(
    `Somebody flushed the permanent neighbours of ${OBSERVER}.`,
    // A change of the device's MAC flushes them too, but would be a second fault: the peers would hold
    // the old MAC.
    { kind: 'lost', tables: ['neighbour'], on: [OBSERVER], of: 'all' },
  ),
  'stale-mac': {
    ...onPeers(
      `${SUBJECT.name} came back from a reboot with a new MAC, and flannel on every peer missed the change.`,
      ...HOLD_FORMER_MAC,
    ),
    annotations: 'read',
  },
  // The same tables, seen without the annotation that would say who is right.
  'mac-mismatch': {
    ...onPeers(
      `${SUBJECT.name} and its peers hold different MACs for it, and no annotation says which is right.`,
      ...HOLD_FORMER_MAC,
    ),
    annotations: 'unread',
  },
  'underlay-moved': onPeers(
    `${SUBJECT.name} was moved to another underlay IP, and flannel on every peer missed the change.`,
    held(['fdb'], { ...SUBJECT, underlayIp: FORMER.underlayIp }),
  ),
  'never-programmed': onPeers(
    `Flannel on every peer lost the event that ${SUBJECT.name} joined, and programmed nothing of it.`,
    lost('neighbour', 'fdb', 'route'),
  ),
  'entries-missing': onPeers(
    `Flannel on every peer could not write the route to ${SUBJECT.name} anew, and took the neighbour and FDB entries back.`,
    lost('neighbour', 'fdb'),
  ),
  'neighbour-missing': onPeers(
    `Flannel on every peer announced ${SUBJECT.name} anew, could not write the FDB entry, and took the neighbour entry back.`,
    lost('neighbour'),
  ),
  'fdb-missing': onPeers(
    `The FDB entry of ${SUBJECT.name} was deleted on every peer.`,
    lost('fdb'),
  ),
  'route-missing': onPeers(
    `The route to the pods of ${SUBJECT.name} was deleted on every peer.`,
    lost('route'),
  ),
  'direct-route-missing': onPeers(
    `flannel has DirectRouting, and the direct route to ${SUBJECT.name} was deleted on every peer.`,
    { kind: 'direct-routing', on: 'all' },
    { kind: 'direct-lost', on: PEERS, of: [SUBJECT.name] },
  ),
  'overlay-blackhole': {
    ...onPeers(`A firewall on ${SUBJECT.name} drops what comes in for ${OVERLAY_DEVICE}.`, {
      kind: 'packets-dropped',
      on: [SUBJECT.name],
      direction: 'in',
      which: 'all',
    }),
    // The page shows what drops them, and a person takes it away.
    repair: [{ kind: 'packets-passed', on: [SUBJECT.name] }],
  },
  'neighbour-not-permanent': onPeers(
    `The neighbour entry of ${SUBJECT.name} on every peer was replaced by one that ages.`,
    { ...held(['neighbour'], SUBJECT), state: 'STALE' },
  ),
  'ghost-entry': {
    summary: `Another overlay left a blackhole on ${OBSERVER}, in the pod CIDR of ${SUBJECT.name}.`,
    subject: OBSERVER,
    observers: [SUBJECT.name],
    lost: 1,
    damage: [{ kind: 'route-added', on: [OBSERVER], range: '10.68.0.64/26', through: 'blackhole' }],
  },
  'bridge-mismatch': {
    summary: `An earlier installation left its bridge on ${BRIDGELESS}, with addresses of another network.`,
    subject: BRIDGELESS,
    observers: [],
    damage: [{ kind: 'bridge-made', on: [BRIDGELESS], address: '10.99.4.1/24' }],
  },
  'annotation-missing': {
    ...onSubject(
      `The node object of ${SUBJECT.name} was deleted and made again, while flannel ran on.`,
      { kind: 'listed', as: { ...SUBJECT, isAnnotated: false } },
    ),
    annotations: 'read',
  },
  'mtu-mismatch': onSubject(
    `Somebody gave ${OVERLAY_DEVICE} of ${SUBJECT.name} an MTU of its own.`,
    { kind: 'mtu-changed', on: [SUBJECT.name], mtu: 1400 },
  ),
  'control-plane-unreachable': onApiServer(
    `The API server of ${SUBJECT.name} has stopped.`,
    'stopped',
  ),
  'slow-control-plane': onApiServer(
    `The API server of ${SUBJECT.name} waits ${SLOW_SECONDS} s for etcd whenever it lists nodes.`,
    { delaySeconds: SLOW_SECONDS },
  ),
};

function onPeers(summary: string, ...damage: readonly Damage[]): Fault {
  return { summary, subject: SUBJECT.name, observers: PEERS, damage };
}

/** A state of the subject itself: its peers hold what they should. */
function onSubject(summary: string, ...damage: readonly Damage[]): Fault {
  return { summary, subject: SUBJECT.name, observers: [], damage };
}

/** No node loses another one, and no page has a command that ends it. */
function onApiServer(summary: string, is: ApiConduct): Fault {
  const on = [SUBJECT.name];
  const repair: readonly Damage[] = [{ kind: 'api-server', on, is: 'well' }];
  return { ...onSubject(summary, { kind: 'api-server', on, is }), lost: 0, repair };
}

function onObserver(summary: string, ...damage: readonly Damage[]): Fault {
  return { summary, observers: [OBSERVER], damage };
}

/** The peers lose these entries for the subject. */
function lost(...tables: EntryDamageOf<'lost'>['tables']): EntryDamageOf<'lost'> {
  return { kind: 'lost', tables, on: PEERS, of: [SUBJECT.name] };
}

function held(tables: EntryDamageOf<'held'>['tables'], of: Host): EntryDamageOf<'held'> {
  return { kind: 'held', tables, on: PEERS, of };
}

type EntryDamageOf<Kind> = Extract<EntryDamage, { readonly kind: Kind }>;

function named(side: 'masters' | 'workers'): readonly string[] {
  return ROSTER.filter(({ master }) => master === (side === 'masters')).map(({ name }) => name);
}

function hostNamed(name: string): Host {
  const host = ROSTER.find((one) => one.name === name);
  if (host === undefined) throw new Error(`the lab has no host ${name}`);
  return host;
}
