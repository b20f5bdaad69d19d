import { parseIp } from '../overlay/addresses.ts';
import type { FdbEntry } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { textField } from './json.ts';
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

/** The MAC of the FDB's default entries, to which packets for unknown MACs are flooded. flannel has none. */
const FLOOD = '00:00:00:00:00:00';

/**
 * Reads the FDB entries of overlay devices in `bridge fdb`, text or JSON. `device` is the device that
 * was asked for, where the lines do not name it.
 */
export function parseFdb(
  where: string,
  text: string,
  device: string | undefined,
): Parsed<readonly FdbEntry[]> {
  if (looksLikeJson(text)) {
    return parseListing(where, text, (item) =>
      fromDescribed({
        mac: textField(item, 'mac'),
        device: textField(item, 'ifname') ?? device,
        destination: textField(item, 'dst'),
      }),
    );
  }
  return parseLines(where, text, (line) => readLine(wordsOf(line), device));
}

interface Described {
  readonly mac: string | undefined;
  readonly device: string | undefined;
  readonly destination: string | undefined;
}

function readLine(words: Words, device: string | undefined): ParsedItem<FdbEntry> {
  return fromDescribed({
    mac: words[0],
    device: valueAfter(words, 'dev') ?? device,
    destination: valueAfter(words, 'dst') ?? bareDestination(words),
  });
}

/** iproute2 4.17 and 4.18 leave out the word `dst`: the address then follows MAC and device. */
function bareDestination(words: Words): string | undefined {
  const candidate = words[1] === 'dev' ? words[3] : words[1];
  return parseIp(candidate ?? '');
}

function fromDescribed(described: Described): ParsedItem<FdbEntry> {
  const mac = macToken(described.mac);
  if (mac === undefined) return notUnderstood('not an FDB entry');
  const { device } = described;
  if (device === undefined) return notUnderstood('an FDB entry without its device');
  // Without a destination it is a NIC's own filter or a next-hop group, which flannel never uses.
  if (!isOverlayDevice(device) || mac === FLOOD || described.destination === undefined)
    return skipped;
  const destination = parseIp(described.destination);
  return destination === undefined
    ? notUnderstood('an FDB entry to something that is no address')
    : entry({ device, mac, destination });
}
