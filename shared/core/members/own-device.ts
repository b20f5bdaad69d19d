import { FAMILIES, type Family } from '../overlay/addresses.ts';
import type { Device } from '../overlay/vtep.ts';
import { deviceFamily, type Profile, profileOf } from '../overlay/profile.ts';
import type { Member } from './member.ts';

/** A host's own overlay device of one family. */
export function ownDevice(
  devices: readonly Device[] | undefined,
  family: Family,
): Device | undefined {
  return devices?.find(({ name }) => deviceFamily(name) === family);
}

/** The profile of the cluster, by the devices of its members. */
export function profileIn(members: readonly Member[]): Profile {
  const own = members.flatMap(({ observed }) =>
    FAMILIES.map((family) => ownDevice(observed?.tables.devices, family)?.name),
  );
  return profileOf(own.filter((name) => name !== undefined));
}
