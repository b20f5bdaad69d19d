/** What Kubernetes knows of a cluster: nodes and pods as JSON, and the table of `kubectl get nodes`. */
import { WORDS } from '../../contract/wire.ts';
import { type IpAddress, parseCidr, parseIp } from '../overlay/addresses.ts';
import { type DaemonSet, isOfCni } from '../overlay/restart.ts';
import type { AnnotatedVtep, CalicoAddresses, ClusterNode } from '../overlay/vtep.ts';
import { parseTime } from '../time.ts';
import { readRecord } from './answer.ts';
import {
  booleanField,
  isObject,
  items,
  listField,
  numberField,
  objectField,
  textField,
} from './json.ts';
import { macToken, type Parsed, quote, wordsOf } from './parsed.ts';

const NODE_NAME = new RegExp(`^${WORDS.node}$`);

/**
 * Whether a node, a pod or a namespace can have this name: a DNS subdomain (RFC 1123). No shell acts on
 * such a name, so it can stand in a command that a person copies.
 */
export function isNodeName(text: string): boolean {
  return NODE_NAME.test(text);
}

/** Annotations of flannel's subnet manager (flannel pkg/subnet/kube/annotations.go). */
const FLANNEL = 'flannel.alpha.coreos.com/';

/** Calico's annotations of a node (projectcalico/calico, libcalico-go, k8s/resources/node.go). */
const CALICO = 'projectcalico.org/';

const CONTROL_PLANE_LABELS = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
] as const;

const ZONE_LABELS = [
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/zone',
] as const;

/** The nodes of `kubectl get nodes -o json`, which is the API's answer for `/api/v1/nodes`. */
export function parseNodes(where: string, list: unknown): Parsed<readonly ClusterNode[]> {
  const found = items(list);
  if (found === undefined) {
    return { value: [], problems: [{ where, message: 'not a list of nodes: it has no items' }] };
  }
  const named = found.map((item) => ({ item, name: nameOf(item) }));
  return {
    value: named.flatMap(({ item, name }) => (isNodeName(name) ? [readNode(item, name)] : [])),
    problems: named
      .filter(({ name }) => !isNodeName(name))
      .map(({ name }) => ({ where, message: `not a node's name: ${quote(name)}` })),
  };
}

function nameOf(item: object): string {
  return textField(objectField(item, 'metadata') ?? {}, 'name') ?? '';
}

function readNode(item: object, name: string): ClusterNode {
  const metadata = objectField(item, 'metadata') ?? {};
  const spec = objectField(item, 'spec') ?? {};
  const status = objectField(item, 'status') ?? {};
  const annotations = objectField(metadata, 'annotations') ?? {};
  const labels = objectField(metadata, 'labels') ?? {};
  return {
    name,
    uid: textField(metadata, 'uid'),
    instanceId: textField(spec, 'providerID')?.split('/').at(-1) || undefined,
    internalIps: listField(status, 'addresses')
      .filter(isObject)
      .filter((address) => textField(address, 'type') === 'InternalIP')
      .map((address) => parseIp(textField(address, 'address') ?? ''))
      .filter((ip) => ip !== undefined),
    podCidrs: podCidrsOf(spec),
    backend: textField(annotations, `${FLANNEL}backend-type`),
    annotated: annotatedVteps(annotations),
    calico: calicoAddresses(annotations),
    isControlPlane: CONTROL_PLANE_LABELS.some((label) => textField(labels, label) !== undefined),
    zone: ZONE_LABELS.map((label) => textField(labels, label)).find(Boolean),
    isUnschedulable: booleanField(spec, 'unschedulable'),
    createdAt: parseTime(textField(metadata, 'creationTimestamp') ?? ''),
  };
}

function podCidrsOf(spec: object): ClusterNode['podCidrs'] {
  const several = listField(spec, 'podCIDRs');
  const written = several.length > 0 ? several : [textField(spec, 'podCIDR')];
  return written
    .map((cidr) => parseCidr(typeof cidr === 'string' ? cidr : ''))
    .filter((cidr) => cidr !== undefined);
}

function annotatedVteps(annotations: object): readonly AnnotatedVtep[] {
  if (textField(annotations, `${FLANNEL}backend-type`) !== 'vxlan') return [];
  const ipv4 = {
    family: 'ipv4',
    mac: vtepMac(textField(annotations, `${FLANNEL}backend-data`)),
    publicIp: ipField(annotations, `${FLANNEL}public-ip`),
    overwrite: ipField(annotations, `${FLANNEL}public-ip-overwrite`),
  } as const;
  const ipv6 = {
    family: 'ipv6',
    mac: vtepMac(textField(annotations, `${FLANNEL}backend-v6-data`)),
    publicIp: ipField(annotations, `${FLANNEL}public-ipv6`),
    overwrite: ipField(annotations, `${FLANNEL}public-ipv6-overwrite`),
  } as const;
  return [ipv4, ipv6].filter(({ mac, publicIp }) => mac !== undefined || publicIp !== undefined);
}

function calicoAddresses(annotations: object): readonly CalicoAddresses[] {
  const both = (
    [
      ['ipv4', 'IPv4'],
      ['ipv6', 'IPv6'],
    ] as const
  ).map(([family, prefix]) => ({
    family,
    tunnelIp: ipField(annotations, `${CALICO}${prefix}VXLANTunnelAddr`),
    address: parseCidr(textField(annotations, `${CALICO}${prefix}Address`) ?? ''),
  }));
  return both.filter(({ tunnelIp, address }) => tunnelIp !== undefined || address !== undefined);
}

function ipField(item: object, key: string): IpAddress | undefined {
  return parseIp(textField(item, key) ?? '');
}

/** `{"VNI":1,"VtepMAC":"8a:…"}`; before flannel 0.13.1 without the VNI. */
function vtepMac(backendData: string | undefined): string | undefined {
  const found = /"VtepMAC"\s*:\s*"([^"]{1,32})"/.exec(backendData ?? '');
  return macToken(found?.[1]);
}

/**
 * The DaemonSets of a CNI in `kubectl get daemonsets -o json`. What one lacks of its update strategy is
 * Kubernetes' default.
 */
export function parseDaemonSets(where: string, list: unknown): Parsed<readonly DaemonSet[]> {
  const found = items(list);
  return found === undefined
    ? { value: [], problems: [{ where, message: 'not a list of DaemonSets: it has no items' }] }
    : { value: found.flatMap(readDaemonSet).filter(isOfCni), problems: [] };
}

function readDaemonSet(item: object): readonly DaemonSet[] {
  const metadata = objectField(item, 'metadata') ?? {};
  const update = objectField(objectField(item, 'spec') ?? {}, 'updateStrategy') ?? {};
  const rolling = objectField(update, 'rollingUpdate') ?? {};
  const most = textField(rolling, 'maxUnavailable') ?? numberField(rolling, 'maxUnavailable');
  const words = [
    textField(metadata, 'namespace'),
    textField(metadata, 'name'),
    textField(update, 'type') ?? 'RollingUpdate',
    most ?? '-',
  ];
  // These words stand in commands that a person copies: the grammar of the masters' records holds them too.
  const record = readRecord(['daemonset', ...words].join(' '));
  if (record?.kind !== 'daemonset') return [];
  const { namespace, name, strategy, maxUnavailable } = record;
  return [{ namespace, name, strategy, maxUnavailable }];
}

/** A timed `kubectl get nodes`, as a person captures it. */
interface KubectlNodes {
  readonly names: readonly string[];
  /** As the shell's `time` measured it. */
  readonly seconds: number | undefined;
}

/** The second column of a row; in an error message another word stands there. */
const STATUS = /^(Ready|NotReady|Unknown)(,|$)/;

/** Reads the table of `kubectl get nodes` and, below it, the `real 0m45.0s` of `time`. */
export function parseKubectlNodes(where: string, text: string): Parsed<KubectlNodes> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const header = lines.findIndex((line) => /^NAME\s+STATUS\b/.test(line));
  const timed = lines.findIndex((line) => /^(real|user|sys)\s/.test(line));
  const rows = header < 0 ? [] : lines.slice(header + 1, timed < 0 ? undefined : timed);
  const names = rows
    .map(wordsOf)
    .filter(([, status = '']) => STATUS.test(status))
    .map(([name = '']) => name)
    .filter(isNodeName);
  const real = lines.map(secondsOf).find((seconds) => seconds !== undefined);
  const understood = header >= 0 || real !== undefined || lines.length === 0;
  const message = `not the output of kubectl get nodes: ${quote(lines[0] ?? '')}`;
  return {
    value: { names, seconds: real },
    problems: understood ? [] : [{ where, message }],
  };
}

/** `real    0m45.0s`, and the `real 45.00` of `time -p`. */
function secondsOf(line: string): number | undefined {
  const found = /^real\s+(?:(\d{1,6})m)?(\d{1,6}(?:\.\d{1,9})?)s?\s*$/.exec(line);
  return found === null ? undefined : Number(found[1] ?? 0) * 60 + Number(found[2]);
}
