import { WORDS } from '../../contract/wire.ts';
import { parseIp } from '../overlay/addresses.ts';
import type { NeighbourEntry } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { listField, textField } from './json.ts';
import {
  entry,
  looksLikeJson,
  macToken,
  skipped,
  type Parsed,
  parseLines,
  parseListing,
  type ParsedItem,
  notUnderstood,
  valueAfter,
  type Words,
  wordsOf,
} from './parsed.ts';

/**
 * Reads the neighbour entries of overlay devices in `ip neigh` (text or JSON, iproute2 4.11 to 7.x and
 * busybox), `arp -an` or `/proc/net/arp`. `device` is the device that was asked for, where the lines do
 * not name it (`ip neigh show dev X`).
 */
export function parseNeighbours(
  where: string,
  text: string,
  device: string | undefined,
): Parsed<readonly NeighbourEntry[]> {
  if (looksLikeJson(text)) {
    return parseListing(where, text, (item) => readItem(item, device));
  }
  return parseLines(where, text, (line) => readLine(wordsOf(line), device));
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

function readLine(words: Words, device: string | undefined): ParsedItem<NeighbourEntry> {
  if (words[0] === 'IP' && words[1] === 'address') return skipped;
  if (words[0] === '?') return fromDescribed(describeArp(words));
  if (words[1]?.startsWith('0x') === true) return fromDescribed(describeProc(words));
  return fromDescribed({
    ip: words[0],
    device: valueAfter(words, 'dev') ?? device,
    mac: valueAfter(words, 'lladdr'),
    states: words.slice(1).filter((word) => NEIGHBOUR_STATES.has(word)),
    proxy: words.includes('proxy'),
  });
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

/** `? (10.42.1.0) at 8a:… [ether] PERM on flannel.1`, of busybox's arp. */
function describeArp(words: Words): Described {
  const mac = valueAfter(words, 'at');
  return {
    ip: words[1]?.replaceAll(/[()]/g, ''),
    device: valueAfter(words, 'on'),
    mac: mac === '<incomplete>' || mac === '*' ? undefined : mac,
    states: words.includes('PERM') ? ['PERMANENT'] : [],
    proxy: words.includes('PUP'),
  };
}

/**
 * Columns of `/proc/net/arp`: address, type, flags, MAC, mask, device. The flags are 0x2 complete,
 * 0x4 permanent, 0x8 published.
 */
function describeProc(words: Words): Described {
  const flags = Number(words[2]);
  const complete = (flags & 2) !== 0;
  return {
    ip: words[0],
    device: words[5],
    mac: complete ? words[3] : undefined,
    states: (flags & 4) !== 0 ? ['PERMANENT'] : [],
    proxy: (flags & 8) !== 0,
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
