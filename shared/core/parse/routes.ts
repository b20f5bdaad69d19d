import { parseCidr, parseIp } from '../overlay/addresses.ts';
import type { RouteEntry } from '../overlay/vtep.ts';
import { textField } from './json.ts';
import {
  entry,
  looksLikeJson,
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

/** Types of routes that drop packets; flannel sets none of them. */
const DEAD_ENDS = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

/** Other types that `ip route` prints before the destination. */
const TYPES = new Set(['unicast', 'local', 'broadcast', 'multicast', 'anycast', 'nat']);

/**
 * Reads the routes with a gateway in `ip route`, text or JSON. Those of an overlay device lead through
 * the tunnel; flannel's DirectRouting may have set others. `device` is the device that was asked for,
 * where the lines do not name it.
 */
export function parseRoutes(
  where: string,
  text: string,
  device: string | undefined,
): Parsed<readonly RouteEntry[]> {
  if (looksLikeJson(text)) {
    return parseListing(where, text, (item) =>
      fromDescribed({
        destination: textField(item, 'dst'),
        gateway: textField(item, 'gateway'),
        device: textField(item, 'dev') ?? device,
      }),
    );
  }
  return parseLines(where, text, (line) => readLine(wordsOf(line), device));
}

interface Described {
  readonly destination: string | undefined;
  readonly gateway: string | undefined;
  readonly device: string | undefined;
}

function readLine(words: Words, device: string | undefined): ParsedItem<RouteEntry> {
  const [first = ''] = words;
  // The lines of a route with several gateways, which flannel never sets.
  if (first === 'nexthop' || DEAD_ENDS.has(first)) return skipped;
  const gateway = valueAfter(words, 'via');
  return fromDescribed({
    destination: TYPES.has(first) ? words[1] : first,
    gateway: gateway === 'inet' || gateway === 'inet6' ? valueAfter(words, gateway) : gateway,
    device: valueAfter(words, 'dev') ?? device,
  });
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
