import type { RosterEntry } from '../facts.ts';
import type { Member } from './member.ts';
import { ownDevice } from './own-device.ts';

/**
 * Since when the host has its VXLAN device. The kernel does not tell, but a device with another
 * index than last time was made anew; the first one ever seen is of no known age.
 */
export function deviceAge(
  now: number,
  { observed, remembered }: Pick<Member, 'observed' | 'remembered'>,
): Pick<RosterEntry, 'deviceIndex' | 'deviceSince'> {
  const index = ownDevice(observed?.tables.devices, 'ipv4')?.index;
  const before = remembered?.deviceIndex;
  if (index === undefined || before === undefined || index === before) {
    return { deviceIndex: index ?? before, deviceSince: remembered?.deviceSince };
  }
  return { deviceIndex: index, deviceSince: now };
}
