import { type Action, TRIED_IN_A_ROUND, TRIED_PEERS } from '../../contract/probe.ts';
import { addressOf, networkOf } from '../overlay/addresses.ts';
import {
  type HostFacts,
  type Observation,
  type PrintedEntry,
  shownBy,
  type Surroundings,
  type Tables,
} from '../overlay/vtep.ts';
import { type AnswerRecord, readAnswer, recordsOf } from './answer.ts';
import { isOtherOverlay, withAddresses } from './devices.ts';
import { packetsOf } from './packets.ts';

/** What all hosts are asked. */
export type HostAction = Extract<Action, 'digest' | 'tables' | 'entries' | 'packets'>;

type HostRecords = readonly AnswerRecord<HostAction>[];

/** Reads a host's answer. One that is not understood makes the host unknown. */
export function parseHostAnswer(
  action: HostAction,
  answer: { readonly instanceId: string; readonly text: string },
): Observation {
  const { instanceId } = answer;
  const read = readAnswer(action, answer.text);
  if (read.kind === 'broken') return unusable(instanceId, read.reason);
  const host = factsOf(read.records, instanceId);
  if (host === undefined) return unusable(instanceId, 'the answer does not name its host');
  const packets = packetsOf(read.records, action === 'packets' ? TRIED_PEERS : TRIED_IN_A_ROUND);
  // Of its tables nothing was asked.
  if (action === 'packets') {
    return { kind: 'tables', host, tables: {}, packets, verbatim: [], unread: [] };
  }
  const surroundings = surroundingsOf(read.records);
  const subnets = recordsOf(read.records, 'C').flatMap(({ address }) => networkOf(address) ?? []);
  const tables = {
    ...surroundings,
    ...tablesOf(read.records),
    ...(subnets.length === 0 ? {} : { subnets }),
  };
  const unread = recordsOf(read.records, 'U').map(
    ({ table, reason }) => `${table} could not be read: ${reason}`,
  );
  if (action !== 'digest') {
    const verbatim = printedEntries(read.records);
    if (verbatim === undefined)
      return unusable(instanceId, 'a quoted line is of no entry before it');
    return { kind: 'tables', host, tables, verbatim, unread };
  }
  const [digest] = recordsOf(read.records, 'S');
  if (digest === undefined) return unusable(instanceId, 'the answer has no digest');
  const { sums, ghosts, neighbours: neighbour, fdb, routes: route, direct } = digest;
  const counts = { neighbour, fdb, route, direct };
  return {
    kind: 'digest',
    host,
    devices: tables.devices,
    surroundings,
    digest: { sums, counts, ghosts, tables: shownBy(tables), subnets },
    packets,
    unread,
  };
}

function unusable(instanceId: string, reason: string): Observation {
  return { kind: 'unknown', instanceId, reason, error: 'bad_output' };
}

function factsOf(records: HostRecords, instanceId: string): HostFacts | undefined {
  const [host] = recordsOf(records, 'host');
  if (host?.node === undefined) return undefined;
  const [boot] = recordsOf(records, 'boot');
  const [install] = recordsOf(records, 'install');
  return {
    node: host.node,
    instanceId,
    bootId: boot?.bootId,
    uptimeSeconds: boot?.uptime,
    install: install?.install === 'unknown' ? undefined : install?.install,
    flanneldSeconds: recordsOf(records, 'flanneld')[0]?.seconds,
    agentDirectories: recordsOf(records, 'agent')[0]?.directories,
    kubeconfig: recordsOf(records, 'master')[0]?.kubeconfig,
  };
}

/** The host's tables. A table that it could not read whole is unknown, whatever part of it came. */
function tablesOf(records: HostRecords): Tables {
  const unread = new Set(recordsOf(records, 'U').map(({ table }) => table));
  const below = new Map(recordsOf(records, 'below').map((one) => [one.device, one]));
  const devices = recordsOf(records, 'D').map((device) => {
    const { name, index, state, mtu, mac, vni, local, port } = device;
    const under = below.get(name);
    const underlay = under === undefined ? undefined : { device: under.name, mtu: under.mtu };
    return { name, up: state === 'UP', index, mtu, mac, vni, local, port, underlay, addresses: [] };
  });
  const neighbours = recordsOf(records, 'N').map(({ device, ip, mac, state = '' }) => {
    return { device, ip, mac, permanent: state === 'PERMANENT', state };
  });
  const fdb = recordsOf(records, 'F').map(({ device, mac, destination }) => {
    return { device, mac, destination };
  });
  const routes = recordsOf(records, 'R').map(({ device, destination, gateway }) => {
    return { device, destination, gateway };
  });
  return {
    devices: unread.has('device') ? undefined : withAddresses(devices, recordsOf(records, 'A')),
    neighbours: unread.has('neighbour') ? undefined : neighbours,
    fdb: unread.has('fdb') ? undefined : fdb,
    routes: unread.has('route') ? undefined : routes,
  };
}

/** Loopback's addresses, which every host has and none sends. */
const LOOPBACK = ['127.0.0.1', '::1'] as const;

/** What the host sent of what is around its overlay; nothing where its script is older than these records. */
function surroundingsOf(records: HostRecords): Surroundings {
  const [cut] = recordsOf(records, 'cut');
  if (cut === undefined) return {};
  const isWhole = (kind: 'bridge' | 'address' | 'anomaly'): boolean =>
    cut.kinds?.split(',').includes(kind) !== true;
  const bridges = recordsOf(records, 'bridge').map(({ device, address }) => ({ device, address }));
  const interfaces = [...bridges, ...recordsOf(records, 'address'), ...recordsOf(records, 'A')];
  const anomalies = recordsOf(records, 'anomaly').map(({ what, device, range }) => {
    return { what, device, range };
  });
  const isKnown = isWhole('address') && isWhole('bridge');
  const own = interfaces.flatMap(({ address }) => addressOf(address) ?? []);
  return {
    ownAddresses: new Set([...own, ...(isKnown ? LOOPBACK : [])]),
    bridges: isWhole('bridge') ? bridges : undefined,
    anomalies: isWhole('anomaly') ? anomalies : undefined,
    otherOverlays: anomalies.flatMap(({ device = '' }) => (isOtherOverlay(device) ? [device] : [])),
  };
}

/** The quoted lines, each with its entry; undefined where one does not follow an entry of its table. */
function printedEntries(records: HostRecords): readonly PrintedEntry[] | undefined {
  const printed: PrintedEntry[] = [];
  for (const [at, record] of records.entries()) {
    if (record.kind !== 'V') continue;
    const entry = entryIn(records[at - 1]);
    if (entry?.table !== record.table) return undefined;
    printed.push({ ...entry, line: record.line });
  }
  return printed;
}

function entryIn(
  record: HostRecords[number] | undefined,
): Pick<PrintedEntry, 'table' | 'key' | 'value'> | undefined {
  if (record?.kind === 'N') return { table: 'neighbour', key: record.ip, value: record.mac };
  if (record?.kind === 'F') return { table: 'fdb', key: record.mac, value: record.destination };
  if (record?.kind === 'R') {
    return { table: 'route', key: record.destination, value: record.gateway };
  }
  return undefined;
}

type TablesSeen = Extract<Observation, { readonly kind: 'tables' }>;

/**
 * Two pages of one host's tables as one observation. Each entry is on one page; devices and facts are
 * on every page. A page that is unknown makes the host unknown. So does a boot, another name or another
 * device between two pages, because some of the entries would then be outdated.
 */
export function joinPages(one: Observation, other: Observation): Observation {
  if (one.kind !== 'tables') return one;
  if (other.kind !== 'tables') return other;
  const change = changeBetween(one, other);
  if (change !== undefined) {
    return {
      kind: 'unknown',
      instanceId: one.host.instanceId ?? '',
      node: one.host.node,
      reason: `${change} while its tables were read page by page`,
      error: 'bad_output',
    };
  }
  return {
    kind: 'tables',
    // The second look counts from the host's last page.
    host: { ...one.host, uptimeSeconds: laterOf(one.host.uptimeSeconds, other.host.uptimeSeconds) },
    tables: joinTables(one.tables, other.tables),
    verbatim: [...one.verbatim, ...other.verbatim],
    unread: [...new Set([...one.unread, ...other.unread])],
  };
}

/** Of two uptimes; unknown where one is. */
function laterOf(one: number | undefined, two: number | undefined): number | undefined {
  return one === undefined || two === undefined ? undefined : Math.max(one, two);
}

function changeBetween(one: TablesSeen, other: TablesSeen): string | undefined {
  if (one.host.node !== other.host.node) return 'the host got another name';
  if (one.host.bootId !== other.host.bootId) return 'the host booted';
  if (JSON.stringify(one.tables.devices) !== JSON.stringify(other.tables.devices)) {
    return 'its VXLAN devices changed';
  }
  return undefined;
}

/** A table that is unknown on one page is unknown. */
function joinTables(one: Tables, other: Tables): Tables {
  return {
    ...one,
    neighbours: joinEntries(one.neighbours, other.neighbours),
    fdb: joinEntries(one.fdb, other.fdb),
    routes: joinEntries(one.routes, other.routes),
  };
}

function joinEntries<T>(
  one: readonly T[] | undefined,
  other: readonly T[] | undefined,
): readonly T[] | undefined {
  return one === undefined || other === undefined ? undefined : [...one, ...other];
}
