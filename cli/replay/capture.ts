import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** A capture of one device leaves its name out of the lines; then it is flannel's. */
const DEVICE = PROFILES.flannel.devices.ipv4;

/** A capture has no history: no node is young, and every fault counts at once. */
const LIMITS = limitsSchema.parse({ graceSeconds: 0, pairPatienceSeconds: 0 });

/** What a run would have learned of the captured hosts. */
interface Capture {
  readonly facts: Facts;
  readonly latencies: readonly Latency[];
}

/** Reads a directory of captured outputs. */
export async function readCapture(
  directory: string,
  run: { readonly cluster: string; readonly now: number },
): Promise<Capture> {
  const nodes = await readList(directory, 'nodes.json', parseNodes);
  const listed = (nodes?.value ?? []).map(({ name }) => name);
  const folders = await foldersOf(directory);
  const hosts = await Promise.all(folders.map((name) => readFolder(directory, name, listed)));
  const daemonSets = await readList(directory, 'daemonsets.json', parseDaemonSets);
  if (hosts.every(({ isEmpty }) => isEmpty) && nodes === undefined) {
    const expected = join(directory, '<host>', 'ip-neigh.txt');
    throw new Error(
      `${directory} holds no captured host: expected ${expected}, or others of vtepwatch replay --help`,
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
async function readFolder(
  directory: string,
  name: string,
  listed: readonly string[],
): Promise<CapturedHost> {
  const path = join(directory, name);
  if (await isBlank(path)) {
    const message =
      'all that was captured of it is empty, so nothing of it is known: capture it again';
    return { ...NO_HOST, isEmpty: false, problems: [{ where: name, message }] };
  }
  const host = await readHost({ path, name, node: nodeOf(name, listed) });
  if (isNodeName(name.toLowerCase()) || host.isEmpty) return host;
  const message =
    'left out: no node can have the name of this folder. Name it as the node is named';
  return { ...NO_HOST, problems: [{ where: name, message }] };
}

/**
 * Whether files were captured and none of them has a line. Tables can be empty, and yet every host that a
 * person can reach has an address and a route.
 */
async function isBlank(path: string): Promise<boolean> {
  const hasLines = async ({ file }: { readonly file: string }): Promise<boolean | undefined> =>
    await readWith(join(path, file), file, (_, text) => readPasted(text).lines.length > 0);
  const [addresses, routes, ...others] = await Promise.all(
    [LISTINGS.address, LISTINGS.route, LISTINGS.device, LISTINGS.neighbour, LISTINGS.fdb].map(
      hasLines,
    ),
  );
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
  readonly path: string;
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

async function readHost({ path, name, node }: HostFolder): Promise<CapturedHost> {
  const read = <T>(file: string, parse: (where: string, text: string) => Parsed<T>) =>
    readWith(join(path, file), `${name}/${file}`, parse);
  const listing = async <T>(
    kind: keyof typeof LISTINGS,
    parse: ListingParser<T>,
  ): Promise<Listing<T> | undefined> => {
    const { file } = LISTINGS[kind];
    const parsed = await readWith(join(path, file), `${name}/${file}`, parse);
    return parsed && { ...parsed, problems: [...parsed.problems, ...partOf(kind, name, parsed)] };
  };
  const links = await listing('device', parseLinks);
  const device = links?.value.find(({ name: own }) => deviceFamily(own) === 'ipv4')?.name ?? DEVICE;
  const ofDevice =
    <T>(parse: (where: string, text: string, device: string) => Listing<T>): ListingParser<T> =>
    (where, text) =>
      parse(where, text, device);
  const neighbours = await listing('neighbour', ofDevice(parseNeighbours));
  const fdb = await listing('fdb', ofDevice(parseFdb));
  const routes = await listing('route', ofDevice(parseRoutes));
  const addresses = await listing('address', parseAddresses);
  const kubectl = await read('kubectl-get-nodes.txt', parseKubectlNodes);
  const oneFamily = await oneFamilyIn(path);
  const understood = { device: links, neighbour: neighbours, fdb, route: routes } as const;
  const tables: Tables = {
    devices: links && devicesOf(links, addresses?.value ?? []),
    neighbours: neighbours && shown(neighbours),
    fdb: fdb && shown(fdb),
    routes: routes && shown(routes),
    otherOverlays: await readWith(join(path, LISTINGS.device.file), name, (_, text) =>
      otherOverlaysIn(text),
    ),
    anomalies:
      routes?.understood === 'all'
        ? await readWith(join(path, LISTINGS.route.file), name, (_, text) => anomaliesIn(text))
        : undefined,
    bridges:
      addresses?.understood === 'all'
        ? await readWith(join(path, LISTINGS.address.file), name, (_, text) => bridgesIn(text))
        : undefined,
    ownAddresses:
      addresses?.understood === 'all'
        ? await readWith(join(path, LISTINGS.address.file), name, (_, text) => ownAddressesIn(text))
        : undefined,
    subnets:
      addresses?.understood === 'all'
        ? await readWith(join(path, LISTINGS.address.file), name, (_, text) => subnetsIn(text))
        : undefined,
    incomplete: new Set(LISTINGS_OF.filter((kind) => understood[kind]?.understood === 'some')),
    oneFamily,
  };
  const files = [links, neighbours, fdb, routes, addresses, kubectl];
  const captured = [links, neighbours, fdb, routes].some((parsed) => parsed !== undefined);
  return {
    isEmpty: files.every((parsed) => parsed === undefined),
    observation: captured
      ? { kind: 'tables', host: { node }, tables, verbatim: [], unread: [] }
      : undefined,
    latencies: latencyOf(node, kubectl?.value.seconds),
    names: kubectl?.value.names ?? [],
    problems: [
      ...files.flatMap((parsed) => parsed?.problems ?? []),
      ...(hasIpv6(links?.value ?? [], neighbours?.value ?? []) ? withoutIpv6(name, oneFamily) : []),
    ],
  };
}

/** `arp -n` and `ip route` show IPv4 alone. Every host that has IPv6 at all has routes of it. */
async function oneFamilyIn(path: string): Promise<OneFamily> {
  const shows = async (kind: 'neighbour' | 'route', line: RegExp): Promise<boolean | undefined> =>
    await readWith(join(path, LISTINGS[kind].file), '', (_, text) => line.test(text));
  const isArp = (await shows('neighbour', /\bHW ?type\b|^\? \(|\bether\b/m)) === true;
  const isIpv4 =
    (await shows('route', /^(?:[a-z]+ )?[\da-f]*:[\da-f:]*(?:\/\d+)? |"dst": ?"[\da-f]*:/m)) ===
    false;
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
} as const;

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

async function readList<T>(
  directory: string,
  file: string,
  parse: (where: string, list: unknown) => Parsed<readonly T[]>,
): Promise<Parsed<readonly T[]> | undefined> {
  return await readWith(join(directory, file), file, (where, text) => {
    try {
      return parse(where, JSON.parse(text));
    } catch {
      return { value: [], problems: [{ where, message: 'not JSON' }] };
    }
  });
}

async function readWith<P>(
  path: string,
  where: string,
  parse: (where: string, text: string) => P,
): Promise<P | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`reading ${path}`, { cause: error });
  });
  return bytes === undefined ? undefined : parse(where, unquoted(decoded(bytes)));
}

/** PowerShell redirects into UTF-16 with its mark in front; everything else that is captured is UTF-8. */
function decoded(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

async function foldersOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new Error(`reading the captured outputs in ${directory}`, { cause });
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}
