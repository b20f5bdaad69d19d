/** The IPv4 addresses of simulated hosts as numbers. */

/** An address, or the first one of a range. */
export function numberOf(text: string): number {
  const [address = ''] = text.split('/');
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** The length of a range's prefix. */
export function prefixBits(range: string): number {
  return Number(range.split('/')[1] ?? 32);
}

export function contains(range: string, ip: string): boolean {
  const size = 2 ** (32 - prefixBits(range));
  return Math.floor(numberOf(range) / size) === Math.floor(numberOf(ip) / size);
}
