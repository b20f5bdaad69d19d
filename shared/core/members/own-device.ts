import { majority } from '../group.ts';
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

/**
 * The profile of the cluster: that of most hosts with an overlay device. One host alone must not decide
 * it, since a migration may leave a device behind, and a host may claim any.
 */
export function profileIn(members: readonly Member[]): Profile {
  const profiles = members.flatMap(({ observed }) => {
    const names = FAMILIES.flatMap(
      (family) => ownDevice(observed?.tables.devices, family)?.name ?? [],
    );
    return names.length === 0 ? [] : [profileOf(names)];
  });
  return majority(profiles) ?? profileOf([]);
}
