import { hasCarrier } from './model.ts';
import type { Link, Model } from './model.ts';

const PREFIX = 'fe80::';

/** The kernel gives a device that comes up an address of its own, and keeps it while it is up, also
 * where the MAC that it was made of changes. */
export function withLinkLocal(model: Model, link: Link): Model {
  const without = withoutLinkLocal(model, link.name);
  if (!hasCarrier(link)) return without;
  const own = { device: link.name, address: `${linkLocal(link.mac)}/64` };
  return { ...without, addresses: [...without.addresses, own] };
}

export function withoutLinkLocal(model: Model, name: string): Model {
  const addresses = model.addresses.filter(
    ({ device, address }) => device !== name || !address.startsWith(PREFIX),
  );
  return { ...model, addresses };
}

/** RFC 4291, appendix A: the modified EUI-64 of a MAC. */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16));
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  const written = groups[0] === 0 ? groups.slice(1) : groups;
  return `${PREFIX}${written.map((group) => group.toString(16)).join(':')}`;
}
