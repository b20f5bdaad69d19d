/** What `node-list.awk` must print of a NodeList, by a JSON parser and in regular expressions. */

type Fields = Readonly<Record<string, unknown>>;

/** Thrown where a value is outside its grammar. */
class Strange extends Error {}

const FLANNEL = 'flannel.alpha.coreos.com/';
const CALICO = 'projectcalico.org/';
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const ROLES = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'] as const;
const ZONES = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const;

/** Its lines; undefined where the list must not count. */
export function linesOf(text: string): readonly string[] | undefined {
  try {
    const list = fields(JSON.parse(text));
    const metadata = optional(list, 'metadata', fields) ?? {};
    const version = optional(metadata, 'resourceVersion', string) ?? '';
    const next = optional(metadata, 'continue', string) ?? '';
    optional(list, 'apiVersion', string);
    const kind = optional(list, 'kind', string);
    const items = list['items'] === null ? [] : array(list['items']);
    if (kind !== 'NodeList' || next !== '' || !/^\d{1,20}$/.test(version)) return undefined;
    const lines = items.flatMap(lineOf);
    const names = lines.map((line) => line.split(' ')[1]);
    if (new Set(names).size < names.length) return undefined;
    return [...lines, `end ${version} ${items.length}`];
  } catch (error) {
    if (error instanceof Strange || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function lineOf(item: unknown): readonly string[] {
  const name = nameOf(item);
  if (!NAME.test(name) || name.length > 253) return [];
  try {
    return [['node', name, ...wordsOf(fields(item))].join(' ')];
  } catch (error) {
    if (error instanceof Strange) return [`unknown ${name}`];
    throw error;
  }
}

function nameOf(item: unknown): string {
  try {
    const metadata = optional(fields(item), 'metadata', fields) ?? {};
    return optional(metadata, 'name', string) ?? '';
  } catch {
    return '';
  }
}

function wordsOf(node: Fields): readonly string[] {
  const metadata = optional(node, 'metadata', fields) ?? {};
  const labels = optional(metadata, 'labels', fields) ?? {};
  const annotations = optional(metadata, 'annotations', fields) ?? {};
  const spec = optional(node, 'spec', fields) ?? {};
  const status = optional(node, 'status', fields) ?? {};
  const label = (key: string): string | undefined => optional(labels, key, string);
  const flannel = (key: string): string => optional(annotations, FLANNEL + key, string) ?? '';
  const calico = (key: string): string => optional(annotations, CALICO + key, string) ?? '';
  const kind = flannel('backend-type');
  const roles = ROLES.map(label);
  const zone = ZONES.map(label).find(Boolean) ?? '';
  const off = optional(spec, 'unschedulable', boolean) ?? false;
  return [
    whole(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, optional(metadata, 'uid', string) ?? ''),
    whole(
      /^\d{4}-[01]\d-[0-3]\dT[0-2]\d(:[0-5]\d){2}Z$/,
      optional(metadata, 'creationTimestamp', string) ?? '',
    ),
    machineOf(optional(spec, 'providerID', string) ?? ''),
    listed((optional(status, 'addresses', array) ?? []).flatMap(internalIp), 16),
    podCidrs(spec),
    dash(kind, (text) => whole(/^[a-z0-9-]{1,32}$/, text)),
    macIn(kind, flannel('backend-data')),
    dash(flannel('public-ip'), ipv4),
    dash(flannel('public-ip-overwrite'), ipv4),
    macIn(kind, flannel('backend-v6-data')),
    dash(flannel('public-ipv6'), ipv6),
    dash(flannel('public-ipv6-overwrite'), ipv6),
    dash(calico('IPv4VXLANTunnelAddr'), ipv4),
    dash(calico('IPv4Address'), prefix(ipv4)),
    dash(calico('IPv6VXLANTunnelAddr'), ipv6),
    dash(calico('IPv6Address'), prefix(ipv6)),
    roles.some((value) => value !== undefined) ? 'master' : '-',
    dash(zone, (text) => whole(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, text)),
    off ? 'off' : '-',
  ];
}

function machineOf(id: string): string {
  if (id === '') return '-';
  if (id.length > 511 || !/^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/.test(id)) throw new Strange();
  return whole(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, id.split('/').at(-1) ?? '');
}

function internalIp(item: unknown): readonly string[] {
  const address = fields(item);
  const type = string(address['type']);
  const text = string(address['address']);
  return type === 'InternalIP' ? [anyIp(text)] : [];
}

function podCidrs(spec: Fields): string {
  const first = optional(spec, 'podCIDR', string) ?? '';
  const all = (optional(spec, 'podCIDRs', array) ?? []).map(string);
  if (first !== '' && all.length > 0 && first !== all[0]) throw new Strange();
  const written = all.length === 0 && first !== '' ? [first] : all;
  return listed(written.map(prefix(anyIp)), 2);
}

function listed(values: readonly string[], most: number): string {
  if (values.length > most) throw new Strange();
  return values.length === 0 ? '-' : values.join(',');
}

/** Flat and compact JSON in which `VtepMAC` stands once. */
function macIn(kind: string, data: string): string {
  if (kind !== 'vxlan' || data === '' || data === 'null') return '-';
  const pairs = data.match(/"[A-Za-z]+":("[^"\\]*"|0|[1-9]\d*|null|true|false)(?=[,}])/g) ?? [];
  if (pairs.length === 0 || `{${pairs.join(',')}}` !== data) throw new Strange();
  const macs = pairs.filter((pair) => pair.startsWith('"VtepMAC":'));
  const mac = /^"VtepMAC":"([\da-f]{2}(?::[\da-f]{2}){5})"$/.exec(
    macs[0]?.toLowerCase().replace('vtepmac', 'VtepMAC') ?? '',
  );
  if (macs.length !== 1 || mac === null) throw new Strange();
  return mac[1] ?? '';
}

function anyIp(text: string): string {
  return text.includes(':') ? ipv6(text) : ipv4(text);
}

function ipv4(text: string): string {
  const octets = text.split('.');
  const isOne =
    octets.length === 4 &&
    octets.every((one) => /^(0|[1-9]\d{0,2})$/.test(one) && Number(one) < 256);
  if (!isOne) throw new Strange();
  return text;
}

function ipv6(text: string): string {
  const halves = text.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const isOne =
    text.length < 40 &&
    groups.every((group) => /^[\dA-Fa-f]{1,4}$/.test(group)) &&
    (halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8);
  if (!isOne) throw new Strange();
  return text.toLowerCase();
}

function prefix(read: (text: string) => string): (text: string) => string {
  return (text) => {
    const [address = '', length = '', ...rest] = text.split('/');
    const most = address.includes(':') ? 128 : 32;
    const isOne = rest.length === 0 && /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= most;
    if (!isOne) throw new Strange();
    return `${read(address)}/${length}`;
  };
}

function dash(text: string, read: (text: string) => string): string {
  return text === '' ? '-' : read(text);
}

function whole(pattern: RegExp, text: string): string {
  if (!pattern.test(text)) throw new Strange();
  return text;
}

/** A value that may not be there, but must be of its type: null is of none. */
function optional<T>(from: Fields, key: string, read: (value: unknown) => T): T | undefined {
  return Object.hasOwn(from, key) ? read(from[key]) : undefined;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new Strange();
  return value;
}

function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Strange();
  return value;
}

function array(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Strange();
  return value;
}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Strange();
  return Object.fromEntries(Object.entries(value));
}
