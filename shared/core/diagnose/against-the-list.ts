/** Nodes that are not what the node list says of them, or, without one, what all others hold of them. */
import type { Condition, Presence, SettledNodes } from '../matrix/conditions.ts';
import { ownTunnelIp } from '../members/vteps.ts';
import { type Member, profileIn } from '../members/member.ts';
import { FAMILIES, type Family, type IpAddress } from '../overlay/addresses.ts';
import { claimsIn } from '../overlay/entries.ts';
import { deviceFamily } from '../overlay/profile.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';

/**
 * Nodes whose device has another tunnel IP than the network address of the pod CIDR that they are known by. Where no
 * list has a node's pod CIDR, the device or all others are wrong, and a run cannot say which.
 */
export function unlikeInTunnelIp({ members, vteps }: SettledNodes): Condition {
  const byNode = new Map(members.map((member) => [member.node, member]));
  const heldOf = profileIn(members).tunnelIp === 'pod-cidr' ? tunnelIpsHeld(members) : undefined;
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
      const isListed = (byNode.get(vtep.node)?.listed?.podCidrs.length ?? 0) > 0;
      const held = isRight && !isListed ? heldOf?.(vtep) : undefined;
      if (held !== undefined) present.set(vtep.node, contradicted(vtep, held));
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

/** A tunnel IP that all others which show it hold for a node in place of its own. */
interface HeldTunnelIp {
  readonly tunnelIp: IpAddress;
  readonly hosts: number;
}

/** The word of one host accuses no other. */
const HOLDERS = 2;

/** Of a node: the tunnel IP under which all others hold its MAC address, where none holds it under its own. */
function tunnelIpsHeld(members: readonly Member[]): (vtep: Vtep) => HeldTunnelIp | undefined {
  const held = new Map(FAMILIES.map((family) => [family, holdersIn(members, family)]));
  return ({ node, family, mac = '', tunnelIp: own }) => {
    const holders = (held.get(family)?.get(mac) ?? []).filter((one) => one.holder !== node);
    const [tunnelIp, ...others] = new Set(holders.map((one) => one.tunnelIp));
    if (tunnelIp === undefined || others.length > 0 || tunnelIp === own) return undefined;
    const hosts = new Set(holders.map(({ holder }) => holder)).size;
    return hosts < HOLDERS ? undefined : { tunnelIp, hosts };
  };
}

interface Holder {
  readonly holder: string;
  readonly tunnelIp: IpAddress;
}

function holdersIn(
  members: readonly Member[],
  family: Family,
): ReadonlyMap<string, readonly Holder[]> {
  const byMac = new Map<string, Holder[]>();
  for (const { node: holder, observed } of members) {
    if (observed === undefined) continue;
    for (const { mac, tunnelIp } of claimsIn(observed.tables, family)) {
      if (mac === undefined || tunnelIp === undefined) continue;
      const holders = byMac.get(mac);
      if (holders === undefined) byMac.set(mac, [{ holder, tunnelIp }]);
      else holders.push({ holder, tunnelIp });
    }
  }
  return byMac;
}

function contradicted({ node, tunnelIp }: Vtep, { tunnelIp: held, hosts }: HeldTunnelIp): Presence {
  return {
    beside: [],
    isUndecided: true,
    evidence: [
      `the device of ${node} has tunnel IP ${tunnelIp}; ${hosts} nodes hold ${held} for its MAC address, and no node list shows which its pod CIDR gives`,
    ],
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
