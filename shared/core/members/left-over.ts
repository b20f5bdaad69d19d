/** Devices that another overlay, or another VNI of this one, has left on a host beside the one that is watched. */
import { groupBy, majority } from '../group.ts';
import { deviceFamily, type Profile } from '../overlay/profile.ts';
import type { Device } from '../overlay/vtep.ts';
import type { Member } from './member.ts';

/** The names that overlays give their devices: what else a host calls a device is not repeated. */
const OF_OVERLAYS =
  /^(?:cilium_vxlan|weave|antrea-gw0|flannel-wg(?:-v6)?|flannel(?:-v6)?\.\d{1,8}|vxlan(?:-v6)?\.calico)$/;

/** The nodes that have each of these devices. */
export function leftOverDevices(
  members: readonly Member[],
  { devices: names }: Profile,
): ReadonlyMap<string, readonly string[]> {
  const watched = new Set<string>(Object.values(names));
  const usual = majority(
    members.flatMap(({ observed }) =>
      (observed?.tables.devices ?? []).flatMap(({ vni }) => (vni === undefined ? [] : `${vni}`)),
    ),
  );
  const ofOtherVni = members.flatMap(({ node, observed }) =>
    besidesIn(observed?.tables.devices ?? [])
      .filter(({ vni }) => vni !== undefined && `${vni}` !== usual)
      .map(({ name }) => ({ node, name })),
  );
  const ofOthers = members.flatMap(({ node, observed }) =>
    (observed?.tables.anomalies ?? []).flatMap(({ what, device: name = '' }) =>
      what === 'device' && !watched.has(name) ? [{ node, name }] : [],
    ),
  );
  const found = [...ofOtherVni, ...ofOthers].filter(({ name }) => OF_OVERLAYS.test(name));
  return new Map(
    [...groupBy(found, ({ name }) => name)].map(([name, some]) => [
      name,
      [...new Set(some.map(({ node }) => node))].toSorted(),
    ]),
  );
}

/** The devices of a host that are not its only one of their family. */
function besidesIn(devices: readonly Device[]): readonly Device[] {
  if (devices.length < 2) return [];
  return [...groupBy(devices, ({ name }) => deviceFamily(name)).values()].flatMap((alike) =>
    alike.length < 2 ? [] : alike,
  );
}
