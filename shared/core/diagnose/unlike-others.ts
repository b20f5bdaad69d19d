/** Devices whose settings differ from those of most others. */
import { groupBy, majority } from '../group.ts';
import {
  type Condition,
  NAMED_NODES,
  type Presence,
  type SettledNodes,
} from '../matrix/conditions.ts';
import { FAMILIES, familyOf } from '../overlay/addresses.ts';
import { deviceFamily } from '../overlay/profile.ts';
import type { Device } from '../overlay/vtep.ts';
import { enumerate } from '../plain-text.ts';

/** Nodes whose VXLAN device has another MTU than most, or a larger one than the interface below it can carry. */
export function unfitInMtu(nodes: SettledNodes): Condition {
  const unlike = unlikeOthers(nodes, ({ mtu }) =>
    mtu === undefined ? undefined : { text: `mtu ${mtu}`, shows: `mtu ${mtu}` },
  );
  return { ...unlike, present: new Map([...unlike.present, ...tooLarge(nodes)]) };
}

/**
 * The bytes that VXLAN puts around a packet: an inner Ethernet header, its own, UDP and the outer IP header
 * (RFC 7348, section 5).
 */
const OVERHEAD_BYTES = { ipv4: 50, ipv6: 70 } as const;

function tooLarge({ members }: SettledNodes): readonly (readonly [string, Presence])[] {
  return members.flatMap(({ node, observed }) => {
    const found = (observed?.tables.devices ?? []).flatMap(
      ({ name, mtu = 0, underlay, local, up }) => {
        if (underlay === undefined || local === undefined || !up) return [];
        const most = underlay.mtu - OVERHEAD_BYTES[familyOf(local)];
        const carries = `${underlay.device} below it carries ${underlay.mtu} bytes, which leaves ${most}`;
        return mtu > most
          ? [{ device: name, most, evidence: `${name} of ${node} has mtu ${mtu}; ${carries}` }]
          : [];
      },
    );
    const [first] = found;
    if (first === undefined) return [];
    const check = { command: `ip -d -o link show dev ${first.device}`, shows: `mtu ${first.most}` };
    return [
      [node, { beside: [], evidence: found.map(({ evidence }) => evidence), check }] as const,
    ];
  });
}

/** Nodes whose VXLAN device has another VNI or port than most: neither side accepts the other's packets. */
export function unlikeInSettings(nodes: SettledNodes): Condition {
  return unlikeOthers(nodes, ({ vni, port }) =>
    vni === undefined || port === undefined
      ? undefined
      : { text: `VNI ${vni} on port ${port}`, shows: `vxlan id ${vni} ... dstport ${port}` },
  );
}

/** What a device has, in words, and as `ip -d link` shows it. */
interface Setting {
  readonly text: string;
  readonly shows: string;
}

/**
 * Nodes none of whose devices of a family has what most nodes have. Where as many have the one as the other,
 * all of these are unlike others.
 */
function unlikeOthers(
  { members }: SettledNodes,
  settingOf: (device: Device) => Setting | undefined,
): Condition {
  const present = new Map<string, Presence>();
  const known = new Set<string>();
  for (const family of FAMILIES) {
    const nodes = members.flatMap(({ node, observed }) => {
      const devices = (observed?.tables.devices ?? []).filter(
        ({ name }) => deviceFamily(name) === family,
      );
      const values = new Map(
        devices.flatMap((device) => {
          const { text, shows } = settingOf(device) ?? {};
          return text === undefined || shows === undefined
            ? []
            : [[text, { device: device.name, shows }] as const];
        }),
      );
      return values.size === 0 ? [] : [{ node, values }];
    });
    for (const { node } of nodes) known.add(node);
    for (const [node, presence] of oddOnes(nodes)) present.set(node, presence);
  }
  return { present, known };
}

interface Valued {
  readonly node: string;
  /** What its devices have, each with a device that has it. */
  readonly values: ReadonlyMap<string, { readonly device: string; readonly shows: string }>;
}

function oddOnes(nodes: readonly Valued[]): readonly (readonly [string, Presence])[] {
  const usual = majority(nodes.flatMap(({ values }) => [...values.keys()]));
  if (usual === undefined) return [];
  const isUsual = ({ values }: Valued): boolean => values.has(usual);
  const odd = groupBy(
    nodes.filter((one) => !isUsual(one)),
    ({ values }) => [...values.keys()].join(' and '),
  );
  const most = nodes.filter(isUsual);
  const found = [...odd].flatMap(([value, some]) =>
    presences(some, { value, others: most, usual }),
  );
  const rival = [...odd].find(([, some]) => some.length === most.length);
  if (rival === undefined) return found;
  const [value, others] = rival;
  // Where as many have the one as the other, nothing shows what is right: there is nothing to check.
  return [...found, ...presences(most, { value: usual, others, usual: value })].map(
    ([node, { beside, affected = 0, evidence }]) => [node, { beside, affected, evidence }] as const,
  );
}

function presences(
  nodes: readonly Valued[],
  {
    value,
    others,
    usual,
  }: { readonly value: string; readonly others: readonly Valued[]; readonly usual: string },
): readonly (readonly [string, Presence])[] {
  const names = enumerate(
    others.map(({ node }) => node),
    NAMED_NODES,
  );
  const right = others[0]?.values.get(usual);
  const check = right && {
    command: `ip -d -o link show dev ${right.device}`,
    shows: right.shows,
  };
  return nodes.map(({ node, values }) => {
    const [own] = values.values();
    const evidence = [`${own?.device} of ${node} has ${value}; ${usual} on ${names}`];
    const shown = { beside: [], affected: others.length, evidence };
    return [node, check === undefined ? shown : { ...shown, check }] as const;
  });
}
