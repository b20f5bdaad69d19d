import { WORDS } from '../../contract/wire.ts';
import { parseIp } from '../overlay/addresses.ts';
import type { NeighbourEntry } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { listField, textField } from './json.ts';
import {
  entry,
  fieldsOf,
  isCutName,
  type Listing,
  looksLikeJson,
  macToken,
  skipped,
  parseLines,
  parseListing,
  type ParsedItem,
  notUnderstood,
  type Words,
  wordSet,
  wordsOf,
} from './parsed.ts';

/**
 * Reads the neighbour entries of overlay devices in `ip neigh` (text or JSON, iproute2 4.11 to 7.x and
 * busybox), `arp -n`, `arp -an` or `/proc/net/arp`. `device` is the device that was asked for, where the
 * lines do not name it (`ip neigh show dev X`).
 */
export function parseNeighbours(
  where: string,
  text: string,
  device: string | undefined,
): Listing<NeighbourEntry> {
  const listing = { where, text, device };
  if (looksLikeJson(text)) {
    return parseListing(listing, (item) => readItem(item, device));
  }
  return parseLines(listing, { read: (line, asked) => readLine(wordsOf(line), asked) });
}

/** A neighbour as one line describes it, of whatever device. */
interface Described {
  readonly ip: string | undefined;
  readonly device: string | undefined;
  readonly mac: string | undefined;
  readonly states: readonly string[];
  /** The host answers for this address: it is no neighbour. */
  readonly proxy: boolean;
}

/** The kernel's words for the state of a neighbour. No answer of a host has one that is NOARP. */
const NEIGHBOUR_STATES: ReadonlySet<string> = new Set([...WORDS.neighbourState, 'NOARP']);

/** iproute2, ip/ipneigh.c, print_neigh; busybox, networking/libiproute/ipneigh.c. */
const GRAMMAR = {
  takesValue: new Set(['dev', 'lladdr', 'ref', 'used', 'probes', 'proto']),
  standsAlone: new Set([
    ...wordSet('router proxy managed extern_learn offload extern_valid'),
    ...NEIGHBOUR_STATES,
  ]),
};

function readLine(words: Words, asked: string | undefined): ParsedItem<NeighbourEntry> {
  const line = words.join(' ');
  if (/^(?:IP address HW type Flags|Address HWtype HWaddress Flags)\b/.test(line)) return skipped;
  if (words[1]?.startsWith('(') === true && words[2] === 'at') {
    return describeWith(ARP_A.exec(line)?.groups, describeArp);
  }
  if (words[1]?.startsWith('0x') === true)
    return describeWith(PROC.exec(line)?.groups, describeProc);
  const arp = ARP_N.exec(line)?.groups;
  if (arp !== undefined) return describeWith(arp, describeTable);
  if (BRIEF.test(line)) {
    return notUnderstood('a brief listing leaves out the state: capture ip neigh without -br');
  }
  const fields = fieldsOf(words.slice(1), GRAMMAR);
  if (fields === undefined) return notUnderstood('not a neighbour entry');
  const states = words.slice(1).filter((word) => NEIGHBOUR_STATES.has(word));
  const proxy = fields.has('proxy');
  // A kernel entry without a state prints no more than a line that was cut.
  if (states.length === 0 && !proxy) {
    return notUnderstood('a neighbour entry without its state, as a line that was cut');
  }
  const described = { ip: words[0], mac: fields.get('lladdr'), states, proxy };
  return fromDescribed({ ...described, device: fields.get('dev') ?? asked });
}

function readItem(item: object, device: string | undefined): ParsedItem<NeighbourEntry> {
  return fromDescribed({
    ip: textField(item, 'dst'),
    device: textField(item, 'dev') ?? device,
    mac: textField(item, 'lladdr'),
    states: listField(item, 'state').filter((state) => typeof state === 'string'),
    proxy: Object.hasOwn(item, 'proxy'),
  });
}

/** `10.1.2.0 flannel.1 ee:36:00:00:00:02`: `ip -br neigh` has no state. */
const BRIEF = /^[\da-f.:]+ \S*[g-z_]\S*(?: [\da-f:]{17})?$/;

type Groups = Readonly<Record<string, string | undefined>>;

function describeWith(
  groups: Groups | undefined,
  describe: (groups: Groups) => Described,
): ParsedItem<NeighbourEntry> {
  // In these listings the device comes last.
  return groups === undefined || isCutName(groups['device'])
    ? notUnderstood('not a neighbour entry')
    : fromDescribed(describe(groups));
}

/** `? (10.42.1.0) at 8a:… [ether] PERM on flannel.1`, of `arp -an`. */
const ARP_A =
  /^\S+ \((?<ip>[^)]+)\) at (?<mac>\S+)(?: \[\w+\])?(?<flags>(?: PERM| PUP| netmask \S+| TRAIL)*) on (?<device>\S+)$/;

function describeArp({ ip, mac, flags = '', device }: Groups): Described {
  return {
    ip,
    device,
    mac: mac === '<incomplete>' || mac === '*' ? undefined : mac,
    states: flags.includes(' PERM') ? ['PERMANENT'] : [],
    proxy: flags.includes(' PUP'),
  };
}

/** Columns of `arp -n`: address, type, MAC, flags (C complete, M permanent, P published), mask, device. */
const ARP_N =
  /^(?<ip>\S+) (?:\(incomplete\)|(?:\w+ (?<mac>[\da-z:]{17})|\*) (?:\* )?(?<flags>C?M?P?!?)(?: \S+)?) (?<device>\S+)$/i;

function describeTable({ ip, mac, flags = '', device }: Groups): Described {
  return {
    ip,
    device,
    mac,
    states: flags.includes('M') ? ['PERMANENT'] : [],
    proxy: flags.includes('P'),
  };
}

/** Columns of `/proc/net/arp`. The flags are 0x2 complete, 0x4 permanent, 0x8 published. */
const PROC =
  /^(?<ip>\S+) 0x[\da-f]+ (?<flags>0x[\da-f]+) (?<mac>[\da-z:]{17}) \S+ (?<device>\S+)$/i;

function describeProc({ ip, flags, mac, device }: Groups): Described {
  const bits = Number(flags);
  return {
    ip,
    device,
    mac: (bits & 2) === 0 ? undefined : mac,
    states: (bits & 4) === 0 ? [] : ['PERMANENT'],
    proxy: (bits & 8) !== 0,
  };
}

function fromDescribed(described: Described): ParsedItem<NeighbourEntry> {
  const ip = parseIp(described.ip ?? '');
  if (ip === undefined) return notUnderstood('not a neighbour entry');
  const { device, states } = described;
  if (device === undefined) return notUnderstood('a neighbour entry without its device');
  // Multicast and other NOARP entries are the kernel's own; flannel has no part in them.
  if (!isOverlayDevice(device) || described.proxy || states.includes('NOARP')) return skipped;
  const mac = macToken(described.mac);
  if (described.mac !== undefined && mac === undefined) return notUnderstood('not a MAC address');
  return entry({
    device,
    ip,
    mac,
    permanent: states.includes('PERMANENT'),
    state: states.join(' '),
  });
}
