import type { Cause, Scope, Severity, Table } from '../../contract/causes.ts';
import type { Limits } from '../../contract/settings.ts';
import type { Signature } from './signatures.ts';

/**
 * How one cause is recognised, how long it must last before it pages, what it means to people, and
 * what fixes it. A new cause is one line in contract/causes.ts, one row here, and a fault in the lab.
 */
interface CauseRule {
  readonly signature: Signature;
  readonly patience: Patience;
  /** One sentence: what is wrong. */
  readonly summary: (names: Names) => string;
  /** One sentence: what users notice. */
  readonly effect: (names: Names) => string;
  readonly fix: FixRule;
}

/** Seconds for which a fault must last before it pages. */
type Patience = (
  fault: { readonly scope: Scope; readonly severity: Severity },
  limits: Limits,
) => number;

/**
 * Whom a sentence speaks of, ready for a page: `master1`, `all 5 of its judged peers`. Either may be
 * one node or several, so no verb or pronoun of a sentence may depend on it.
 */
export interface Names {
  readonly subject: string;
  readonly observers: string;
  readonly tables: readonly Table[];
}

/** What fixes a fault, and where. */
interface FixRule {
  /** The nodes on whose hosts something is to be done. */
  readonly at: 'observers' | 'subject';
  /** The safe ways, the quickest first. */
  readonly kinds: readonly FixKind[];
}

/**
 * `device`: the VXLAN device is deleted, for flannel makes it anew. `entries`: what is lost is put
 * back, entry by entry. `restart`: flannel starts again and programs everything.
 */
type FixKind = 'device' | 'entries' | 'restart';

/** A subject or an observer that is cut off pages at once; what reaches less far must last. */
const byReach: Patience = ({ scope, severity }, { pairPatienceSeconds }) =>
  severity === 'critical' && scope !== 'pair' ? 0 : pairPatienceSeconds;

const AT_OBSERVERS: FixRule = { at: 'observers', kinds: ['entries', 'restart'] };

/** The tables as a sentence calls them. */
const TABLE_NAMES: Readonly<Record<Table, string>> = {
  neighbour: 'neighbour',
  fdb: 'FDB',
  route: 'route',
};

const answersAreLost = ({ subject, observers }: Names): string =>
  `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`;

const packetsAreDropped = ({ subject, observers }: Names): string =>
  `Packets to ${subject} from ${observers} are dropped there: pods and API calls hang, while every node stays Ready.`;

const podsAreCutOff = ({ observers }: Names): string =>
  `Pods on ${observers} reach no pod of another node, and their answers are lost, while every node stays Ready.`;

/** Every cause with its rule; one that is missing here does not compile. */
export const CAUSE_RULES: Readonly<Record<Cause, CauseRule>> = {
  // The host has no VXLAN device, although it has a VTEP: deleted with the interface below it.
  'device-missing': {
    signature: { kind: 'device' },
    patience: byReach,
    summary: ({ observers }) => `There is no VXLAN device on ${observers}.`,
    effect: podsAreCutOff,
    // Entries cannot be put on a device that is not there.
    fix: { at: 'observers', kinds: ['restart'] },
  },

  // The subject's device has another MAC than its annotation, which the observers rightly hold: udev,
  // NetworkManager or a person changed it. The change also flushes the host's own neighbour entries,
  // which is part of this fault and no fault of its own.
  'mac-drift': {
    signature: {
      kind: 'cell',
      patterns: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
      macTruth: 'differs',
    },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The MAC of the VXLAN device of ${subject} is no longer that of its annotation, which stands rightly on ${observers}.`,
    effect: packetsAreDropped,
    // Entries for the drifted device would be wrong.
    fix: { at: 'subject', kinds: ['device', 'restart'] },
  },

  // Two groups of nodes that hold nothing of each other: for a time each had an API server that knew
  // only its own, or flannel on both sides missed that the other side came back.
  partition: {
    signature: { kind: 'sides' },
    patience: byReach,
    summary: () =>
      'The nodes have fallen into two groups, and no node of one holds any entry for a node of the other.',
    effect: () =>
      'Pods of one group cannot reach those of the other: calls between them hang, while every node stays Ready.',
    fix: AT_OBSERVERS,
  },

  // The device is there and nothing is programmed: since 0.27.4 flannel makes a lost device anew, and
  // does not program the peers again.
  'tables-empty': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'lost', route: 'lost' } },
    patience: byReach,
    summary: ({ observers }) =>
      `The VXLAN device is there on ${observers}, and no neighbour entry, FDB entry or route for any peer.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // The host lost neighbour entries and routes and kept the FDB: its device went down and up, or
  // systemd-networkd restarted.
  'neighbours-and-routes-lost': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'held', route: 'lost' } },
    patience: byReach,
    summary: ({ observers }) =>
      `All neighbour entries and routes are gone from ${observers}, and the FDB is there: the VXLAN device went down and up, or systemd-networkd restarted.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // The host lost all its neighbour entries and nothing else: `ip neigh flush … nud permanent`, or
  // systemd-networkd that drops what it did not set itself, with routes left alone.
  'neighbours-flushed': {
    signature: { kind: 'row', pattern: { neighbour: 'lost', fdb: 'held', route: 'held' } },
    patience: byReach,
    summary: ({ observers }) =>
      `All neighbour entries are gone from ${observers}; whatever else was read is there.`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },

  // Observers hold another MAC than the subject's device, which agrees with its annotation: they missed
  // the change. Before flannel 0.24.1 every reboot of a node changes its MAC.
  'stale-mac': {
    signature: {
      kind: 'cell',
      patterns: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
      macTruth: 'agrees',
    },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The VTEP MAC of ${subject} on ${observers} is an old one: device and annotation agree on another.`,
    effect: packetsAreDropped,
    fix: AT_OBSERVERS,
  },

  // Observers hold another MAC than the subject's device, and nothing tells which of them is right.
  'mac-mismatch': {
    signature: {
      kind: 'cell',
      patterns: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
      macTruth: 'unknown',
    },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The VTEP MAC of ${subject} on ${observers} is not that of the device. Where the node's annotation flannel.alpha.coreos.com/backend-data holds the device's MAC, the peers are stale; else the device has drifted.`,
    effect: packetsAreDropped,
    fix: AT_OBSERVERS,
  },

  // The FDB sends the node's packets to another underlay IP than the node has.
  'underlay-moved': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'changed', route: 'held' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `Packets for ${subject} are sent to a wrong underlay IP by the FDB of ${observers}.`,
    effect: answersAreLost,
    fix: AT_OBSERVERS,
  },

  // Nothing of the node is there: flannel on the observers never heard of it, or was told that it left.
  'never-programmed': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'lost', fdb: 'lost', route: 'lost' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `Neighbour entry, FDB entry and route for ${subject} are all missing on ${observers}.`,
    effect: answersAreLost,
    fix: AT_OBSERVERS,
  },

  // Two of the three entries are gone. A route that could not be set, for one, makes flannel take back
  // neighbour and FDB entry (vxlan_network.go, handleSubnetEvents).
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
    summary: ({ subject, observers, tables }) =>
      `The ${tables.map((table) => TABLE_NAMES[table]).join(' and ')} entries for ${subject} are gone from ${observers}.`,
    effect: answersAreLost,
    fix: AT_OBSERVERS,
  },

  // The permanent neighbour entry is gone; whatever else was read of it is right. flannel leaves exactly
  // this behind when adding the FDB entry fails and it takes the neighbour entry back (device.go, AddFDB;
  // vxlan_network.go, handleSubnetEvents), and it never puts it right by itself. Whether the kernel
  // shows nothing, INCOMPLETE or FAILED depends on traffic alone.
  'neighbour-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'lost', fdb: 'held', route: 'held' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The permanent neighbour entry for ${subject} is gone from ${observers}; whatever else was read of it is right.`,
    effect: answersAreLost,
    fix: AT_OBSERVERS,
  },

  // The FDB entry is gone: the kernel knows the inner MAC and not the host behind it.
  'fdb-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'lost', route: 'held' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The FDB entry for the VTEP of ${subject} is gone from ${observers}; whatever else was read of it is right.`,
    effect: answersAreLost,
    fix: AT_OBSERVERS,
  },

  // The route to the node's pods is gone, or does not lead through its tunnel IP.
  'route-missing': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'held', route: 'lost' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The route to the pods of ${subject} is gone from ${observers}, or leads elsewhere.`,
    effect: ({ subject, observers }) =>
      `Pods on ${subject} cannot be reached from ${observers}; packets may leave by the default route.`,
    fix: AT_OBSERVERS,
  },

  // The right MAC, but not PERMANENT: the kernel may drop it, and cannot learn it again.
  'neighbour-not-permanent': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'weak', fdb: 'held', route: 'held' }] },
    patience: byReach,
    summary: ({ subject, observers }) =>
      `The neighbour entry for ${subject} is not permanent on ${observers}: it works until it ages out.`,
    effect: ({ subject, observers }) =>
      `Nothing yet. When the entry ages out, answers to ${subject} from ${observers} are lost.`,
    fix: AT_OBSERVERS,
  },
};
