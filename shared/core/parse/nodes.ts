import { parseCidr, parseIp } from '../addresses.ts';
import type { AnnotatedVtep, ClusterNode } from '../overlay.ts';
import { parseTime } from '../time.ts';
import { isNodeName } from './kubectl-nodes.ts';
import { isObject, type Parsed, quote } from './parsed.ts';
import { items, listField, macToken, objectField, textField } from './words.ts';

/** Annotations of flannel's subnet manager (flannel pkg/subnet/kube/annotations.go). */
const FLANNEL = 'flannel.alpha.coreos.com/';

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
  const status = objectField(item, 'status') ?? {};
  return {
    name,
    internalIps: listField(status, 'addresses')
      .filter(isObject)
      .filter((address) => textField(address, 'type') === 'InternalIP')
      .map((address) => parseIp(textField(address, 'address') ?? ''))
      .filter((ip) => ip !== undefined),
    podCidrs: podCidrsOf(objectField(item, 'spec') ?? {}),
    annotated: annotatedVteps(objectField(metadata, 'annotations') ?? {}),
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
    publicIp: parseIp(textField(annotations, `${FLANNEL}public-ip`) ?? ''),
  } as const;
  const ipv6 = {
    family: 'ipv6',
    mac: vtepMac(textField(annotations, `${FLANNEL}backend-v6-data`)),
    publicIp: parseIp(textField(annotations, `${FLANNEL}public-ipv6`) ?? ''),
  } as const;
  return [ipv4, ipv6].filter(({ mac, publicIp }) => mac !== undefined || publicIp !== undefined);
}

/** `{"VNI":1,"VtepMAC":"8a:…"}`; before flannel 0.13.1 without the VNI. */
function vtepMac(backendData: string | undefined): string | undefined {
  const found = /"VtepMAC"\s*:\s*"([^"]{1,32})"/.exec(backendData ?? '');
  return macToken(found?.[1]);
}
