import { createHash, createHmac } from 'node:crypto';

/** MAC addresses of which every host has the same. */
const EVERYBODYS: ReadonlySet<string> = new Set([
  '00:00:00:00:00:00',
  'ff:ff:ff:ff:ff:ff',
  // Calico gives it to the host's end of every pod's veth.
  'ee:ee:ee:ee:ee:ee',
]);

/** Of multicast for IPv6 and IPv4, of Windows nodes by flannel, and of Calico's VXLAN devices. */
const BEGINNINGS = ['33:33:', '01:00:5e:', '0e:2a:', '66:'] as const;

/** How many bits of the first octet stay: whether it is of a group, and whether it was given locally. */
const KIND = 0b11;

/**
 * Other MAC addresses in place of those of a capture. One that Calico derives from the name of a node becomes
 * the one that it derives from the node's new name. `names` has the new names.
 */
export function anonymousMacs(
  key: Uint8Array,
  names: ReadonlyMap<string, string>,
): (mac: string) => string {
  const derived = new Map(
    [...names].flatMap(([name, other]) =>
      ['', '-v6'].map((family) => [macOfCalico(name + family), macOfCalico(other + family)]),
    ),
  );
  return (mac) => {
    if (EVERYBODYS.has(mac)) return mac;
    const ofCalico = derived.get(mac);
    if (ofCalico !== undefined) return ofCalico;
    const hash = createHmac('sha256', key).update(`mac ${mac}`).digest();
    const begins = BEGINNINGS.find((beginning) => mac.startsWith(beginning)) ?? '';
    const kept = begins.length / 3;
    const octets = mac.split(':').map((octet, at) => {
      // A person may have masked some of its digits.
      if (at < kept || !/^[\da-f]{2}$/.test(octet)) return octet;
      const other = hash[at] ?? 0;
      const value = at === 0 ? (other & ~KIND) | (Number.parseInt(octet, 16) & KIND) : other;
      return value.toString(16).padStart(2, '0');
    });
    return octets.join(':');
  };
}

/** As Felix derives it: `f` and five bytes of the name's SHA-1 (felix/calc/vxlan_resolver.go, vtepMACForHost). */
function macOfCalico(name: string): string {
  const bytes = [0x66, ...createHash('sha1').update(name).digest().subarray(0, 5)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
