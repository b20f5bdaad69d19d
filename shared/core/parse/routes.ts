import { parseCidr, parseIp } from '../overlay/addresses.ts';
import type { RouteEntry } from '../overlay/vtep.ts';
import { textField } from './json.ts';
import {
  entry,
  looksLikeJson,
  other,
  type Parsed,
  parseLines,
  parseListing,
  type Reading,
  strange,
  valueAfter,
  type Words,
  wordsOf,
} from './parsed.ts';

/** Route types that lead nowhere; flannel sets none of them. */
const DEAD_ENDS = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

/** Types that `ip route` prints in front of the destination of a route that leads somewhere. */
const TYPES = new Set(['unicast', 'local', 'broadcast', 'multicast', 'anycast', 'nat']);

/**
 * Routes with a gateway out of `ip route`, text or JSON: on the overlay device they lead through
 * the tunnel; on another they may be what DirectRouting set. `device` is the one asked for, where
 * the lines do not name it.
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

function readLine(words: Words, device: string | undefined): Reading<RouteEntry> {
  const [first = ''] = words;
  // Continuation lines of a multipath route: no part of the overlay has several next hops.
  if (first === 'nexthop' || DEAD_ENDS.has(first)) return other;
  const gateway = valueAfter(words, 'via');
  return fromDescribed({
    destination: TYPES.has(first) ? words[1] : first,
    gateway: gateway === 'inet' || gateway === 'inet6' ? valueAfter(words, gateway) : gateway,
    device: valueAfter(words, 'dev') ?? device,
  });
}

function fromDescribed(described: Described): Reading<RouteEntry> {
  if (described.destination === 'default') return other;
  const destination = parseCidr(described.destination ?? '');
  if (destination === undefined) return strange('not a route');
  if (described.gateway === undefined || described.device === undefined) return other;
  const gateway = parseIp(described.gateway);
  return gateway === undefined
    ? strange('a route through something that is no address')
    : entry({ device: described.device, destination, gateway });
}
