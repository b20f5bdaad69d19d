/**
 * Addresses in one spelling each, so that equal addresses are equal strings: IPv4 in dotted
 * decimal, IPv6 as RFC 5952 writes it, CIDRs with their length always present.
 */

declare const brand: unique symbol;

export type IpAddress = string & { readonly [brand]: 'IpAddress' };
export type Cidr = string & { readonly [brand]: 'Cidr' };
export const FAMILIES = ['ipv4', 'ipv6'] as const;

export type Family = (typeof FAMILIES)[number];

/** The canonical form of an address, or undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  const canonical = text.includes(':') ? canonicalIpv6(text) : canonicalIpv4(text);
  return canonical !== undefined && isCanonicalIp(canonical) ? canonical : undefined;
}

/** `10.68.0.0/24`; an address alone is a host's route: `/32`, or `/128` for IPv6. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0) return undefined;
  const longest = familyOf(ip) === 'ipv4' ? 32 : 128;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const bits = length === undefined ? longest : Number(length);
  const cidr = `${ip}/${bits}`;
  return bits <= longest && isCanonicalCidr(cidr) ? cidr : undefined;
}

export function familyOf(address: IpAddress | Cidr): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The address part: of a node's pod CIDR it is the tunnel IP that flannel gives the node. */
export function addressOf(cidr: Cidr): IpAddress | undefined {
  return parseIp(cidr.slice(0, cidr.indexOf('/')));
}

/** Six hexadecimal octets. What a person masked by hand, or a host made up, is not one. */
export function isMacAddress(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);
}

/** A MAC address that one device can have: unicast, and not zero. */
export function isUnicastMac(text: string): boolean {
  const isMulticast = (Number.parseInt(text.slice(0, 2), 16) & 1) === 1;
  return isMacAddress(text) && !isMulticast && text !== '00:00:00:00:00:00';
}

/** No node's address and no pod is in these: RFC 6890, and RFC 4291, section 2.4. */
const SPECIAL = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
] as const;

/** An address that one device can have, beyond its own link: no special one. */
export function isUnicastIp(address: IpAddress): boolean {
  return !isSpecial(address);
}

/** Whether some of its addresses are of a kind that nodes and pods cannot have. */
export function isSpecial(range: IpAddress | Cidr): boolean {
  return mayBeSpecial(familyOf(range), prefixBits(range));
}

/** The bits that all addresses of a network have in common: of an address, all of its bits. */
export function prefixBits(range: IpAddress | Cidr): string {
  const [ip = '', length] = range.split('/');
  return bitsOf(ip).slice(0, length === undefined ? undefined : Number(length));
}

function isCanonicalIp(text: string): text is IpAddress {
  return text.length > 0;
}

function isCanonicalCidr(text: string): text is Cidr {
  return text.includes('/');
}

function canonicalIpv4(text: string): string | undefined {
  const octets = text.split('.');
  return octets.length === 4 && octets.every(isOctet) ? text : undefined;
}

function isOctet(text: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) < 256;
}

function isGroup(text: string): boolean {
  return /^[0-9a-f]{1,4}$/.test(text);
}

function canonicalIpv6(text: string): string | undefined {
  const groups = groupsOf(withoutDots(text.toLowerCase()));
  return groups === undefined ? undefined : compress(groups);
}

/** The kernel writes an IPv4 address that stands for an IPv6 one with dots: `::ffff:10.0.0.1`. */
function withoutDots(text: string): string {
  const tail = text.slice(text.lastIndexOf(':') + 1);
  const octets = canonicalIpv4(tail)?.split('.').map(Number);
  if (octets === undefined) return text;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16));
  return `${text.slice(0, -tail.length)}${groups.join(':')}`;
}

/** The eight 16-bit groups of an IPv6 address, `::` filled with zeros. */
function groupsOf(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  const written = [...head, ...(tail ?? [])];
  if (!written.every(isGroup)) return undefined;
  const zeros = 8 - written.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  const filled = [...head, ...Array<string>(zeros).fill('0'), ...(tail ?? [])];
  return filled.map((group) => Number.parseInt(group, 16));
}

/** RFC 5952, section 4: the longest run of two or more zero groups, the first of equals, is `::`. */
function compress(groups: readonly number[]): string {
  let start = 0;
  let length = 0;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (to < groups.length && groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The network that an address with its prefix length is in: `10.0.3.7/20` is in `10.0.0.0/20`. */
export function networkOf(address: Cidr): Cidr | undefined {
  const [ip = '', length = ''] = address.split('/');
  const bits = bitsOf(ip);
  const network = bits.slice(0, Number(length)).padEnd(bits.length, '0');
  return parseCidr(`${addressOfBits(network)}/${length}`);
}

/** A large cluster has tens of thousands of them. */
const OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(2).padStart(8, '0'));

function bitsOf(address: string): string {
  const parts = address.includes(':')
    ? (groupsOf(address) ?? []).map((group) => group.toString(2).padStart(16, '0'))
    : address.split('.').map((octet) => OCTETS[Number(octet)] ?? '');
  return parts.join('');
}

/** The address of 32 or 128 bits. */
export function ipOfBits(bits: string): IpAddress | undefined {
  return parseIp(addressOfBits(bits));
}

function addressOfBits(bits: string): string {
  const parts = bits.match(bits.length === 32 ? /.{8}/g : /.{16}/g) ?? [];
  const numbers = parts.map((part) => Number.parseInt(part, 2));
  return bits.length === 32
    ? numbers.join('.')
    : numbers.map((number) => number.toString(16)).join(':');
}

/** Whether an address can lie in a special range, or at least its first bits can. */
export function mayBeSpecial(family: Family, first: string): boolean {
  return SPECIAL_BITS.some(
    (special) =>
      special.family === family &&
      (first.startsWith(special.bits) || special.bits.startsWith(first)),
  );
}

const SPECIAL_BITS = SPECIAL.flatMap((text) => {
  const cidr = parseCidr(text);
  return cidr === undefined ? [] : [{ family: familyOf(cidr), bits: prefixBits(cidr) }];
});
