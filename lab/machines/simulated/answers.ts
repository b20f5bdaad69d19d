import { type Table, TABLES } from '../../../shared/contract/causes.ts';
import { type Action, ACTIONS } from '../../../shared/contract/probe.ts';
import { pageOfRecord } from '../../digest-oracle.ts';
import { BRIDGE_DEVICE, type HeldEntry, OVERLAY_DEVICE } from '../flannel.ts';
import type { Host } from '../machine.ts';
import { UNDERLAY_DEVICE } from '../roster.ts';
import { type Condition, entriesOf, tableOf } from './conditions.ts';
import type { Digests } from './digests.ts';
import { bootIdOf } from './hosts.ts';
import { nodeListOf } from './node-list.ts';
import { roundLines, wantedPacketLines } from './packets.ts';
import { packed, printed, record, recordOf, sealed } from './records.ts';

/** One host of a simulated cluster at one moment. */
interface Speaker {
  readonly hosts: readonly Host[];
  /** As the objects of their nodes have them. */
  readonly listed: readonly Host[];
  readonly digests: Digests;
  readonly host: Host;
  readonly condition: Condition;
  /** How every host of the cluster is at this moment. */
  readonly conditionOf: (host: Host) => Condition;
  readonly sendsPackets: boolean;
  /** The length of the prefix of the network that the hosts are in. */
  readonly underlayBits: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The kernel's index of every simulated host's overlay device. */
export const DEVICE_INDEX = 4;

/** What the script would print on this host. Throws for what the contract does not know. */
export function answer(speaker: Speaker, action: string, wanted: string): string {
  const asked = ACTIONS.find((known) => known === action);
  if (asked === undefined) throw new Error(`The script has no action ${action}.`);
  const whole = sealed(asked, [...identity(speaker), ...payloadOf(speaker, asked, wanted)]);
  if (asked === 'nodes-part' || (asked === 'tables' && wanted !== '')) return packed(whole);
  const isFollowed = asked === 'nodes' && speaker.host.master;
  return isFollowed ? whole + answer(speaker, 'nodes-part', '') : whole;
}

function payloadOf(speaker: Speaker, action: Action, wanted: string): readonly string[] {
  const { listed, digests, host, condition } = speaker;
  const { devices, connected, addresses } = ownRecords(speaker);
  switch (action) {
    case 'digest':
      return [
        ...facts(speaker),
        ...devices,
        ...connected,
        ...addresses,
        ...TABLES.flatMap((table) => unreadLines(condition, table)),
        digests.of(host, condition),
        ...(speaker.sendsPackets ? roundLines(speaker, wanted) : []),
        ...surroundings(speaker),
      ];
    case 'tables':
      return [
        ...facts(speaker),
        ...devices,
        ...(wanted === '' ? [] : connected),
        ...addresses,
        ...tableLines(speaker, pageLines(wanted)),
        ...surroundings(speaker),
      ];
    case 'entries':
      return [
        ...devices,
        ...addresses,
        ...tableLines(speaker, wantedLines(new Set(wanted.split(',')))),
        ...surroundings(speaker),
      ];
    case 'packets':
      return speaker.sendsPackets ? wantedPacketLines(speaker, wanted) : [];
    case 'latency':
      return host.master ? latencyLines(condition) : [];
    case 'apis':
      return host.master ? [apiLine(condition)] : [];
    case 'nodes':
      return host.master ? nodeListOf(listed).checksums : [];
    case 'nodes-part':
      return host.master ? partLines(listed, wanted) : [];
  }
}

function partLines(hosts: readonly Host[], wanted: string): readonly string[] {
  const list = nodeListOf(hosts);
  return [
    ...list.checksums.filter((line) => !line.startsWith('daemonset ')),
    ...list.partOf(wanted),
  ];
}

type Lines = (entry: HeldEntry) => readonly string[];

/** Table by table, the lines of each entry, or that the host cannot read the table. */
function tableLines({ hosts, host, condition }: Speaker, lines: Lines): readonly string[] {
  return TABLES.flatMap((table) =>
    condition.unread[table] === undefined
      ? entriesOf(hosts, host, { condition, table }).flatMap(lines)
      : unreadLines(condition, table),
  );
}

function unreadLines({ unread }: Condition, table: Table): readonly string[] {
  const reason = unread[table];
  return reason === undefined ? [] : [record('U', { table, reason })];
}

/** When each request to the master's own API server began and ended, and its exit code. */
function latencyLines({ apiServer }: Condition): readonly string[] {
  if (apiServer === 'stopped') return ['get-nodes', '/readyz'].flatMap(refusedLines);
  const delaySeconds = apiServer === 'well' ? 0 : apiServer.delaySeconds;
  return [
    timedLine({ request: 'get-nodes', seconds: 0.21 + delaySeconds, exit: 0 }),
    timedLine({ request: '/readyz', seconds: 0.05, exit: 0 }),
  ];
}

function apiLine({ apiServer }: Condition): string {
  const exit = apiServer === 'stopped' ? 1 : 0;
  return timedLine({ request: '/apis/metrics.k8s.io/v1beta1', seconds: 0.06, exit });
}

function refusedLines(request: string): readonly string[] {
  const complaint = 'The connection to the server was refused: connection refused';
  return [timedLine({ request, seconds: 0.08, exit: 1 }), record('E', { request, complaint })];
}

function timedLine({
  request,
  seconds,
  exit,
}: {
  readonly request: string;
  readonly seconds: number;
  readonly exit: number;
}): string {
  return record('L', { request, start: '1000.00', end: (1000 + seconds).toFixed(2), exit });
}

function identity({ host, condition, now }: Speaker): readonly string[] {
  const { boots, bootedAt } = condition;
  const uptime = ((now - bootedAt) / 1000).toFixed(2);
  return [
    record('host', { node: host.name }),
    record('boot', { bootId: bootIdOf(host, boots), uptime }),
  ];
}

function facts({ host, condition: { flanneldAt }, now }: Speaker): readonly string[] {
  const seconds = now < flanneldAt ? undefined : Math.floor((now - flanneldAt) / 1000);
  return [
    record('install', { install: 'canal' }),
    record('flanneld', { seconds }),
    record('agent', { directories: 3 }),
    record('master', { kubeconfig: host.master ? '/etc/kubernetes/admin.conf' : undefined }),
    record('tools', { tool: 'iproute2', release: '6.1.0' }),
  ];
}

interface OwnRecords {
  readonly devices: readonly string[];
  readonly connected: readonly string[];
  readonly addresses: readonly string[];
}

/** The host's own device and addresses. */
function ownRecords({ host, condition, underlayBits }: Speaker): OwnRecords {
  const {
    device,
    mac = host.vtepMac,
    tunnelIp = host.tunnelIp,
    mtu,
    port,
    underlayMtu,
  } = condition;
  if (device === 'missing') return { devices: [], connected: [], addresses: [] };
  const { underlayIp } = host;
  return {
    devices: [
      record('D', {
        name: OVERLAY_DEVICE,
        index: DEVICE_INDEX,
        state: device === 'down' ? 'DOWN' : 'UP',
        mtu,
        mac,
        vni: 1,
        local: underlayIp,
        port,
      }),
      record('below', { device: OVERLAY_DEVICE, name: UNDERLAY_DEVICE, mtu: underlayMtu }),
    ],
    connected: [record('C', { device: OVERLAY_DEVICE, address: `${underlayIp}/${underlayBits}` })],
    addresses: [record('A', { device: OVERLAY_DEVICE, address: `${tunnelIp}/32` })],
  };
}

/** One interface carries the overlay. */
function surroundings({ host, condition, underlayBits }: Speaker): readonly string[] {
  const { bridge } = condition;
  return [
    ...(bridge === undefined ? [] : [record('bridge', { device: BRIDGE_DEVICE, address: bridge })]),
    record('address', { device: UNDERLAY_DEVICE, address: `${host.underlayIp}/${underlayBits}` }),
    ...condition.obstacles.map(({ range, device }) =>
      record('anomaly', { what: device === undefined ? 'blackhole' : 'network', device, range }),
    ),
    record('cut', { kinds: condition.unread.route === undefined ? undefined : 'anomaly' }),
  ];
}

/** `k/n`: the entries of page k of n; everything where nothing is wanted. */
function pageLines(wanted: string): Lines {
  const [page = 0, pages = 1] = wanted === '' ? [] : wanted.split('/').map(Number);
  return (entry) => {
    const line = recordOf(entry);
    return pages < 2 || pageOfRecord(line, pages) === page ? [line] : [];
  };
}

/** An entry that is wanted, with the line that it is from. */
function wantedLines(wanted: ReadonlySet<string>): Lines {
  return (entry) => {
    const line = recordOf(entry);
    const [, , key = '', value = ''] = line.split(' ');
    if (!wanted.has(key) && !wanted.has(value)) return [];
    return [line, record('V', { table: tableOf(entry), line: printed(entry) })];
  };
}
