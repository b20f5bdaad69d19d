import type { Family } from '../addresses.ts';
import { type Device, deviceFamily } from '../overlay.ts';

/** A host's own overlay device of one family. */
export function ownDevice(
  devices: readonly Device[] | undefined,
  family: Family,
): Device | undefined {
  return devices?.find(({ name }) => deviceFamily(name) === family);
}
