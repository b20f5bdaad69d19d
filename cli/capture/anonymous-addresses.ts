import { createHmac } from 'node:crypto';
import {
  type Cidr,
  familyOf,
  type Family,
  type IpAddress,
  ipOfBits,
  mayBeSpecial,
  networkOf,
  parseCidr,
  parseIp,
  prefixBits,
} from '../../shared/core/overlay/addresses.ts';

/** Networks whose name says what they are for: an address in one of them stays in it. */
const KINDS = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fd00::/8',
  '2000::/3',
] as const;

const KIND_BITS = KINDS.flatMap((text) => {
  const range = parseCidr(text);
  return range === undefined ? [] : [{ family: familyOf(range), bits: prefixBits(range) }];
});

/** Of these addresses the interface or the group can name a host, and the rest is the same everywhere. */
const HOST_PARTS = [
  { begins: 'fe80:', from: 64 },
  { begins: 'ff', from: 104 },
] as const;

/**
 * Other addresses in place of those of a capture. Two addresses have as many first bits in common after this
 * as before, so that networks contain what they contained (Crypto-PAn: Xu, Fan, Ammar and Moon, 2002).
 * Loopback and other special ranges stay as they are. The first address of a network stays the first one:
 * flannel gives it to a node as its tunnel IP.
 */
export function anonymousAddresses(
  key: Uint8Array,
  networks: readonly Cidr[],
): (address: IpAddress) => IpAddress {
  const known = new Set(networks.flatMap((network) => nodeOf(networkOf(network))));
  const flips = new Map<string, boolean>();
  const flipsAfter = (family: Family, first: string): boolean => {
    const place = `${family} ${first}`;
    let flip = flips.get(place);
    if (flip === undefined) {
      flip = !isFixed(known, family, first) && isOne(key, place);
      flips.set(place, flip);
    }
    return flip;
  };
  return (address) => {
    const family = familyOf(address);
    const bits = prefixBits(address);
    const host = HOST_PARTS.find(({ begins }) => address.startsWith(begins));
    const mapped = Array.from(bits, (bit, at) => {
      const first = bits.slice(0, at);
      const flip =
        host === undefined
          ? flipsAfter(family, first)
          : at >= host.from && isOne(key, `${family} ${first}`);
      return flip ? (bit === '1' ? '0' : '1') : bit;
    });
    return ipOfBits(mapped.join('')) ?? address;
  };
}

/** Every network that a text names, and of an IPv4 address that ends with 0 the 256 that begin with it. */
export function networksIn(text: string): readonly Cidr[] {
  const ranges = text.match(/[\da-fA-F.:]+\/\d{1,3}\b/g) ?? [];
  const firsts = text.match(/\b(?:\d{1,3}\.){3}0\b/g) ?? [];
  // Of `route -n`: destination, gateway and netmask.
  const rows = [...text.matchAll(/^([\d.]+) +[\d.]+ +(255\.[\d.]+) /gm)].map(
    ([, network = '', mask = '']) => `${network}/${lengthOf(mask)}`,
  );
  return [...ranges, ...firsts.map((first) => `${first}/24`), ...rows]
    .map((range) => parseCidr(range))
    .filter((range) => range !== undefined);
}

function lengthOf(mask: string): number {
  const ip = parseIp(mask);
  return ip === undefined ? 32 : prefixBits(ip).replace(/0*$/, '').length;
}

/** The first bits of a network, by its family. */
function nodeOf(network: Cidr | undefined): readonly string[] {
  return network === undefined ? [] : [`${familyOf(network)} ${prefixBits(network)}`];
}

/** Whether the bit behind these first ones stays: that of a special range, of a kind, or of a network's first address. */
function isFixed(known: ReadonlySet<string>, family: Family, first: string): boolean {
  const isOfKind = KIND_BITS.some(
    (kind) =>
      kind.family === family && kind.bits.length > first.length && kind.bits.startsWith(first),
  );
  if (isOfKind || mayBeSpecial(family, first)) return true;
  for (let length = first.length; length > 0; length--) {
    if (known.has(`${family} ${first.slice(0, length)}`)) return true;
    if (first[length - 1] === '1') return false;
  }
  return false;
}

function isOne(key: Uint8Array, text: string): boolean {
  return ((createHmac('sha256', key).update(text).digest()[0] ?? 0) & 1) === 1;
}
