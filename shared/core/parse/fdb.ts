import { parseIp } from '../overlay/addresses.ts';
import type { FdbEntry } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { textField } from './json.ts';
import {
  entry,
  fieldsOf,
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
): Listing<FdbEntry> {
  const listing = { where, text, device };
  if (looksLikeJson(text)) {
    return parseListing(listing, (item) =>
      fromDescribed({
        mac: textField(item, 'mac'),
        device: textField(item, 'ifname') ?? device,
        destination: textField(item, 'dst'),
        otherwise: true,
      }),
    );
  }
  return parseLines(listing, {
    read: (line, asked) => readLine(wordsOf(line), asked),
    // An entry that is still being learned ends with `self`; so does one that was cut there.
    isWhole: ({ words, isEnded }) => {
      const [last = '', before = ''] = words.toReversed();
      return (
        STATES.has(last) || (isEnded && (GRAMMAR.standsAlone.has(last) || before === 'master'))
      );
    },
  });
}

interface Described {
  readonly mac: string | undefined;
  readonly device: string | undefined;
  readonly destination: string | undefined;
  /** It says itself why it has no destination. */
  readonly otherwise: boolean;
}

const STATES: ReadonlySet<string> = new Set(['permanent', 'static', 'stale']);

/** iproute2, bridge/fdb.c, print_fdb and fdb_print_flags. */
const GRAMMAR = {
  takesValue: wordSet('dev dst vlan port vni src_vni via ifindex nhid link-netnsid', 'used master'),
  standsAlone: new Set([
    ...wordSet('self router extern_learn offload sticky locked activity_notify', 'inactive'),
    ...STATES,
  ]),
};

/** Words that every entry of an overlay device has behind its destination. */
const ENDS = ['self', 'master', 'permanent', 'static', 'stale'] as const;

/** What entries without a destination have: a next-hop group, or a port of a bridge. */
const WITHOUT_DESTINATION = ['nhid', 'vlan', 'master'] as const;

function readLine(words: Words, asked: string | undefined): ParsedItem<FdbEntry> {
  const [mac, ...rest] = spelledOut(words);
  const device = rest[0] === 'dev' ? rest[1] : asked;
  if (macToken(mac) === undefined) return notUnderstood('not an FDB entry');
  if (device === undefined) return notUnderstood('an FDB entry without its device');
  if (!isOverlayDevice(device)) {
    // 4.17 and 4.18 print the name of a bridge without a keyword, so any word can stand here.
    const isOne = rest.length > 2 && !rest.slice(2).includes('dev') && !rest.slice(1).some(isMac);
    return isOne ? skipped : notUnderstood('not an FDB entry');
  }
  const fields = fieldsOf(rest, GRAMMAR);
  if (fields === undefined || !ENDS.some((word) => fields.has(word))) {
    return notUnderstood('not an FDB entry');
  }
  const otherwise = WITHOUT_DESTINATION.some((word) => fields.has(word));
  return fromDescribed({ mac, device, destination: fields.get('dst'), otherwise });
}

function isMac(word: string): boolean {
  return word.includes(':') && macToken(word.slice(0, 17)) !== undefined;
}

/**
 * The line as other versions print it. iproute2 4.17 and 4.18 leave out the word `dst`: the address then
 * follows MAC and device. All print `via ifindex 3` where the device has no name.
 */
function spelledOut(words: Words): Words {
  const at = words[1] === 'dev' ? 3 : 1;
  const dst = parseIp(words[at] ?? '') === undefined ? [] : ['dst'];
  const all = [...words.slice(0, at), ...dst, ...words.slice(at)];
  return all.filter((word, place) => word !== 'via' || all[place + 1] !== 'ifindex');
}

function fromDescribed(described: Described): ParsedItem<FdbEntry> {
  const mac = macToken(described.mac);
  const { device, destination: dst, otherwise } = described;
  if (mac === undefined) return notUnderstood('not an FDB entry');
  if (device === undefined) return notUnderstood('an FDB entry without its device');
  if (!isOverlayDevice(device)) return skipped;
  if (dst === undefined) {
    return otherwise ? skipped : notUnderstood('an FDB entry without its destination');
  }
  const destination = parseIp(dst);
  if (destination === undefined) {
    return notUnderstood('an FDB entry to something that is no address');
  }
  return mac === FLOOD ? skipped : entry({ device, mac, destination });
}
