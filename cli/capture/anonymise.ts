import { createHmac } from 'node:crypto';
import {
  addressOf,
  type Cidr,
  type IpAddress,
  parseCidr,
} from '../../shared/core/overlay/addresses.ts';
import type { ClusterNode } from '../../shared/core/overlay/vtep.ts';
import {
  isNodeName,
  parseDaemonSets,
  parseKubectlNodes,
  parseNodes,
} from '../../shared/core/parse/kubernetes.ts';
import type { Parsed } from '../../shared/core/parse/parsed.ts';
import type { CapturedFiles } from '../replay/captured-files.ts';
import { anonymousAddresses, networksIn } from './anonymous-addresses.ts';
import { anonymousMacs } from './anonymous-macs.ts';
import { anonymousNames } from './anonymous-names.ts';
import { anonymousListing, anonymousWord } from './anonymous-words.ts';
import { daemonSetsJson, nodesJson } from './node-list-json.ts';

/** A capture with other names and addresses. */
interface Anonymised {
  readonly texts: ReadonlyMap<string, string>;
  /** What a node is called in it. */
  readonly nameOf: (node: string) => string;
}

/**
 * A capture that shows nothing of whose cluster it is of: other names, addresses and MAC addresses, in all files
 * alike. Of the node list it keeps what a verdict depends on. With another key, the substitutes are others.
 */
export function anonymised(files: CapturedFiles, key: Uint8Array): Anonymised {
  const nodes = listIn(files, 'nodes.json', parseNodes);
  const listings = [...files.texts].filter(([path]) => /\/(?:ip|bridge)-/.test(path));
  const tables = [...files.texts].filter(([path]) => path.endsWith('/kubectl-get-nodes.txt'));
  const names = anonymousNames([
    ...files.folders.map((folder) => folder.toLowerCase()).filter(isNodeName),
    ...(nodes ?? []).map(({ name }) => name),
    ...tables.flatMap(([path, text]) => parseKubectlNodes(path, text).value.names),
  ]);
  const networks = [
    ...new Set([
      ...listings.flatMap(([, text]) => networksIn(text)),
      ...(nodes ?? []).flatMap(networksOf),
    ]),
  ];
  const address = anonymousAddresses(key, networks);
  const mac = anonymousMacs(key, names.whole);
  const substitutes = { address, mac, word: anonymousWord(key) };
  const folderOf = foldersOf(files.folders, names.nameOf);
  const texts = new Map<string, string>();
  for (const [path, text] of listings) {
    texts.set(movedTo(path, folderOf), anonymousListing(text, substitutes));
  }
  for (const [path, text] of tables) {
    texts.set(movedTo(path, folderOf), anonymousTable(text, names.nameOf));
  }
  const zones = anonymousZones(nodes ?? []);
  if (nodes !== undefined) {
    const anonymousNode = (node: ClusterNode): ClusterNode => ({
      ...withAddresses(node, { address, mac }),
      name: names.nameOf(node.name),
      uid: node.uid === undefined ? undefined : hashed(key, node.uid, 32),
      instanceId:
        node.instanceId === undefined ? undefined : `i-${hashed(key, node.instanceId, 17)}`,
      zone: node.zone === undefined ? undefined : zones.get(node.zone),
    });
    texts.set('nodes.json', nodesJson(nodes.map(anonymousNode)));
  }
  const daemonSets = listIn(files, 'daemonsets.json', parseDaemonSets);
  if (daemonSets !== undefined) texts.set('daemonsets.json', daemonSetsJson(daemonSets));
  const time = files.texts.get('capture.json');
  if (time !== undefined) texts.set('capture.json', time);
  return { texts, nameOf: names.nameOf };
}

function listIn<T>(
  { texts }: CapturedFiles,
  file: string,
  parse: (where: string, list: unknown) => Parsed<readonly T[]>,
): readonly T[] | undefined {
  const text = texts.get(file);
  if (text === undefined) return undefined;
  try {
    return parse(file, JSON.parse(text)).value;
  } catch {
    return [];
  }
}

function networksOf({ podCidrs, calico = [] }: ClusterNode): readonly Cidr[] {
  const tunnels = calico.flatMap(({ address }) => address ?? []);
  return [...podCidrs, ...tunnels];
}

function withAddresses(
  node: ClusterNode,
  {
    address,
    mac,
  }: {
    readonly address: (ip: IpAddress) => IpAddress;
    readonly mac: (mac: string) => string;
  },
): ClusterNode {
  const ofAddress = (ip: IpAddress | undefined): IpAddress | undefined => ip && address(ip);
  return {
    ...node,
    internalIps: node.internalIps.map(address),
    podCidrs: node.podCidrs.flatMap((cidr) => inNetwork(cidr, address) ?? []),
    annotated: node.annotated.map((one) => ({
      ...one,
      mac: one.mac === undefined ? undefined : mac(one.mac),
      publicIp: ofAddress(one.publicIp),
      overwrite: ofAddress(one.overwrite),
    })),
    calico: node.calico?.map((one) => ({
      ...one,
      tunnelIp: ofAddress(one.tunnelIp),
      address: one.address === undefined ? undefined : inNetwork(one.address, address),
    })),
  };
}

function inNetwork(cidr: Cidr, address: (ip: IpAddress) => IpAddress): Cidr | undefined {
  const ip = addressOf(cidr);
  return ip === undefined ? undefined : parseCidr(`${address(ip)}${cidr.slice(cidr.indexOf('/'))}`);
}

function hashed(key: Uint8Array, text: string, digits: number): string {
  return createHmac('sha256', key).update(`id ${text}`).digest('hex').slice(0, digits);
}

/** Zones in their order, by numbers. */
function anonymousZones(nodes: readonly ClusterNode[]): ReadonlyMap<string, string> {
  const zones = [...new Set(nodes.flatMap(({ zone }) => zone ?? []))].toSorted();
  return new Map(zones.map((zone, at) => [zone, `zone-${at + 1}`]));
}

/** A folder stays in upper case, and one that no node can have the name of stays such a one. */
function foldersOf(
  folders: readonly string[],
  nameOf: (node: string) => string,
): (folder: string) => string {
  const others = new Map(
    folders.map((folder, at) => {
      const lower = folder.toLowerCase();
      if (!isNodeName(lower)) return [folder, `folder_${at + 1}`];
      const name = nameOf(lower);
      return [folder, folder === lower ? name : name.toUpperCase()];
    }),
  );
  return (folder) => others.get(folder) ?? folder;
}

function movedTo(path: string, folderOf: (folder: string) => string): string {
  const [folder = '', file = ''] = path.split('/');
  return `${folderOf(folder)}/${file}`;
}

/** Of `kubectl get nodes` the names, whether each is Ready, and the time that it took. */
function anonymousTable(text: string, nameOf: (node: string) => string): string {
  const lines = text.split('\n').flatMap((line) => {
    const [, name = '', status = ''] =
      /^\s*(\S+)\s+((?:Ready|NotReady|Unknown)(?:,SchedulingDisabled)?)(?:\s|$)/.exec(line) ?? [];
    if (isNodeName(name)) return [`${nameOf(name)} ${status}`];
    if (/^\s*NAME\s+STATUS\b/.test(line)) return ['NAME STATUS'];
    return /^(?:real|user|sys)\s+[\dms.]+\s*$/.test(line) ? [line.trimEnd()] : [];
  });
  return lines.length === 0 && text.trim() !== '' ? 'left out\n' : `${lines.join('\n')}\n`;
}
