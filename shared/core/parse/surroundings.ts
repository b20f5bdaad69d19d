import { parseCidr } from '../overlay/addresses.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import type { Anomaly, InterfaceAddress } from '../overlay/vtep.ts';

/**
 * The networks and routes in `ip route` that may be in the way of pods, by the rules of the script on the
 * hosts (contract/probe/surroundings.sh), which also knows the pod network: here all are named, and the pod
 * CIDRs show which matter. Undefined for a listing without types and devices, as that of `route -n`.
 */
export function anomaliesIn(text: string): readonly Anomaly[] | undefined {
  const lines = text.split(/\r?\n/).filter((line) => /\S/.test(line));
  if (!lines.some((line) => / dev \S/.test(line))) return undefined;
  const found: Anomaly[] = [];
  // Of two routes to one destination the kernel takes the first.
  let before = '';
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const route = routeOf(words);
    if (route === undefined) continue;
    if (route.destination !== before) found.push(...anomalyOf(route));
    before = route.destination;
  }
  return found;
}

/** The addresses of cni0 in `ip -o addr`. */
export function bridgesIn(text: string): readonly InterfaceAddress[] {
  return [...text.matchAll(/^\d+: (cni0)\s+inet6? (\S+)/gm)].flatMap(
    ([, device = '', word = '']) => {
      const address = parseCidr(word);
      return address === undefined || address.startsWith('fe80:') ? [] : [{ device, address }];
    },
  );
}

interface Route {
  readonly type: string | undefined;
  readonly destination: string;
  readonly device: string | undefined;
  readonly gateway: string | undefined;
  readonly protocol: string | undefined;
}

function routeOf([first = '', ...rest]: readonly string[]): Route | undefined {
  if (first === 'default' || first === 'nexthop') return undefined;
  const type = /^[a-z]+$/.test(first) ? first : undefined;
  const destination = type === undefined ? first : rest[0];
  const after = (word: string): string | undefined => {
    const at = rest.indexOf(word);
    return at < 0 ? undefined : rest[at + 1];
  };
  return destination === undefined
    ? undefined
    : { type, destination, device: after('dev'), gateway: after('via'), protocol: after('proto') };
}

/** What the pods of the host itself lead to, and loopback. */
const OF_PODS = /^(?:veth|cali|lxc|cni0$|lo$)/;

const DEVICE = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,14}$/;

/** Calico's own blackholes, for its blocks. */
const OF_CALICO: ReadonlySet<string | undefined> = new Set(['80', 'bird', 'kernel']);

function anomalyOf(route: Route): readonly Anomaly[] {
  const { type, device, gateway } = route;
  const range = parseCidr(route.destination);
  if (range === undefined) return [];
  switch (type) {
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
    case 'throw':
      return OF_CALICO.has(route.protocol) ? [] : [{ what: type, range }];
    case undefined:
    case 'unicast': {
      if (device === undefined || OF_PODS.test(device) || !DEVICE.test(device)) return [];
      const what = gateway === undefined ? 'network' : 'route';
      return isOverlayDevice(device) && what === 'network' ? [] : [{ what, device, range }];
    }
    default:
      return [];
  }
}
