import {
  addSymbol,
  type DigestSymbol,
  inDigits,
  noSums,
  pageOfRecord,
  symbolOf,
} from '../../lab/digest-oracle.ts';
import { BRIDGE_DEVICE, type Entry, OVERLAY_DEVICE } from '../../lab/machines/flannel.ts';
import { UNDERLAY_DEVICE } from '../../lab/machines/roster.ts';
import { printed, record, recordOf, sealed } from '../../lab/machines/simulated/records.ts';
import { type Table, TABLES } from '../../shared/contract/causes.ts';
import { type Action, ACTIONS } from '../../shared/contract/probe.ts';
import { WHOLE_LIST_NODES } from '../../shared/contract/node-list.ts';
import type { Host } from './host.ts';
import type { Kernel } from './kernel.ts';
import { roundLines, wantedPacketLines } from './packets.ts';
import { checksumLines, DAEMONSET_LINES, type ListedNodes, nodeLines } from './node-list.ts';

/** A host at one moment. */
interface Speaker {
  readonly host: Host;
  /** All that ever were. */
  readonly hosts: readonly Host[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether it has the kubeconfig of a master. */
  readonly hasKubeconfig: boolean;
  /** What its own API server lists, where it has one. */
  readonly listed: ListedNodes;
}

/** What the script prints on this host. Throws for what the contract does not know. */
export function answerOf(
  speaker: Speaker,
  { action, wanted }: { readonly action: string; readonly wanted: string },
): string {
  const asked = ACTIONS.find((known) => known === action);
  if (asked === undefined) throw new Error(`The script has no action ${action}.`);
  const whole = sealed(asked, [...identity(speaker), ...payload(speaker, asked, wanted)]);
  const rest = { action: 'nodes-part', wanted: '' };
  return asked === 'nodes' && speaker.hasKubeconfig ? whole + answerOf(speaker, rest) : whole;
}

function payload(speaker: Speaker, action: Action, wanted: string): readonly string[] {
  const { kernel } = speaker.host;
  switch (action) {
    case 'digest':
      return [
        ...facts(speaker),
        ...ownRecords(speaker),
        digestOf(kernel),
        ...roundLines(speaker, wanted),
        ...surroundings(speaker),
      ];
    case 'tables':
      return [
        ...facts(speaker),
        ...ownRecords(speaker),
        ...inOrder(kernel.entries())
          .filter((entry) => isOnPage(entry, wanted))
          .map(recordOf),
        ...surroundings(speaker),
      ];
    case 'entries': {
      const keys = new Set(wanted.split(','));
      return [
        ...ownRecords(speaker).filter((line) => !line.startsWith('C ')),
        ...inOrder(kernel.entries()).flatMap((entry) => wantedLines(entry, keys)),
        ...surroundings(speaker),
      ];
    }
    case 'packets':
      return wantedPacketLines(speaker, wanted);
    case 'latency':
      return speaker.hasKubeconfig ? latencies(speaker) : [];
    case 'apis':
      return speaker.hasKubeconfig ? [METRICS_API] : [];
    case 'nodes':
      return speaker.hasKubeconfig ? [...checksumLines(speaker.listed), ...DAEMONSET_LINES] : [];
    case 'nodes-part':
      return speaker.hasKubeconfig
        ? [...checksumLines(speaker.listed), ...nodeLines(speaker.listed, wanted)]
        : [];
  }
}

function identity({ host, now }: Speaker): readonly string[] {
  const uptime = ((now - (host.bootedAt ?? now)) / 1000).toFixed(2);
  const number = host.boots.toString(16).padStart(4, '0');
  const bootId = `b0070000-0000-4000-${number}-${host.instanceId.slice(-12)}`;
  return [record('host', { node: host.name }), record('boot', { bootId, uptime })];
}

function facts({ host, now, hasKubeconfig }: Speaker): readonly string[] {
  const { flanneldSince } = host;
  const seconds =
    flanneldSince === undefined ? undefined : Math.floor((now - flanneldSince) / 1000);
  return [
    record('install', { install: 'canal' }),
    record('flanneld', { seconds }),
    record('agent', { directories: 3 }),
    record('master', { kubeconfig: hasKubeconfig ? '/etc/kubernetes/admin.conf' : undefined }),
    record('tools', { tool: 'iproute2', release: '6.1.0' }),
  ];
}

function ownRecords({ host }: Speaker): readonly string[] {
  const { device } = host.kernel;
  if (device === undefined) return [];
  const { index, mac, tunnelIp, mtu = 1450, port = 8472, isDown = false } = device;
  return [
    record('D', {
      name: OVERLAY_DEVICE,
      index,
      state: isDown ? 'DOWN' : 'UP',
      mtu,
      mac,
      vni: 1,
      local: host.underlayIp,
      port,
    }),
    record('C', { device: OVERLAY_DEVICE, address: `${host.underlayIp}/12` }),
    record('A', { device: OVERLAY_DEVICE, address: `${tunnelIp}/32` }),
  ];
}

/** One interface carries the overlay. A host without its device does not know where pods are. */
function surroundings({ host }: Speaker): readonly string[] {
  const { bridge, device, networks } = host.kernel;
  return [
    ...(bridge === undefined ? [] : [record('bridge', { device: BRIDGE_DEVICE, address: bridge })]),
    record('address', { device: UNDERLAY_DEVICE, address: `${host.underlayIp}/12` }),
    ...host.kernel.blackholes.map((range) =>
      record('anomaly', { what: 'blackhole', device: undefined, range }),
    ),
    ...(device === undefined ? [] : networks).map((range) =>
      record('anomaly', { what: 'network', device: OTHER_DEVICE, range }),
    ),
    record('cut', { kinds: undefined }),
  ];
}

/** An interface beside that of the underlay. */
const OTHER_DEVICE = 'eth1';

/** Digests by kernel, with the version of the tables that they are of. */
const digests = new WeakMap<Kernel, { readonly version: number; readonly text: string }>();

function digestOf(kernel: Kernel): string {
  const known = digests.get(kernel);
  if (known?.version === kernel.version) return known.text;
  const text = newDigest(kernel.entries());
  digests.set(kernel, { version: kernel.version, text });
  return text;
}

function newDigest(entries: readonly Entry[]): string {
  const ghosts = ghostsAmong(entries);
  const sums = noSums();
  const counts: Record<Table, number> = { neighbour: 0, fdb: 0, route: 0 };
  for (const entry of entries) {
    if (ghosts.has(entry)) continue;
    const symbol = knownSymbolOf(recordOf(entry));
    if (symbol === undefined) continue;
    counts[entry.table] += 1;
    addSymbol(sums, symbol, 1);
  }
  return record('S', {
    neighbours: counts.neighbour,
    fdb: counts.fdb,
    routes: counts.route,
    direct: 0,
    ghosts: ghosts.size,
    sums: inDigits(sums),
  });
}

/** Symbols by the entry's record: all hosts of a cluster hold the same few. */
const symbols = new Map<string, DigestSymbol | undefined>();
const SYMBOLS_KEPT = 10_000;

function knownSymbolOf(line: string): DigestSymbol | undefined {
  if (symbols.has(line)) return symbols.get(line);
  if (symbols.size >= SYMBOLS_KEPT) symbols.clear();
  const symbol = symbolOf(line);
  symbols.set(line, symbol);
  return symbol;
}

/** FDB entries that no neighbour entry leads to, while one that is in use has the same destination. */
function ghostsAmong(entries: readonly Entry[]): ReadonlySet<Entry> {
  const used = new Set(entries.flatMap((entry) => (entry.table === 'neighbour' ? entry.mac : [])));
  const fdb = entries.filter((entry) => entry.table === 'fdb');
  const reached = new Set(
    fdb.filter(({ mac }) => used.has(mac)).map(({ destination }) => destination),
  );
  return new Set(fdb.filter(({ mac, destination }) => !used.has(mac) && reached.has(destination)));
}

function inOrder(entries: readonly Entry[]): readonly Entry[] {
  return TABLES.flatMap((table) => entries.filter((entry) => entry.table === table));
}

/** `k/n`: page k of n; everything where nothing is wanted. */
function isOnPage(entry: Entry, wanted: string): boolean {
  const [page = 0, pages = 1] = wanted === '' ? [] : wanted.split('/').map(Number);
  return pages < 2 || pageOfRecord(recordOf(entry), pages) === page;
}

function wantedLines(entry: Entry, wanted: ReadonlySet<string>): readonly string[] {
  const line = recordOf(entry);
  const [, , key = '', value = ''] = line.split(' ');
  if (!wanted.has(key) && !wanted.has(value)) return [];
  return [line, record('V', { table: entry.table, line: printed(entry) })];
}

/** An API server that is well: when each request began and ended, and the nodes that it listed. */
/** Each API server is slow for a moment every five minutes, which is no fault: no two runs see it. */
const SLOW_MS = 5000;
const SLOW_EVERY = 61;

function latencies({ host, listed, now }: Speaker): readonly string[] {
  const isSlow = (Math.floor(now / SLOW_MS) + host.name.length) % SLOW_EVERY === 0;
  const end = isSlow ? '1012.34' : '1000.21';
  return [
    record('L', { request: 'get-nodes', start: '1000.00', end, exit: 0 }),
    record('L', { request: '/readyz', start: '1000.00', end: '1000.05', exit: 0 }),
    ...namesOf(listed.nodes.map(({ name }) => name)),
  ];
}

/** The names, or of many their number and a sum that other names do not have. */
function namesOf(listed: readonly string[]): readonly string[] {
  if (listed.length === 0) return [];
  if (listed.length <= WHOLE_LIST_NODES) return [record('K', { nodes: listed.join(' ') })];
  const hashes = listed.map((name) =>
    Buffer.from(name).reduce((hash, byte) => (hash * 31 + byte) % 1_073_741_789, 1),
  );
  const sum = hashes.reduce((total, hash) => total + hash, 0);
  return [record('T', { count: listed.length, sum })];
}

const METRICS_API = record('L', {
  request: '/apis/metrics.k8s.io/v1beta1',
  start: '1000.00',
  end: '1000.06',
  exit: 0,
});
