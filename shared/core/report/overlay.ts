import type { ReportedOverlay } from '../../contract/report.ts';
import type { Facts } from '../facts.ts';
import { majority } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { type Member, ownDevice } from '../members/member.ts';
import { isWindowsPeer } from '../members/windows.ts';
import { followsList } from '../members/vteps.ts';
import { FAMILIES, type Family } from '../overlay/addresses.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { hasDirectRoutes } from '../matrix/direct.ts';
import type { Device } from '../overlay/vtep.ts';

/** What a run found to be the overlay; undefined where there is no VXLAN overlay, or none is known. */
export function overlayOf(
  { nodes }: Pick<Facts, 'nodes'>,
  judgement: Judgement,
): ReportedOverlay | undefined {
  const { members, vteps, profile } = judgement;
  if (vteps.length === 0) return undefined;
  const families = FAMILIES.filter((family) => vteps.some((vtep) => vtep.family === family));
  const installs = members.flatMap(({ observed }) => observed?.host.install ?? []);
  const isCalico = profile.agent === 'calico';
  return {
    agent: profile.agent,
    ...(isCalico || installs.length === 0 ? {} : { install: majority(installs) }),
    ...(isCalico || nodes.kind !== 'read' ? {} : { leases: leasesOf(members, families) }),
    families: [...families],
    ...vxlanOf(members),
    direct: isCalico ? isSomeBlockDirect(judgement) : hasDirectRoutes(judgement),
    windows: members.filter(isWindowsPeer).map(({ node }) => node),
  };
}

/** Calico routes its blocks of addresses, of which no list knows: a route to a node's own address shows one. */
function isSomeBlockDirect({ members, vteps }: Judgement): boolean {
  const underlays = new Set<string | undefined>(vteps.map(({ underlayIp }) => underlayIp));
  return members.some(({ observed }) =>
    (observed?.tables.routes ?? []).some(
      ({ device, gateway }) => !isOverlayDevice(device) && underlays.has(gateway),
    ),
  );
}

function leasesOf(members: readonly Member[], families: readonly Family[]) {
  return families.some((family) => followsList(members, family)) ? 'kubernetes' : 'etcd';
}

/** The VNI and the port of most devices. */
function vxlanOf(members: readonly Member[]): Pick<ReportedOverlay, 'vni' | 'port'> {
  const devices = members.flatMap(({ observed }) =>
    FAMILIES.flatMap((family) => ownDevice(observed?.tables.devices, family) ?? []),
  );
  const mostHave = (of: (device: Device) => number | undefined): number | undefined =>
    majority(devices.flatMap((device) => of(device) ?? []));
  const [vni, port] = [mostHave((one) => one.vni), mostHave((one) => one.port)];
  return { ...(vni === undefined ? {} : { vni }), ...(port === undefined ? {} : { port }) };
}
