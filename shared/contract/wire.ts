/**
 * What the script prints on a host, to the byte: an envelope, and in it one record a line.
 *
 *     vtepwatch 1 begin entries
 *     host node1
 *     boot 7c0a1f5e-6f0e-4f0b-9d3c-2f1f4a6a0b11 864000.25
 *     D flannel.1 3 UP 1450 36:9b:9c:53:4a:10 1 192.168.1.140 8472
 *     N flannel.1 10.68.2.0 - INCOMPLETE
 *     V neighbour 10.68.2.0 dev flannel.1  INCOMPLETE
 *     vtepwatch 1 end 207 665511497
 *
 * `shared/core/parse/answer.ts` reads records and `lab/machines/simulated/records.ts` writes them, both from the
 * tables below. The script spells the records itself, and a test holds every line that it prints to
 * these tables. To add a record: one line in `RECORDS`, its letter in `ANSWERS`, the script, and the
 * `switch` of the parser, which the compiler then asks for.
 */
import { BUCKETS, PRIME, SYNDROME_DIGITS, SYNDROMES } from './digest.ts';
import {
  LEAF_CHECKSUM_DIGITS,
  LISTED_ADDRESSES,
  NODE_BUCKETS,
  NODE_CHECKSUM_DIGITS,
  NODE_LEAVES,
} from './node-list.ts';
import { type Action, TRIED_PEERS } from './probe.ts';
import { KUBECONFIG_PATH } from './settings.ts';

/** Begins every line of an envelope. Another form of any record is another version. */
export const MARK = 'vtepwatch 1';

/** First line of an answer, followed by the action: `vtepwatch 1 begin tables`. */
export const ANSWER_BEGIN = `${MARK} begin`;

/**
 * Last line of an answer: `vtepwatch 1 end <bytes> <checksum>`, both of the payload between the two
 * lines, line ends included. An answer without this line was cut, and is no answer.
 */
export const ANSWER_END = `${MARK} end`;

/**
 * Around an answer to a page of `tables` that is longer than `UNPACKED_BYTES`: between these lines
 * stands the gzip of the whole answer, envelope included, in base64. A host without `gzip` or
 * `base64` sends the answer as it is.
 */
export const PACKED_BEGIN = `${MARK} packed`;

export const PACKED_END = `${MARK} unpack`;

export const UNPACKED_BYTES = 2000;

/** The longest payload that the script prints. */
export const PAYLOAD_BYTES = 1_048_576;

/** The records of one answer of a master, line ends included, but for those of nodes. */
export const LATENCY_BYTES = 2000;

/** The longest path that a master's API server is asked for. */
export const REQUEST_PATH_LENGTH = 200;

/** The exit status of a request whose time was up. */
export const NOT_IN_TIME = 124;

/** The records `host` and `boot` at their longest, line ends included. */
const IDENTITY_BYTES = 350;

/** The longest payload of an answer to each action. */
export const LONGEST_PAYLOADS = {
  digest: PAYLOAD_BYTES,
  tables: PAYLOAD_BYTES,
  entries: PAYLOAD_BYTES,
  packets: PAYLOAD_BYTES,
  latency: IDENTITY_BYTES + LATENCY_BYTES,
  apis: IDENTITY_BYTES + LATENCY_BYTES,
  nodes: IDENTITY_BYTES + LATENCY_BYTES,
  'nodes-part': PAYLOAD_BYTES,
} as const satisfies Readonly<Record<Action, number>>;

/** How much of the output of `ip` and `bridge` an answer to `entries` quotes, for a page. */
export const EVIDENCE = { lines: 200, bytes: 200 } as const;

export const CHECKSUM = { factor: 257, modulus: PRIME } as const;

/**
 * h = (257 h + byte) mod 1073741789 from h = 0: exact in the doubles of every awk. A payload is
 * ASCII, so its characters are its bytes.
 */
export function checksum(payload: string): number {
  const { factor, modulus } = CHECKSUM;
  let sum = 0;
  for (let at = 0; at < payload.length; at++) {
    const next = sum * factor + payload.charCodeAt(at);
    // The remainder, exact below 2^39: `%` takes ten times as long for numbers beyond 2^31.
    sum = next - Math.floor(next / modulus) * modulus;
  }
  return sum;
}

/**
 * flannel names its devices `flannel.<VNI>` (pkg/backend/vxlan/vxlan.go, createVXLANDevice); a VNI has
 * 24 bits. Calico's names are fixed (felix/dataplane/linux/dataplanedefs/dataplane_defs.go).
 */
const OVERLAY = String.raw`(?:flannel(?:-v6)?\.[0-9]{1,8}|vxlan(?:-v6)?\.calico)`;
const IP = String.raw`(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f.:]*)`;
const CIDR = `${IP}/[0-9]{1,3}`;
/** RFC 1123, as Kubernetes names its nodes. */
const NODE = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';

/**
 * The words of records: a regular expression, or the list of the words that can stand there.
 *
 * Only the last word of a record may hold spaces. Addresses are held to their alphabet here; the
 * parser refuses those that are none.
 */
export const WORDS = {
  node: NODE,
  nodes: `${NODE}(?: ${NODE})*`,
  bootId: '[!-~]{1,64}',
  /** Seconds, as `/proc/uptime` has them: `864000.25`. */
  uptime: String.raw`[0-9]{1,12}(?:\.[0-9]{1,3})?`,
  count: '[0-9]{1,15}',
  install: ['canal', 'flannel', 'rke2', 'k3s', 'unknown'],
  path: KUBECONFIG_PATH,
  tool: ['iproute2', 'busybox', 'none'],
  /** `6.1.0`, `ss170501`. */
  release: '[0-9A-Za-z.]{1,64}',
  overlay: OVERLAY,
  /** Any device of the host's: the kernel leaves 15 bytes for its name. */
  device: '[!-~]{1,15}',
  /** A device whose name can stand in a command. */
  interface: '[A-Za-z0-9][A-Za-z0-9._+-]{0,14}',
  anomaly: ['network', 'route', 'blackhole', 'unreachable', 'prohibit', 'throw', 'device'],
  surroundings: String.raw`(?:bridge|address|anomaly)(?:,(?:bridge|address|anomaly)){0,2}`,
  deviceState: ['UP', 'DOWN'],
  ip: IP,
  cidr: CIDR,
  /** Six octets, in lower case. */
  mac: '[0-9a-f]{2}(?::[0-9a-f]{2}){5}',
  neighbourState: ['INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'PERMANENT'],
  fdbState: ['permanent', 'static', 'dynamic'],
  onlink: ['onlink'],
  sums: `[A-Za-z0-9_-]{${BUCKETS * SYNDROMES * SYNDROME_DIGITS}}`,
  table: ['neighbour', 'fdb', 'route'],
  unreadTable: ['device', 'neighbour', 'fdb', 'route'],
  /** `exit-255`: the exit status of `ip` or `bridge`. */
  unreadReason: '(?:timeout|missing|interrupted|unrecognised|exit-[0-9]{1,3})',
  /**
   * What became of an ICMP echo. `ok,0.4`: answered, in milliseconds. `toobig,1350`: this host's kernel knows
   * of a path that carries no more bytes. `rejected`: the peer itself refused it. `unreachable`: no neighbour,
   * or somebody's word that the way ends. `denied`: this host's own firewall. `untried`: no tool.
   */
  echo: String.raw`(?:ok,[0-9]{1,6}(?:\.[0-9]{1,3})?|lost|toobig(?:,[0-9]{1,5})?|rejected|unreachable|denied|untried)`,
  /** What became of a TCP connection. Who refuses has answered. */
  connection: ['connected', 'refused', 'unreachable', 'denied', 'lost', 'untried'],
  printed: `[ -~]{0,${EVIDENCE.bytes}}`,
  request: `(?:get-nodes|apis|/[a-z0-9./-]{1,${REQUEST_PATH_LENGTH - 1}})`,
  exit: '[0-9]{1,3}',
  complaint: '[ -~]+',

  /** A list's `resourceVersion`, a decimal number that need not fit a double. */
  listVersion: '[0-9]{1,20}',
  /** What read the list: busybox is slow at it. */
  reader: '(?:awk|busybox)',
  checksums: `[A-Za-z0-9_-]{${NODE_BUCKETS * NODE_CHECKSUM_DIGITS}}`,
  leaves: `[A-Za-z0-9_-]{${NODE_LEAVES * LEAF_CHECKSUM_DIGITS}}`,
  uid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  /** `2026-11-26T01:02:03Z`, to the second, as Kubernetes writes times. */
  time: '[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z',
  /** The last part of a node's `providerID`. */
  machine: '[A-Za-z0-9][A-Za-z0-9._-]{0,510}',
  ips: `${IP}(?:,${IP}){0,${LISTED_ADDRESSES - 1}}`,
  /** A node has a pod CIDR of each family at most. */
  cidrs: `${CIDR}(?:,${CIDR})?`,
  backend: '[a-z0-9-]{1,32}',
  role: ['master'],
  zone: '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?',
  scheduling: ['off'],
  object: '[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?',
  strategy: ['RollingUpdate', 'OnDelete'],
  amount: '[0-9]{1,8}%?',
} as const satisfies Readonly<Record<string, string | readonly string[]>>;

export type Word = keyof typeof WORDS;

/**
 * The records, each with its fields in their order. A word with `?` may be `-`, which stands for what
 * the host does not know or does not have.
 */
export const RECORDS = {
  /** The kubelet's name for this node, or else the host name. */
  host: { node: 'node?' },
  boot: { bootId: 'bootId?', uptime: 'uptime?' },
  install: { install: 'install' },
  /** Seconds since the youngest flanneld started. */
  flanneld: { seconds: 'count?' },
  /** The directories that the SSM agent keeps, one for each command of the last 14 days. */
  agent: { directories: 'count?' },
  /** Where a master has its admin kubeconfig. */
  master: { kubeconfig: 'path?' },
  /** What `ip` is. */
  tools: { tool: 'tool', release: 'release?' },

  /** An overlay device of this host. `local` is the source address of its outer packets. */
  D: {
    name: 'overlay',
    index: 'count',
    state: 'deviceState',
    mtu: 'count?',
    mac: 'mac?',
    vni: 'count?',
    local: 'ip?',
    port: 'count?',
  },
  /** An address of an overlay device. */
  A: { device: 'overlay', address: 'cidr' },
  /** The interface that carries an overlay device's outer packets, and how large these may be, in bytes. */
  below: { device: 'overlay', name: 'interface', mtu: 'count' },
  /** The overlay device's `local` with the length of the connected network that it lies in. Hosts in
   * one such network may route to each other directly. */
  C: { device: 'overlay', address: 'cidr' },
  /** A neighbour entry. Without a MAC the kernel has no answer yet, or had none. */
  N: { device: 'overlay', ip: 'ip', mac: 'mac?', state: 'neighbourState?' },
  /** An FDB entry. */
  F: { device: 'overlay', mac: 'mac', destination: 'ip', state: 'fdbState' },
  /** A route with a gateway, through any device. */
  R: { device: 'device', destination: 'cidr', gateway: 'ip', onlink: 'onlink?' },
  /**
   * A peer to which this host sent packets over the overlay: small ones, ones as large as the device carries,
   * and a TCP connection to kube-proxy's health port. Without any: no overlay route of the host leads there.
   */
  tried: { ip: 'ip', small: 'echo?', full: 'echo?', tcp: 'connection?' },
  /** How many packets an overlay device received and sent meanwhile. */
  traffic: { device: 'overlay', received: 'count', sent: 'count' },
  /** The digest (`digest.ts`). The first four fields count the symbols of each table, the fifth the
   * FDB's ghosts. The sums stand bucket by bucket, each bucket's from j = 0. */
  S: {
    neighbours: 'count',
    fdb: 'count',
    routes: 'count',
    direct: 'count',
    ghosts: 'count',
    sums: 'sums',
  },
  /** An address of the bridge that the pods of this host are on: cni0, or docker0 where there is no cni0
   * and it lies in the pod network. */
  bridge: { device: 'interface', address: 'cidr' },
  /** An address of another interface than those of the overlay, of pods and of services; the one that the
   * overlay uses first. */
  address: { device: 'interface', address: 'cidr' },
  /**
   * What is in the way of the pod network of flannel. `network`, `route`: through another device, or over
   * this host's own pods; a route only where it is as long as those of the pods or longer. `blackhole` and
   * its like: not Calico's own. `device`: of another overlay, or of this one but of another profile.
   */
  anomaly: { what: 'anomaly', device: 'interface?', range: 'cidr?' },
  /** Which of these three records the answer does not have all of: there was no room for them, or the host
   * could not read them. */
  cut: { kinds: 'surroundings?' },

  /** A table that could not be read whole: it is unknown, and never empty. */
  U: { table: 'unreadTable', reason: 'unreadReason' },
  /** The line of `ip` or `bridge` that the entry before it is from, for a page. */
  V: { table: 'table', line: 'printed' },

  /** A request to this master's own API server: seconds since boot at its start and end, and the exit
   * status of kubectl, `NOT_IN_TIME` if its time was up. */
  L: { request: 'request', start: 'uptime', end: 'uptime', exit: 'exit' },
  /** What kubectl complained of; of `apis`, why some aggregated APIs were not asked. */
  E: { request: 'request', complaint: 'complaint' },
  /** Nodes that kubectl listed. */
  K: { nodes: 'nodes' },
  /** Where these are more than `WHOLE_LIST_NODES`: how many, and a sum that other names do not have. */
  T: { count: 'count', sum: 'count' },

  /** The node list of this master's own API server, as `node-list.ts` describes it. */
  checksums: { version: 'listVersion', count: 'count', reader: 'reader', checksums: 'checksums' },
  /** Of a list that is not short: the checksums of its leaves. */
  leaves: { checksums: 'leaves' },
  /** A node as Kubernetes lists it: its object, flannel's annotations of each family, Calico's of
   * each, and its role. A value of another field changes too often. */
  node: {
    name: 'node',
    uid: 'uid',
    created: 'time',
    machine: 'machine?',
    internalIps: 'ips?',
    podCidrs: 'cidrs?',
    backend: 'backend?',
    mac: 'mac?',
    publicIp: 'ip?',
    overwrite: 'ip?',
    mac6: 'mac?',
    publicIp6: 'ip?',
    overwrite6: 'ip?',
    calicoTunnelIp: 'ip?',
    calicoAddress: 'cidr?',
    calicoTunnelIp6: 'ip?',
    calicoAddress6: 'cidr?',
    role: 'role?',
    zone: 'zone?',
    scheduling: 'scheduling?',
  },
  /** A node of which a value is outside its grammar. */
  unknown: { name: 'node' },
  /** A DaemonSet of the CNI, and how it is updated. */
  daemonset: {
    namespace: 'object',
    name: 'object',
    strategy: 'strategy',
    maxUnavailable: 'amount?',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Word | `${Word}?`>>>>;

export type RecordKind = keyof typeof RECORDS;

const IDENTITY = ['host', 'boot'] as const;
const FACTS = ['install', 'flanneld', 'agent', 'master', 'tools'] as const;
const ENTRIES = ['N', 'F', 'R'] as const;
const PACKETS = ['tried', 'traffic'] as const;
const SURROUNDINGS = ['bridge', 'address', 'anomaly', 'cut'] as const;

/** The records that an answer to each action can have. Every answer begins with `host` and `boot`. */
export const ANSWERS = {
  digest: [...IDENTITY, ...FACTS, 'D', 'below', 'A', 'C', 'U', 'S', ...PACKETS, ...SURROUNDINGS],
  tables: [...IDENTITY, ...FACTS, 'D', 'below', 'A', 'C', ...ENTRIES, 'U', ...SURROUNDINGS],
  entries: [...IDENTITY, 'D', 'below', 'A', ...ENTRIES, 'V', 'U', ...SURROUNDINGS],
  packets: [...IDENTITY, ...PACKETS],
  latency: [...IDENTITY, 'L', 'E', 'K', 'T'],
  apis: [...IDENTITY, 'L', 'E'],
  nodes: [...IDENTITY, 'checksums', 'L', 'E', 'daemonset'],
  'nodes-part': [...IDENTITY, 'checksums', 'leaves', 'L', 'E', 'node', 'unknown'],
} as const satisfies Readonly<Record<Action, readonly RecordKind[]>>;

/** How many records of each kind a host sends of what is around its overlay. */
export const MOST_AROUND = { bridge: 2, address: 8, anomaly: 4 } as const;

/** A host has a device or two, with an address or two each. Many more would cost a run its time. */
const DEVICES = 50;

/** How many records of a kind an answer can have; of the kinds that are not named here, one. */
export const MOST_RECORDS: Readonly<Partial<Record<RecordKind, number>>> = {
  D: DEVICES,
  below: DEVICES,
  A: DEVICES,
  C: DEVICES,
  N: Infinity,
  F: Infinity,
  R: Infinity,
  tried: TRIED_PEERS,
  traffic: DEVICES,
  ...MOST_AROUND,
  U: WORDS.unreadTable.length,
  V: EVIDENCE.lines,
  L: Infinity,
  E: Infinity,
  K: Infinity,
  node: Infinity,
  unknown: Infinity,
  daemonset: 6,
};

/** The text of each word: a string, or of listed words one of them. */
export type WordTexts = {
  readonly [W in Word]: (typeof WORDS)[W] extends readonly (infer Text)[] ? Text : string;
};

/** The fields of a record, where `Values` has the type of each word. */
export type FieldsOf<K extends RecordKind, Values extends Readonly<Record<Word, unknown>>> = {
  readonly [Name in keyof (typeof RECORDS)[K]]: ValueOf<(typeof RECORDS)[K][Name], Values>;
};

type ValueOf<Spelled, Values extends Readonly<Record<Word, unknown>>> = Spelled extends Word
  ? Values[Spelled]
  : Spelled extends `${infer W extends Word}?`
    ? Values[W] | undefined
    : never;

export interface Field {
  readonly name: string;
  readonly word: string;
  readonly isOptional: boolean;
}

interface Grammar {
  readonly fields: readonly Field[];
  /** A whole line, with a group for each field, in their order. */
  readonly line: RegExp;
}

const TEXTS: ReadonlyMap<string, string | readonly string[]> = new Map(Object.entries(WORDS));

/** The grammar of each record, by its first word. */
export const GRAMMARS: ReadonlyMap<string, Grammar> = new Map(
  Object.entries(RECORDS).map(([kind, record]) => {
    const fields = Object.entries(record).map(([name, word]) => fieldOf(name, word));
    const groups = fields.map(groupOf);
    return [kind, { fields, line: new RegExp(`^${[kind, ...groups].join(' ')}$`) }] as const;
  }),
);

function fieldOf(name: string, word: string): Field {
  return { name, word: word.replace('?', ''), isOptional: word.endsWith('?') };
}

function groupOf({ name, word, isOptional }: Field): string {
  const text = TEXTS.get(word) ?? [];
  const pattern = typeof text === 'string' ? text : text.join('|');
  return `(?<${name}>${isOptional ? '-|' : ''}${pattern})`;
}
