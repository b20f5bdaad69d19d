/** Nodes that are not what the node list says of them. */
import type { Condition, Presence, SettledNodes } from '../matrix/conditions.ts';
import { ownTunnelIp } from '../members/vteps.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import { deviceFamily } from '../overlay/profile.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';

/** Nodes whose device has another tunnel IP than the network address of the pod CIDR that they are known by. */
export function unlikeInTunnelIp({ members, vteps }: SettledNodes): Condition {
  const devices = new Map(members.map(({ node, observed }) => [node, observed?.tables.devices]));
  const present = new Map<string, Presence>();
  const known = new Set<string>();
  for (const family of FAMILIES) {
    for (const vtep of vteps.filter((one) => one.family === family)) {
      const own = (devices.get(vtep.node) ?? []).filter(
        ({ name }) => deviceFamily(name) === family,
      );
      const found = own.flatMap((device) => {
        const tunnelIp = ownTunnelIp(device, family);
        return tunnelIp === undefined ? [] : [{ device, tunnelIp }];
      });
      if (vtep.tunnelIp === undefined || found.length === 0) continue;
      known.add(vtep.node);
      const [other] = found;
      const isRight = found.some(({ tunnelIp }) => tunnelIp === vtep.tunnelIp);
      if (other !== undefined && !isRight) present.set(vtep.node, drifted(vtep, other));
    }
  }
  return { present, known };
}

function drifted(
  { node, family, tunnelIp, podCidr }: Vtep,
  own: { readonly device: Device; readonly tunnelIp: string },
): Presence {
  const { name } = own.device;
  return {
    beside: [],
    evidence: [
      `${name} of ${node} has tunnel IP ${own.tunnelIp}; its pod CIDR is ${podCidr ?? 'unknown'}, of which the tunnel IP is ${tunnelIp}`,
    ],
    check: {
      command: `ip -o addr show dev ${name}`,
      shows: `${tunnelIp}/${family === 'ipv4' ? 32 : 128}`,
    },
  };
}

/**
 * Nodes with a device of flannel's and without flannel's annotations, where others have them. An earlier run's
 * list says nothing of what a node has now.
 */
export function withoutAnnotations({ members }: SettledNodes): Condition {
  const isAnnounced = members.some(({ listed }) => listed?.annotated.some(({ mac }) => mac));
  const present = new Map<string, Presence>();
  const known = new Set<string>();
  if (!isAnnounced) return { present, known };
  for (const { node, listed, isListKept, observed } of members) {
    const devices = observed?.tables.devices;
    if (listed === undefined || isListKept === true) continue;
    if (listed.annotated.length > 0) known.add(node);
    else if (devices?.some(({ name }) => name.startsWith('flannel')) === true) {
      known.add(node);
      const evidence = [`${node} has no annotation flannel.alpha.coreos.com/backend-data`];
      present.set(node, { beside: [], severity: 'warning', evidence });
    }
  }
  return { present, known };
}
