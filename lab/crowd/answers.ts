import { type Action, ACTIONS } from '../../shared/contract/probe.ts';
import { type Damage, entriesOf } from './damage.ts';
import type { Digests } from './digest.ts';
import { type Entry, OVERLAY_DEVICE, printed, recordOf, type Table, TABLES } from './entries.ts';
import { packed, sealed } from './envelope.ts';
import { type CrowdHost, UNDERLAY_LENGTH } from './host.ts';
import { placeOf } from './symbols.ts';

/** One host of a crowd at one moment. */
export interface Speaker {
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
  const payload = `${[...identity(speaker), ...payloadOf(speaker, asked, wanted)].join('\n')}\n`;
  const whole = sealed(asked, payload);
  return asked === 'tables' && wanted !== '' ? packed(whole) : whole;
}

function payloadOf(speaker: Speaker, action: Action, wanted: string): readonly string[] {
  const { digests, host, damage } = speaker;
  const own = ownRecords(speaker);
  const withoutLocal = own.filter((record) => !record.startsWith('L '));
  switch (action) {
    case 'digest':
      return [
        ...facts(speaker),
        ...own,
        ...TABLES.flatMap((table) => unreadLines(damage, table)),
        digests.of(host, damage),
      ];
    case 'tables':
      return [
        ...facts(speaker),
        ...(wanted === '' ? withoutLocal : own),
        ...tableLines(speaker, pageLines(wanted)),
      ];
    case 'entries':
      return [...withoutLocal, ...tableLines(speaker, wantedLines(new Set(wanted.split(','))))];
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
  const why = unread[table];
  return why === undefined ? [] : [`U ${table} ${why}`];
}

/** Of an API server that is well: when each request began and ended, and its exit code. */
const LATENCIES = ['L get-nodes 1000.00 1000.21 0', 'L /readyz 1000.00 1000.05 0'];
const METRICS_API = 'L /apis/metrics.k8s.io/v1beta1 1000.00 1000.06 0';

function identity({ host, uptimeSeconds }: Speaker): readonly string[] {
  return [`host ${host.name}`, `boot ${host.bootId} ${uptimeSeconds.toFixed(2)}`];
}

function facts({ host, uptimeSeconds }: Speaker): readonly string[] {
  return [
    'install canal',
    `flanneld ${Math.max(0, Math.floor(uptimeSeconds) - 60)}`,
    'agent 3',
    `master ${host.master ? '/etc/kubernetes/admin.conf' : '-'}`,
    'tools iproute2 6.1.0',
  ];
}

/** The host's own device and addresses. */
function ownRecords({ host, damage: { device } }: Speaker): readonly string[] {
  if (device?.kind === 'missing') return [];
  const state = device?.kind === 'down' ? 'DOWN' : 'UP';
  const mac = device?.kind === 'renewed' ? device.mac : host.vtepMac;
  const { deviceIndex, underlayIp, tunnelIp } = host;
  return [
    `D ${OVERLAY_DEVICE} ${deviceIndex} ${state} 1450 ${mac} 1 ${underlayIp} 8472`,
    `L ${OVERLAY_DEVICE} ${underlayIp}/${UNDERLAY_LENGTH}`,
    `A ${OVERLAY_DEVICE} ${tunnelIp}/32`,
  ];
}

/** `k/n`: the entries of page k of n; everything where nothing is wanted. */
function pageLines(wanted: string): Lines {
  const [page = 0, pages = 1] = wanted === '' ? [] : wanted.split('/').map(Number);
  return (entry) => (pages < 2 || placeOf(entry) % pages === page ? [recordOf(entry)] : []);
}

/** An entry that is wanted, with the line that it is from. */
function wantedLines(wanted: ReadonlySet<string>): Lines {
  return (entry) => {
    const record = recordOf(entry);
    const [, , key = '', value = ''] = record.split(' ');
    if (!wanted.has(key) && !wanted.has(value)) return [];
    return [record, `V ${entry.table} ${printed(entry)}`];
  };
}
