import { type Action, ACTIONS } from '../../shared/contract/probe.ts';
import { type Damage, entriesOf } from './damage.ts';
import type { Digests } from './digest.ts';
import { OVERLAY_DEVICE } from '../machines/flannel.ts';
import { type Entry, printed, recordOf, type Table, TABLES } from './entries.ts';
import { packed, record, sealed } from './envelope.ts';
import { type CrowdHost, UNDERLAY_LENGTH } from './host.ts';
import { placeOf } from './symbols.ts';

/** One host of a crowd at one moment. */
interface Speaker {
  readonly crowd: readonly CrowdHost[];
  readonly digests: Digests;
  readonly host: CrowdHost;
  readonly damage: Damage;
  /** How long its kernel runs. */
  readonly uptimeSeconds: number;
}

/** What the script would print on this host. Throws for what the contract does not know. */
export function answer(speaker: Speaker, action: string, wanted: string): string {
  const asked = ACTIONS.find((known) => known === action);
  if (asked === undefined) throw new Error(`The script has no action ${action}.`);
  const whole = sealed(asked, [...identity(speaker), ...payloadOf(speaker, asked, wanted)]);
  return asked === 'tables' && wanted !== '' ? packed(whole) : whole;
}

function payloadOf(speaker: Speaker, action: Action, wanted: string): readonly string[] {
  const { digests, host, damage } = speaker;
  const { devices, connected, addresses } = ownRecords(speaker);
  switch (action) {
    case 'digest':
      return [
        ...facts(speaker),
        ...devices,
        ...connected,
        ...addresses,
        ...TABLES.flatMap((table) => unreadLines(damage, table)),
        digests.of(host, damage),
      ];
    case 'tables':
      return [
        ...facts(speaker),
        ...devices,
        ...(wanted === '' ? [] : connected),
        ...addresses,
        ...tableLines(speaker, pageLines(wanted)),
      ];
    case 'entries':
      return [
        ...devices,
        ...addresses,
        ...tableLines(speaker, wantedLines(new Set(wanted.split(',')))),
      ];
    case 'latency':
      return host.master ? LATENCIES : [];
    case 'apis':
      return host.master ? [METRICS_API] : [];
  }
}

type Lines = (entry: Entry) => readonly string[];

/** Table by table, the lines of each entry, or that the host cannot read the table. */
function tableLines({ crowd, host, damage }: Speaker, lines: Lines): readonly string[] {
  return TABLES.flatMap((table) =>
    damage.unread?.[table] === undefined
      ? entriesOf(crowd, host, { damage, table }).flatMap(lines)
      : unreadLines(damage, table),
  );
}

function unreadLines({ unread = {} }: Damage, table: Table): readonly string[] {
  const reason = unread[table];
  return reason === undefined ? [] : [record('U', { table, reason })];
}

/** Of an API server that is well: when each request began and ended, and its exit code. */
const LATENCIES = [
  record('L', { request: 'get-nodes', start: '1000.00', end: '1000.21', exit: 0 }),
  record('L', { request: '/readyz', start: '1000.00', end: '1000.05', exit: 0 }),
];
const METRICS_API = record('L', {
  request: '/apis/metrics.k8s.io/v1beta1',
  start: '1000.00',
  end: '1000.06',
  exit: 0,
});

function identity({ host, uptimeSeconds }: Speaker): readonly string[] {
  return [
    record('host', { node: host.name }),
    record('boot', { bootId: host.bootId, uptime: uptimeSeconds.toFixed(2) }),
  ];
}

function facts({ host, uptimeSeconds }: Speaker): readonly string[] {
  return [
    record('install', { install: 'canal' }),
    record('flanneld', { seconds: Math.max(0, Math.floor(uptimeSeconds) - 60) }),
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
function ownRecords({ host, damage: { device } }: Speaker): OwnRecords {
  if (device?.kind === 'missing') return { devices: [], connected: [], addresses: [] };
  const { deviceIndex, underlayIp, tunnelIp } = host;
  return {
    devices: [
      record('D', {
        name: OVERLAY_DEVICE,
        index: deviceIndex,
        state: device?.kind === 'down' ? 'DOWN' : 'UP',
        mtu: 1450,
        mac: device?.kind === 'renewed' ? device.mac : host.vtepMac,
        vni: 1,
        local: underlayIp,
        port: 8472,
      }),
    ],
    connected: [
      record('C', { device: OVERLAY_DEVICE, address: `${underlayIp}/${UNDERLAY_LENGTH}` }),
    ],
    addresses: [record('A', { device: OVERLAY_DEVICE, address: `${tunnelIp}/32` })],
  };
}

/** `k/n`: the entries of page k of n; everything where nothing is wanted. */
function pageLines(wanted: string): Lines {
  const [page = 0, pages = 1] = wanted === '' ? [] : wanted.split('/').map(Number);
  return (entry) => (pages < 2 || placeOf(entry) % pages === page ? [recordOf(entry)] : []);
}

/** An entry that is wanted, with the line that it is from. */
function wantedLines(wanted: ReadonlySet<string>): Lines {
  return (entry) => {
    const line = recordOf(entry);
    const [, , key = '', value = ''] = line.split(' ');
    if (!wanted.has(key) && !wanted.has(value)) return [];
    return [line, record('V', { table: entry.table, line: printed(entry) })];
  };
}
