import type { Problem } from '../../shared/contract/report.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import type { Facts, NodeList } from '../../shared/core/facts.ts';
import type { Latency } from '../../shared/core/latency.ts';
import { deviceFamily, PROFILES } from '../../shared/core/overlay/profile.ts';
import type {
  ClusterNode,
  Device,
  Observation,
  OneFamily,
  Tables,
} from '../../shared/core/overlay/vtep.ts';
import {
  otherOverlaysIn,
  ownAddressesIn,
  subnetsIn,
  parseAddresses,
  parseLinks,
  withAddresses,
} from '../../shared/core/parse/devices.ts';
import { parseFdb } from '../../shared/core/parse/fdb.ts';
import {
  isNodeName,
  parseKubectlNodes,
  parseNodes,
  parseDaemonSets,
} from '../../shared/core/parse/kubernetes.ts';
import { parseNeighbours } from '../../shared/core/parse/neighbours.ts';
import type { Listing, Parsed } from '../../shared/core/parse/parsed.ts';
import { readPasted, unquoted } from '../../shared/core/parse/pasted.ts';
import { parseRoutes } from '../../shared/core/parse/routes.ts';
import { anomaliesIn, bridgesIn } from '../../shared/core/parse/surroundings.ts';
import type { CapturedFiles, HostFile } from './captured-files.ts';

/** A capture of one device leaves its name out of the lines; then it is flannel's. */
const DEVICE = PROFILES.flannel.devices.ipv4;

/** A capture has no history: no node is young, and every fault counts at once. */
const LIMITS = limitsSchema.parse({ graceSeconds: 0, pairPatienceSeconds: 0 });

/** What a run would have learned of the captured hosts. */
interface Capture {
  readonly facts: Facts;
  readonly latencies: readonly Latency[];
}

/** What the captured outputs hold. */
export function readCapture(
  files: CapturedFiles,
  run: { readonly cluster: string; readonly now: number },
): Capture {
  const nodes = readList(files, 'nodes.json', parseNodes);
  const listed = (nodes?.value ?? []).map(({ name }) => name);
  const hosts = files.folders.map((name) => readFolder(files, name, listed));
  const daemonSets = readList(files, 'daemonsets.json', parseDaemonSets);
  if (hosts.every(({ isEmpty }) => isEmpty) && nodes === undefined) {
    throw new Error(
      `${files.from} holds no captured host: expected <host>/ip-neigh.txt, or others of vtepwatch replay --help`,
    );
  }
  const facts: Facts = {
    ...run,
    limits: LIMITS,
    nodes: nodeListOf(nodes?.value),
    listedNames: [...new Set(hosts.flatMap(({ names }) => names))],
    daemonSets: daemonSets?.value ?? [],
    observations: hosts.flatMap(({ observation }) => observation ?? []),
    roster: [],
    problems: [
      ...(nodes?.problems ?? []),
      ...(daemonSets?.problems ?? []),
      ...hosts.flatMap(({ problems }) => problems),
    ],
  };
  return { facts, latencies: hosts.flatMap(({ latencies }) => latencies) };
}

/** The file was captured once, so it stands for both readings; without nodes it is no list. */
function nodeListOf(nodes: readonly ClusterNode[] | undefined): NodeList {
  if (nodes === undefined) return { kind: 'not-configured' };
  return nodes.length === 0 ? { kind: 'unread' } : { kind: 'read', before: nodes, after: nodes };
}

interface CapturedHost {
  /** None of the files exists: the folder may be anything. */
  readonly isEmpty: boolean;
  readonly observation: Observation | undefined;
  readonly latencies: readonly Latency[];
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
}

/** One folder. People name it as the prompt does, so neither case nor domain need be those of the node. */
function readFolder(files: CapturedFiles, name: string, listed: readonly string[]): CapturedHost {
  if (isBlank(files, name)) {
    const message =
      'all that was captured of it is empty, so nothing of it is known: capture it again';
    return { ...NO_HOST, isEmpty: false, problems: [{ where: name, message }] };
  }
  const host = readHost({ files, name, node: nodeOf(name, listed) });
  if (isNodeName(name.toLowerCase()) || host.isEmpty) return host;
  const message =
    'left out: no node can have the name of this folder. Name it as the node is named';
  return { ...NO_HOST, problems: [{ where: name, message }] };
}

/**
 * Whether files were captured and none of them has a line. Tables can be empty, and yet every host that a
 * person can reach has an address and a route.
 */
function isBlank(files: CapturedFiles, name: string): boolean {
  const hasLines = ({ file }: { readonly file: HostFile }): boolean | undefined =>
    readWith(files, `${name}/${file}`, (_, text) => readPasted(text).lines.length > 0);
  const [addresses, routes, ...others] = [
    LISTINGS.address,
    LISTINGS.route,
    LISTINGS.device,
    LISTINGS.neighbour,
    LISTINGS.fdb,
  ].map(hasLines);
  const isShown = addresses !== undefined || routes !== undefined;
  return isShown && [addresses, routes, ...others].every((one) => one !== true);
}

/** A name with a domain and one without are the same node where there is no other of that first label. */
function nodeOf(folder: string, listed: readonly string[]): string {
  const name = folder.toLowerCase();
  if (listed.includes(name)) return name;
  const [label = ''] = name.split('.', 1);
  const [only, ...others] = listed.filter((node) => node.split('.', 1)[0] === label);
  const isSame = only !== undefined && others.length === 0 && (only === label || name === label);
  return isSame ? only : name;
}

/** A folder, its name and the node whose host it is. */
interface HostFolder {
  readonly files: CapturedFiles;
  readonly name: string;
  readonly node: string;
}

const NO_HOST: CapturedHost = {
  isEmpty: true,
  observation: undefined,
  latencies: [],
  names: [],
  problems: [],
};

function readHost({ files, name, node }: HostFolder): CapturedHost {
  const textOf = <T>(kind: keyof typeof LISTINGS, read: (text: string) => T): T | undefined =>
    readWith(files, `${name}/${LISTINGS[kind].file}`, (_, text) => read(text));
  const listing = <T>(
    kind: keyof typeof LISTINGS,
    parse: ListingParser<T>,
  ): Listing<T> | undefined => {
    const parsed = readWith(files, `${name}/${LISTINGS[kind].file}`, parse);
    return parsed && { ...parsed, problems: [...parsed.problems, ...partOf(kind, name, parsed)] };
  };
  const links = listing('device', parseLinks);
  const device = links?.value.find(({ name: own }) => deviceFamily(own) === 'ipv4')?.name ?? DEVICE;
  const ofDevice =
    <T>(parse: (where: string, text: string, device: string) => Listing<T>): ListingParser<T> =>
    (where, text) =>
      parse(where, text, device);
  const neighbours = listing('neighbour', ofDevice(parseNeighbours));
  const fdb = listing('fdb', ofDevice(parseFdb));
  const routes = listing('route', ofDevice(parseRoutes));
  const addresses = listing('address', parseAddresses);
  const kubectl = readWith(files, `${name}/kubectl-get-nodes.txt`, parseKubectlNodes);
  const oneFamily = oneFamilyIn(files, name);
  const understood = { device: links, neighbour: neighbours, fdb, route: routes } as const;
  const tables: Tables = {
    devices: links && devicesOf(links, addresses?.value ?? []),
    neighbours: neighbours && shown(neighbours),
    fdb: fdb && shown(fdb),
    routes: routes && shown(routes),
    otherOverlays: textOf('device', otherOverlaysIn),
    anomalies: routes?.understood === 'all' ? textOf('route', anomaliesIn) : undefined,
    bridges: addresses?.understood === 'all' ? textOf('address', bridgesIn) : undefined,
    ownAddresses: addresses?.understood === 'all' ? textOf('address', ownAddressesIn) : undefined,
    subnets: addresses?.understood === 'all' ? textOf('address', subnetsIn) : undefined,
    incomplete: new Set(LISTINGS_OF.filter((kind) => understood[kind]?.understood === 'some')),
    oneFamily,
  };
  const listings = [links, neighbours, fdb, routes, addresses, kubectl];
  const captured = [links, neighbours, fdb, routes].some((parsed) => parsed !== undefined);
  return {
    isEmpty: listings.every((parsed) => parsed === undefined),
    observation: captured
      ? { kind: 'tables', host: { node }, tables, verbatim: [], unread: [] }
      : undefined,
    latencies: latencyOf(node, kubectl?.value.seconds),
    names: kubectl?.value.names ?? [],
    problems: [
      ...listings.flatMap((parsed) => parsed?.problems ?? []),
      ...(hasIpv6(links?.value ?? [], neighbours?.value ?? []) ? withoutIpv6(name, oneFamily) : []),
    ],
  };
}

/** `arp -n` and `ip route` show IPv4 alone. Every host that has IPv6 at all has routes of it. */
function oneFamilyIn(files: CapturedFiles, name: string): OneFamily {
  const shows = (kind: 'neighbour' | 'route', line: RegExp): boolean | undefined =>
    readWith(files, `${name}/${LISTINGS[kind].file}`, (_, text) => line.test(text));
  const isArp = shows('neighbour', /\bHW ?type\b|^\? \(|\bether\b/m) === true;
  const isIpv4 =
    shows('route', /^(?:[a-z]+ )?[\da-f]*:[\da-f:]*(?:\/\d+)? |"dst": ?"[\da-f]*:/m) === false;
  return {
    ...(isArp ? { neighbour: 'ipv4' } : {}),
    ...(isIpv4 ? { route: 'ipv4' } : {}),
  };
}

function hasIpv6(
  links: readonly { readonly name: string }[],
  neighbours: readonly { readonly device: string }[],
): boolean {
  const names = [...links.map(({ name }) => name), ...neighbours.map(({ device }) => device)];
  return names.some((name) => deviceFamily(name) === 'ipv6');
}

/** What a host with an overlay of IPv6 did not show of it. */
function withoutIpv6(name: string, { neighbour, route }: OneFamily): readonly Problem[] {
  const add = (kind: 'neighbour' | 'route', command: string): Problem => ({
    where: `${name}/${LISTINGS[kind].file}`,
    message: `it shows IPv4 alone, so this table is unknown for IPv6: add the output of "${command}"`,
  });
  return [
    ...(neighbour === undefined ? [] : [add('neighbour', 'ip neigh')]),
    ...(route === undefined ? [] : [add('route', 'ip -6 route')]),
  ];
}

/** The devices; unknown where the lines that nobody understood may have been all of the overlay's. */
function devicesOf(
  links: Listing<Device>,
  addresses: Parameters<typeof withAddresses>[1],
): readonly Device[] | undefined {
  const isKnown = links.understood === 'all' || links.value.length > 0;
  return isKnown ? withAddresses(links.value, addresses) : undefined;
}

type ListingParser<T> = (where: string, text: string) => Listing<T>;

/** The listings of a host: the file of each, and the command that prints it. */
const LISTINGS = {
  device: { file: 'ip-link.txt', command: 'ip -d -o link' },
  address: { file: 'ip-addr.txt', command: 'ip -o addr' },
  neighbour: { file: 'ip-neigh.txt', command: 'ip neigh' },
  fdb: { file: 'bridge-fdb.txt', command: 'bridge fdb' },
  route: { file: 'ip-route.txt', command: 'ip route' },
} as const satisfies Readonly<
  Record<string, { readonly file: HostFile; readonly command: string }>
>;

const LISTINGS_OF = ['device', 'neighbour', 'fdb', 'route'] as const;

/** What a listing holds; undefined where nothing of it was understood: it is no empty table. */
function shown<T>({ understood, value }: Listing<T>): readonly T[] | undefined {
  return understood === 'nothing' ? undefined : value;
}

/** What it means that a listing was not understood, and what to do about it. */
function partOf<T>(
  kind: keyof typeof LISTINGS,
  name: string,
  { understood }: Listing<T>,
): readonly Problem[] {
  const { file, command } = LISTINGS[kind];
  const where = `${name}/${file}`;
  switch (understood) {
    case 'all':
      return [];
    case 'some':
      return [
        {
          where,
          message: `understood in part, so what it lacks is unknown: capture all of "${command}"`,
        },
      ];
    case 'nothing':
      return [
        { where, message: `not understood, so this table is unknown: capture all of "${command}"` },
      ];
  }
}

function latencyOf(node: string, seconds: number | undefined): readonly Latency[] {
  return seconds === undefined
    ? []
    : [{ node, request: { kind: 'get-nodes' }, outcome: 'answered', seconds, detail: '' }];
}

function readList<T>(
  files: CapturedFiles,
  file: string,
  parse: (where: string, list: unknown) => Parsed<readonly T[]>,
): Parsed<readonly T[]> | undefined {
  return readWith(files, file, (where, text) => {
    try {
      return parse(where, JSON.parse(text));
    } catch {
      return { value: [], problems: [{ where, message: 'not JSON' }] };
    }
  });
}

function readWith<P>(
  { texts }: CapturedFiles,
  path: string,
  parse: (where: string, text: string) => P,
): P | undefined {
  const text = texts.get(path);
  return text === undefined ? undefined : parse(path, unquoted(text));
}
