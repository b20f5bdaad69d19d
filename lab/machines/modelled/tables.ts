import {
  type FdbEntry,
  hasCarrier,
  linkNamed,
  type Model,
  type Neighbour,
  type Route,
} from './kernel.ts';
import {
  askedFor,
  changed,
  kernelRefused,
  noDevice,
  notModelled,
  type Options,
  type Reply,
  shown,
  wordAfter,
} from './words.ts';

/** What only an explicit `nud` shows or flushes. */
const KEPT_BY_FLUSH: ReadonlySet<string> = new Set(['PERMANENT', 'NOARP']);

export function showNeighbours(model: Model, words: readonly string[], options: Options): Reply {
  // `ip neigh show 10.68.0.0 dev flannel.1`: an address may stand without its keyword, a device may not.
  const isOfAddress = /^[0-9a-f.:]+$/.test(words[0] ?? '');
  const asked = askedFor(isOfAddress ? ['to', ...words] : words, ['to', 'dev', 'nud']);
  if (asked === undefined) return notModelled(['neighbour', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  if (options.ipv6) return shown([]);
  const state = asked.get('nud')?.toUpperCase() ?? 'ALL';
  return shown(
    model.neighbours
      .filter((entry) => (device ?? entry.device) === entry.device)
      .filter((entry) => state === 'ALL' || state === entry.state)
      .filter((entry) => (asked.get('to') ?? entry.ip) === entry.ip)
      .map((entry) => {
        const dev = device === undefined ? ` dev ${entry.device}` : '';
        return `${entry.ip}${dev} lladdr ${entry.mac} ${entry.state} `;
      }),
  );
}

export function replaceNeighbour(model: Model, words: readonly string[]): Reply {
  const [ip] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const mac = wordAfter(words, 'lladdr');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (ip === undefined || mac === undefined) return notModelled(words);
  const state = (wordAfter(words, 'nud') ?? 'permanent').toUpperCase();
  const others = model.neighbours.filter((entry) => entry.device !== device || entry.ip !== ip);
  return changed({ ...model, neighbours: [...others, { device, ip, mac, state }] });
}

/** The kernel goes by the IP alone, whatever MAC is named. */
export function deleteNeighbour(model: Model, words: readonly string[]): Reply {
  const [ip = ''] = words;
  const device = wordAfter(words, 'dev') ?? '';
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const neighbours = model.neighbours.filter((entry) => entry.device !== device || entry.ip !== ip);
  if (neighbours.length === model.neighbours.length)
    return kernelRefused('No such file or directory');
  return changed({ ...model, neighbours });
}

export function flushNeighbours(model: Model, words: readonly string[]): Reply {
  const device = wordAfter(words, 'dev') ?? '';
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const state = wordAfter(words, 'nud')?.toUpperCase();
  const flushed = (entry: Neighbour): boolean =>
    state === undefined
      ? !KEPT_BY_FLUSH.has(entry.state)
      : state === 'ALL' || state === entry.state;
  const neighbours = model.neighbours.filter((entry) => entry.device !== device || !flushed(entry));
  return changed({ ...model, neighbours });
}

const STATES = ['permanent', 'static'] as const;

export function showFdb(model: Model, words: readonly string[]): Reply {
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['fdb', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  const dev = (name: string): string => (device === undefined ? ` dev ${name}` : '');
  const entries = model.fdb
    .filter((entry) => (device ?? entry.device) === entry.device)
    .map(
      (entry) => `${entry.mac}${dev(entry.device)} dst ${entry.destination} self ${entry.state}`,
    );
  const groups = model.links
    .filter(({ kind, up, name }) => kind === 'cable' && up && (device ?? name) === name)
    .flatMap(({ name, mac }) =>
      groupsOf(mac).map((group) => `${group}${dev(name)} self permanent`),
    );
  return shown([...groups, ...entries]);
}

export function replaceFdb(model: Model, words: readonly string[]): Reply {
  const [mac] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const destination = wordAfter(words, 'dst');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (mac === undefined || destination === undefined) return notModelled(words);
  const state = STATES.find((word) => words.includes(word)) ?? 'permanent';
  const others = model.fdb.filter((entry) => !isAt(entry, device, mac));
  return changed({ ...model, fdb: [...others, { device, mac, destination, state }] });
}

export function deleteFdb(model: Model, words: readonly string[]): Reply {
  const [mac = ''] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const destination = wordAfter(words, 'dst');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const fdb = model.fdb.filter(
    (entry) =>
      !isAt(entry, device, mac) || (destination ?? entry.destination) !== entry.destination,
  );
  if (fdb.length === model.fdb.length) return kernelRefused('No such file or directory');
  return changed({ ...model, fdb });
}

function isAt(entry: FdbEntry, device: string, mac: string): boolean {
  return entry.device === device && entry.mac === mac;
}

/** The multicast groups that a device listens to: all nodes in both families, and its own address. */
function groupsOf(mac: string): readonly string[] {
  return ['33:33:00:00:00:01', '01:00:5e:00:00:01', `33:33:ff:${mac.slice(9)}`];
}

interface Printed {
  readonly device: string;
  readonly destination: string;
  /** What follows the destination and the device. */
  readonly before: string;
  readonly after: string;
}

export function showRoutes(model: Model, words: readonly string[], options: Options): Reply {
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['route', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  if (options.ipv6) return shown(linkLocalRoutes(model, device));
  return shown(
    [...model.routes.map(given), ...kernelRoutes(model)]
      .filter((route) => (device ?? route.device) === route.device)
      .toSorted((a, b) => sortKey(a.destination) - sortKey(b.destination))
      .map(({ destination, before, after, device: on }) => {
        if (on === '') return `blackhole ${destination} `;
        const dev = device === undefined ? ` dev ${on}` : '';
        return `${destination}${before}${dev}${after} `;
      }),
  );
}

export function replaceRoute(model: Model, words: readonly string[]): Reply {
  const [first] = words;
  if (first === 'blackhole') return changed(withRoute(model, blackhole(words)));
  const destination = first;
  const via = wordAfter(words, 'via');
  const device = wordAfter(words, 'dev') ?? deviceTo(model, via);
  const link = linkNamed(model, device);
  if (link === undefined) return noDevice(device);
  if (destination === undefined) return notModelled(words);
  if (!link.up) return { kind: 'refused', exit: 2, message: 'Error: Nexthop device is not up.' };
  const onlink = words.includes('onlink');
  return changed(withRoute(model, { device, destination, via, onlink }));
}

/** The device with a network in which the gateway is. Only /24 is ever given. */
function deviceTo({ addresses }: Model, gateway: string | undefined): string {
  const network = gateway?.replace(/\.\d+$/, '.');
  const own = addresses.find(
    ({ address }) =>
      address.endsWith('/24') && network !== undefined && address.startsWith(network),
  );
  return own?.device ?? '';
}

function withRoute(model: Model, route: Route): Model {
  const others = model.routes.filter(({ destination }) => destination !== route.destination);
  return { ...model, routes: [...others, route] };
}

function blackhole([, destination = '']: readonly string[]): Route {
  return { device: '', destination, onlink: false };
}

export function deleteRoute(model: Model, words: readonly string[]): Reply {
  const isBlackhole = words[0] === 'blackhole';
  const destination = isBlackhole ? words[1] : words[0];
  const via = wordAfter(words, 'via');
  const device = isBlackhole ? '' : wordAfter(words, 'dev');
  if (device && linkNamed(model, device) === undefined) return noDevice(device);
  const routes = model.routes.filter(
    (route) =>
      route.destination !== destination ||
      (via ?? route.via) !== route.via ||
      (device ?? route.device) !== route.device,
  );
  if (routes.length === model.routes.length) return kernelRefused('No such process');
  return changed({ ...model, routes });
}

function given({ device, destination, via, onlink }: Route): Printed {
  const before = via === undefined ? '' : ` via ${via}`;
  // What a device reaches without a gateway is on its link; a dead end has no device.
  const scope = via === undefined && device !== '' ? ' scope link' : '';
  return { device, destination, before, after: onlink ? ' onlink' : scope };
}

/** A device's own network. Only /24 and /32 are ever given. */
function kernelRoutes(model: Model): readonly Printed[] {
  return model.addresses.flatMap(({ device, address }) => {
    const link = linkNamed(model, device);
    if (link === undefined || !link.up || !address.endsWith('/24')) return [];
    const after = ` proto kernel scope link src ${address.replace('/24', '')}`;
    return [
      {
        device,
        destination: address.replace(/\.\d+\/24$/, '.0/24'),
        before: '',
        after: hasCarrier(link) ? after : `${after} linkdown`,
      },
    ];
  });
}

function linkLocalRoutes(model: Model, device: string | undefined): readonly string[] {
  return model.addresses
    .filter(({ address }) => address.endsWith('/64'))
    .filter((held) => (device ?? held.device) === held.device)
    .map((held) => {
      const dev = device === undefined ? ` dev ${held.device}` : '';
      return `fe80::/64${dev} proto kernel metric 256 pref medium`;
    });
}

/** The kernel lists routes by their destination's address. */
function sortKey(destination: string): number {
  const bytes = destination.replace(/\/.*/, '').split('.').map(Number);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
