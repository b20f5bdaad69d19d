import { type Action, EVIDENCE } from '../../contract/probe.ts';
import { type Cidr, networkOf, parseCidr, parseIp } from '../addresses.ts';
import {
  type Device,
  type Digest,
  type FdbEntry,
  type HostFacts,
  INSTALLS,
  isOverlayDevice,
  type NeighbourEntry,
  type Observation,
  type RouteEntry,
  type Tables,
  shownBy,
} from '../overlay.ts';
import { openAnswer } from './answer.ts';
import { type DeviceAddress, withAddresses } from './devices.ts';
import { readSums } from './digest-sums.ts';
import { isNodeName } from './kubectl-nodes.ts';
import { NEIGHBOUR_STATES } from './neighbours.ts';
import { quote } from './parsed.ts';
import { isUptime, macToken, wholeNumber, type Words, wordsOf } from './words.ts';

/** What all hosts are asked. */
export type HostAction = Extract<Action, 'digest' | 'tables' | 'entries'>;

/**
 * Reads a host's answer to the actions `digest`, `tables` and `entries`: one line an entry, its kind in the
 * first word. The script writes exactly this form, so one line that is not understood makes the
 * whole answer unknown: a host that answers nonsense is not to be half believed.
 */
export function parseHostAnswer(
  action: HostAction,
  answer: { readonly instanceId: string; readonly text: string },
): Observation {
  const { instanceId } = answer;
  const opened = openAnswer(action, answer.text);
  if (opened.kind === 'broken') return unusable(instanceId, opened.reason);
  const draft: Draft = {
    facts: new Map(),
    devices: [],
    addresses: [],
    neighbours: [],
    fdb: [],
    routes: [],
    sums: [],
    subnets: [],
    unread: new Map(),
    verbatim: [],
  };
  for (const line of opened.payload.split('\n')) {
    if (line !== '' && !readLine(draft, line)) {
      return unusable(instanceId, `a line is not understood: ${quote(line)}`);
    }
  }
  const host = readFacts(draft.facts, instanceId);
  return host === undefined
    ? unusable(instanceId, 'the answer does not say which host it is of')
    : observationOf(action, host, draft);
}

function observationOf(action: HostAction, host: HostFacts, draft: Draft): Observation {
  const tables = readTables(draft);
  const unread = [...draft.unread].map(
    ([table, reason]) => `${table} could not be read: ${reason}`,
  );
  if (action !== 'digest') {
    return { kind: 'tables', host, tables, verbatim: draft.verbatim, unread };
  }
  const [sums, ...others] = draft.sums;
  if (sums === undefined || others.length > 0) {
    return unusable(host.instanceId ?? '', `the answer has ${draft.sums.length} digests`);
  }
  const digest = { ...sums, tables: shownBy(tables), subnets: draft.subnets };
  return { kind: 'digest', host, devices: tables.devices, digest, unread };
}

function unusable(instanceId: string, reason: string): Observation {
  return { kind: 'unknown', instanceId, reason, error: 'bad_output' };
}

/** An answer while it is read. */
interface Draft {
  readonly facts: Map<string, Words>;
  readonly devices: Device[];
  readonly addresses: DeviceAddress[];
  readonly neighbours: NeighbourEntry[];
  readonly fdb: FdbEntry[];
  readonly routes: RouteEntry[];
  readonly sums: Pick<Digest, 'sums' | 'counts' | 'orphans'>[];
  readonly subnets: Cidr[];
  /** Tables that the host could not read, each with its reason. */
  readonly unread: Map<string, string>;
  readonly verbatim: string[];
}

const FACTS = new Set(['host', 'boot', 'install', 'flanneld', 'agent', 'master', 'tools']);

const UNREADABLE = new Set(['device', 'neighbour', 'fdb', 'route']);

/** A host has a device or two, with an address or two each. Many more would cost a run its time. */
const DEVICES = 50;

/** Whether the line was understood. */
function readLine(draft: Draft, line: string): boolean {
  const words = wordsOf(line);
  const [kind = '', ...rest] = words;
  if (FACTS.has(kind)) return draft.facts.set(kind, rest).has(kind);
  switch (kind) {
    case 'D':
      return push(draft.devices, readDevice(rest), DEVICES);
    case 'A':
      return push(draft.addresses, readAddress(rest), DEVICES);
    case 'N':
      return push(draft.neighbours, readNeighbour(rest));
    case 'F':
      return push(draft.fdb, readFdb(rest));
    case 'R':
      return push(draft.routes, readRoute(rest));
    case 'S':
      return push(draft.sums, readSums(rest));
    case 'L':
      return push(draft.subnets, readSubnet(rest), DEVICES);
    case 'U':
      return readUnread(draft, rest);
    case 'V':
      return push(draft.verbatim, readVerbatim(line), EVIDENCE.lines);
    default:
      return false;
  }
}

function readUnread({ unread }: Draft, [table = '', reason = '', ...others]: Words): boolean {
  if (!UNREADABLE.has(table) || others.length > 0 || !REASON.test(reason)) return false;
  unread.set(table, reason);
  return true;
}

/** `timeout`, `exit-255`: it is quoted in problems. */
const REASON = /^[a-z0-9-]{1,20}$/;

/** What is quoted in a page has bounds: of what is longer, the mend that stands below would be cut. */
function readVerbatim(line: string): string | undefined {
  const printed = line.replace(/^V \w+ /, '');
  return printed.length <= EVIDENCE.bytes ? printed : undefined;
}

function push<T>(entries: T[], entry: T | undefined, most = Infinity): boolean {
  if (entry === undefined || entries.length >= most) return false;
  entries.push(entry);
  return true;
}

function readDevice(words: Words): Device | undefined {
  const [name = '', index, state, mtu, mac, vni, local, port] = words;
  const known = isOverlayDevice(name) && isMacOrUnknown(mac);
  if (!known || (state !== 'UP' && state !== 'DOWN')) return undefined;
  return {
    name,
    up: state === 'UP',
    index: wholeNumber(index),
    mtu: wholeNumber(mtu),
    mac: macToken(mac),
    vni: wholeNumber(vni),
    local: parseIp(local ?? ''),
    port: wholeNumber(port),
    addresses: [],
  };
}

function readAddress([device = '', text = '']: Words): DeviceAddress | undefined {
  const address = parseCidr(text);
  return address === undefined ? undefined : { device, address };
}

function readSubnet([, text = '']: Words): Cidr | undefined {
  const address = parseCidr(text);
  return address === undefined ? undefined : networkOf(address);
}

function readNeighbour([device = '', text = '', mac, word = '', ...others]: Words):
  | NeighbourEntry
  | undefined {
  const ip = parseIp(text);
  const state = word === '-' ? '' : word;
  const known = isMacOrUnknown(mac) && (state === '' || NEIGHBOUR_STATES.has(state));
  if (ip === undefined || !known || others.length > 0) return undefined;
  return { device, ip, mac: macToken(mac), permanent: state === 'PERMANENT', state };
}

/** A MAC that is none must not pass for one that the host does not have. */
function isMacOrUnknown(text: string | undefined): boolean {
  return text === '-' || macToken(text) !== undefined;
}

function readFdb([device = '', text, to = '']: Words): FdbEntry | undefined {
  const mac = macToken(text);
  const destination = parseIp(to);
  return mac === undefined || destination === undefined ? undefined : { device, mac, destination };
}

function readRoute([device = '', to = '', via = '']: Words): RouteEntry | undefined {
  const destination = parseCidr(to);
  const gateway = parseIp(via);
  if (destination === undefined || gateway === undefined) return undefined;
  return { device, destination, gateway };
}

function readFacts(facts: Draft['facts'], instanceId: string): HostFacts | undefined {
  const node = facts.get('host')?.[0] ?? '';
  if (!isNodeName(node)) return undefined;
  const [bootId, uptime = ''] = facts.get('boot') ?? [];
  const kubeconfig = facts.get('master')?.[0] ?? '-';
  return {
    node,
    instanceId,
    bootId,
    uptimeSeconds: isUptime(uptime) ? Number(uptime) : undefined,
    install: INSTALLS.find((install) => install === facts.get('install')?.[0]),
    flanneldSeconds: wholeNumber(facts.get('flanneld')?.[0]),
    agentDirectories: wholeNumber(facts.get('agent')?.[0]),
    kubeconfig: kubeconfig === '-' ? undefined : kubeconfig,
  };
}

function readTables(draft: Draft): Tables {
  const { unread } = draft;
  return {
    devices: unread.has('device') ? undefined : withAddresses(draft.devices, draft.addresses),
    neighbours: unread.has('neighbour') ? undefined : draft.neighbours,
    fdb: unread.has('fdb') ? undefined : draft.fdb,
    routes: unread.has('route') ? undefined : draft.routes,
  };
}
