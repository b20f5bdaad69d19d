import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Latency, type Problem, REQUESTS } from '../../shared/contract/report.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import type { Facts, NodeList } from '../../shared/core/facts.ts';
import { PROFILES } from '../../shared/core/overlay/profile.ts';
import type { ClusterNode, Observation } from '../../shared/core/overlay/vtep.ts';
import { parseAddresses, parseLinks, withAddresses } from '../../shared/core/parse/devices.ts';
import { parseFdb } from '../../shared/core/parse/fdb.ts';
import {
  isNodeName,
  parseKubectlNodes,
  parseNodes,
  parsePods,
} from '../../shared/core/parse/kubernetes.ts';
import { parseNeighbours } from '../../shared/core/parse/neighbours.ts';
import type { Parsed } from '../../shared/core/parse/parsed.ts';
import { parseRoutes } from '../../shared/core/parse/routes.ts';

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
  const folders = await foldersOf(directory);
  const hosts = await Promise.all(folders.map((folder) => readHost(directory, folder)));
  const nodes = await readList(directory, 'nodes.json', parseNodes);
  const pods = await readList(directory, 'pods.json', parsePods);
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
    pods: pods?.value ?? [],
    observations: hosts.flatMap(({ observation }) => observation ?? []),
    roster: [],
    problems: [
      ...(nodes?.problems ?? []),
      ...(pods?.problems ?? []),
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

async function readHost(directory: string, node: string): Promise<CapturedHost> {
  const read = <T>(file: string, parse: (where: string, text: string) => Parsed<T>) =>
    readWith(join(directory, node, file), `${node}/${file}`, parse);
  const neighbours = await read('ip-neigh.txt', (where, text) =>
    parseNeighbours(where, text, DEVICE),
  );
  const fdb = await read('bridge-fdb.txt', (where, text) => parseFdb(where, text, DEVICE));
  const routes = await read('ip-route.txt', (where, text) => parseRoutes(where, text, DEVICE));
  const links = await read('ip-link.txt', parseLinks);
  const addresses = await read('ip-addr.txt', parseAddresses);
  const kubectl = await read('kubectl-get-nodes.txt', parseKubectlNodes);
  const tables = {
    devices: links && withAddresses(links.value, addresses?.value ?? []),
    neighbours: neighbours?.value,
    fdb: fdb?.value,
    routes: routes?.value,
  };
  const captured = Object.values(tables).some((table) => table !== undefined);
  const files = [neighbours, fdb, routes, links, addresses, kubectl];
  const problems = files.flatMap((parsed) => parsed?.problems ?? []);
  return {
    isEmpty: files.every((parsed) => parsed === undefined),
    observation: captured
      ? { kind: 'tables', host: { node }, tables, verbatim: [], unread: [] }
      : undefined,
    latencies: latencyOf(node, kubectl?.value.seconds),
    names: kubectl?.value.names ?? [],
    problems,
  };
}

function latencyOf(node: string, seconds: number | undefined): readonly Latency[] {
  return seconds === undefined
    ? []
    : [{ node, request: REQUESTS.getNodes, outcome: 'answered', seconds, detail: '' }];
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

async function readWith<T>(
  path: string,
  where: string,
  parse: (where: string, text: string) => Parsed<T>,
): Promise<Parsed<T> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`reading ${path}`, { cause: error });
  });
  return text === undefined ? undefined : parse(where, text);
}

async function foldersOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new Error(`reading the captured outputs in ${directory}`, { cause });
  });
  return entries
    .filter((entry) => entry.isDirectory() && isNodeName(entry.name))
    .map(({ name }) => name)
    .toSorted();
}
