import { parseCidr, parseIp } from '../overlay/addresses.ts';
import type { RouteEntry } from '../overlay/vtep.ts';
import { textField } from './json.ts';
import {
  entry,
  fieldsOf,
  isCutName,
  type Listing,
  looksLikeJson,
  skipped,
  parseLines,
  parseListing,
  type ParsedItem,
  notUnderstood,
  type Words,
  wordSet,
  wordsOf,
} from './parsed.ts';

/** What `ip route` prints before the destination. flannel sets only unicast routes. */
const TYPES = wordSet(
  'unicast local broadcast multicast anycast nat none',
  'blackhole unreachable prohibit throw',
);

/**
 * Reads the routes with a gateway in `ip route`, text or JSON, or in `route -n`. Those of an overlay
 * device lead through the tunnel; flannel's DirectRouting may have set others. `device` is the device
 * that was asked for, where the lines do not name it.
 */
export function parseRoutes(
  where: string,
  text: string,
  device: string | undefined,
): Listing<RouteEntry> {
  if (looksLikeJson(text)) {
    return parseListing({ where, text }, (item) =>
      fromDescribed({
        destination: textField(item, 'dst'),
        gateway: textField(item, 'gateway'),
        device: textField(item, 'dev') ?? device,
      }),
    );
  }
  // The lines of a route with several gateways, which flannel never sets, belong to the one above.
  const joined = text.replaceAll(/[\r\n]+\s+nexthop /g, ' nexthop ');
  return parseLines(
    { where, text: joined, device },
    {
      read: (line, asked) => readLine(wordsOf(line), asked),
      // Almost every word of a route can be its last.
      isWhole: ({ words, isEnded }) => isEnded || words.at(-1) === 'onlink',
    },
  );
}

interface Described {
  readonly destination: string | undefined;
  readonly gateway: string | undefined;
  readonly device: string | undefined;
}

/** iproute2, ip/iproute.c, print_route with its metrics and flags. */
const GRAMMAR = {
  takesValue: wordSet(
    'via dev proto scope src metric pref table tos dsfield',
    'realm realms nhid expires error weight from iif uid',
    'mtu advmss hoplimit initcwnd initrwnd rto_min window rtt',
    'rttvar ssthresh cwnd reordering features quickack congctl',
    'fastopen_no_cookie ttl-propagate',
  ),
  standsAlone: wordSet(
    'onlink linkdown dead pervasive notify unresolved',
    'offload trap rt_offload rt_trap offload_failed rt_offload_failed',
  ),
};

function readLine(words: Words, asked: string | undefined): ParsedItem<RouteEntry> {
  const line = words.join(' ');
  if (HEADERS.test(line)) return skipped;
  const table = TABLE.exec(line)?.groups ?? TABLE6.exec(line)?.groups;
  if (table !== undefined) return readRow(table);
  const [first = ''] = words;
  const several = words.indexOf('nexthop');
  const own = several < 0 ? words : words.slice(0, several);
  const [destination, ...rest] = TYPES.has(first) ? own.slice(1) : own;
  if (several === 0) return skipped;
  // What hops have is of no interest, unless another route was joined to them.
  if (several > 0 && words.slice(several).some((word) => word.includes('/'))) {
    return notUnderstood('not a route');
  }
  // `via inet6 fe80::1`, and `mtu lock 1400` of any metric.
  const plain = rest.filter((word) => word !== 'inet' && word !== 'inet6' && word !== 'lock');
  const fields = fieldsOf(plain.includes('encap') ? [] : plain, GRAMMAR);
  const isRoute = destination === 'default' || parseCidr(destination ?? '') !== undefined;
  if (fields === undefined || !isRoute) return notUnderstood('not a route');
  const isOther = several > 0 || plain.includes('encap') || DEAD_ENDS.has(first);
  // Routes of another table are no routes of the main one.
  if (isOther || (fields.get('table') ?? 'main') !== 'main') return skipped;
  const gateway = fields.get('via');
  const device = fields.get('dev') ?? asked;
  if (fields.size === 0 || device === undefined || (plain.at(-2) === 'dev' && isCutName(device))) {
    return notUnderstood('a route without its device, as a line that was cut');
  }
  if (gateway !== undefined && plain.at(-2) === 'via') {
    return notUnderstood('a route that ends with its gateway, as a line that was cut');
  }
  return fromDescribed({ destination, gateway, device });
}

/** They drop packets, and flannel sets none of them. */
const DEAD_ENDS = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

/** What stands above the columns of `route -n` and `netstat -rn`. */
const HEADERS =
  /^(?:Kernel IP(?:v6)? routing table|Destination (?:Gateway Genmask|Next Hop) Flags? .*)$/;

/** Columns: destination, gateway, netmask, flags, three numbers, device. */
const TABLE =
  /^(?<destination>[\d.]+) (?<gateway>[\d.]+|\*) (?<mask>[\d.]+) (?<flags>[A-Z!]+) \d+ \S+ \d+ (?<device>\S+)$/;

/** Of `route -6 -n`: destination, next hop, flags, three numbers, device. */
const TABLE6 =
  /^(?<destination>[\da-f:.]+\/\d+) (?<gateway>[\da-f:.]+|\[?::\]?) (?<flags>[!A-Za-z]+) -?\d+ \d+ \d+ (?<device>\S+)$/;

type Groups = Readonly<Record<string, string | undefined>>;

function readRow({
  destination,
  gateway,
  mask,
  flags = '',
  device,
}: Groups): ParsedItem<RouteEntry> {
  const length = mask === undefined ? '' : `/${lengthOf(mask)}`;
  if (isCutName(device) || parseCidr(`${destination}${length}`) === undefined) {
    return notUnderstood('not a route');
  }
  if (!flags.includes('G') || flags.includes('!') || length === '/0') return skipped;
  return fromDescribed({ destination: `${destination}${length}`, gateway, device });
}

/** `255.255.255.0` → 24; not a number for what is no netmask. */
function lengthOf(mask: string): number {
  const bits = mask
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) && bits.length === 32 ? bits.lastIndexOf('1') + 1 : Number.NaN;
}

function fromDescribed(described: Described): ParsedItem<RouteEntry> {
  if (described.destination === 'default') return skipped;
  const destination = parseCidr(described.destination ?? '');
  if (destination === undefined) return notUnderstood('not a route');
  if (described.gateway === undefined || described.device === undefined) return skipped;
  const gateway = parseIp(described.gateway);
  return gateway === undefined
    ? notUnderstood('a route through something that is no address')
    : entry({ device: described.device, destination, gateway });
}
