import { FAMILIES } from '../overlay/addresses.ts';
import type { RememberedDevice } from '../facts.ts';
import type { Member } from './member.ts';
import { ownDevice } from './own-device.ts';

/**
 * The host's VXLAN devices, and since when it has each of them. The kernel does not say, but a device
 * with another index than last time was made anew; the first one ever seen is of no known age. A
 * device that is gone is remembered, so that its successor is known to be young.
 */
export function devicesOf(
  now: number,
  { observed, remembered }: Pick<Member, 'observed' | 'remembered'>,
): readonly RememberedDevice[] {
  return FAMILIES.flatMap((family) => {
    const index = ownDevice(observed?.tables.devices, family)?.index;
    const before = remembered?.devices.find((device) => device.family === family);
    if (index === undefined || index === before?.index) return before ?? [];
    return { family, index, since: before === undefined ? undefined : now };
  });
}
