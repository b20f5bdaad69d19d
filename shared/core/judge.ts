import type { Problem } from '../contract/report.ts';
import { isMacAddress } from './overlay/addresses.ts';
import { type Matrix, matrixOf } from './matrix/matrix.ts';
import { diagnose } from './diagnose/diagnose.ts';
import type { Finding } from './diagnose/finding.ts';
import { type Member, type ObservedHost, profileIn } from './members/member.ts';
import { flanneldOn } from './members/flanneld.ts';
import { leftOverDevices } from './members/left-over.ts';
import { membersOf } from './members/members.ts';
import { type Trust, trustedVteps, wasReadInFull } from './members/trust.ts';
import type { Facts } from './facts.ts';
import { enumerate } from './plain-text.ts';
import type { Profile } from './overlay/profile.ts';
import type { Vtep } from './overlay/vtep.ts';

/** What one look at the cluster shows, before anything is remembered or paged. */
export interface Judgement {
  readonly members: readonly Member[];
  /** Nodes and hosts that exist and are not part of the overlay. */
  readonly excluded: readonly string[];
  readonly profile: Profile;
  readonly trust: Trust;
  readonly vteps: readonly Vtep[];
  readonly matrix: Matrix;
  readonly findings: readonly Finding[];
  readonly problems: readonly Problem[];
}

export function judge(facts: Facts): Judgement {
  const { members: all, excluded, unknownHosts, problems } = membersOf(facts);
  const { trust, vteps: known, matrix } = trustedMatrix(all, unknownHosts);
  const { departed } = matrix.unlisted;
  const members = all.filter(({ node }) => !departed.has(node));
  const vteps = known.filter(({ node }) => !departed.has(node));
  return {
    members,
    excluded,
    profile: profileIn(members),
    trust,
    vteps,
    matrix,
    findings: diagnose(matrix),
    problems: [
      ...facts.problems,
      ...problems,
      ...[...departed].map(departedNode),
      ...graceProblems(members),
      ...opaqueMacs(members, vteps),
      ...unjudgedSubjects(members, vteps),
      ...unexplained(matrix),
      ...stoppedFlanneld(members),
      ...leftOver(members),
    ],
  };
}

/** What flannel has set stays, so that nothing else shows it until the cluster changes. */
function stoppedFlanneld(members: readonly Member[]): readonly Problem[] {
  const { without, isUnseen } = flanneldOn(members, profileIn(members));
  if (isUnseen) {
    const message =
      'no host shows a flanneld: where none runs, nodes that join or change are programmed nowhere. Look whether ' +
      'its pods run; where they do, the script does not see the processes of its hosts';
    return [{ where: 'flannel', message }];
  }
  if (without.size === 0) return [];
  const nodes = [...without].toSorted();
  const message =
    `no flanneld runs on ${enumerate(nodes, NAMED_HOSTS)}: nodes that join or change are not programmed ` +
    'there. Look why its pod does not run';
  return [{ where: 'flannel', message }];
}

/** Information: nothing is wrong as long as no route leads through such a device. */
function leftOver(members: readonly Member[]): readonly Problem[] {
  return [...leftOverDevices(members, profileIn(members))].map(([device, nodes]) => ({
    where: 'overlay',
    message:
      `${device}, a device of another overlay or VNI than the one that is checked, is on ${enumerate(nodes, NAMED_HOSTS)}. ` +
      'If it was left behind, it can be deleted',
  }));
}

type TrustedMatrix = Pick<Judgement, 'trust' | 'vteps' | 'matrix'>;

/**
 * Where devices and peers contradict each other about a VTEP, the run believes the one with which
 * fewer hosts' tables and digests differ.
 */
function trustedMatrix(
  members: readonly Member[],
  unknownHosts: readonly ObservedHost[],
): TrustedMatrix {
  const by = (trust: Trust): TrustedMatrix => {
    const vteps = trustedVteps(members, trust);
    return { trust, vteps, matrix: matrixOf(members, vteps, unknownHosts) };
  };
  const first = by('device');
  if (!wasReadInFull(members)) return first;
  // In a large cluster a second matrix takes seconds, and the peers mostly confirm what is known.
  if (!doPeersDiffer(first, members)) return first;
  const second = by('peers');
  return differing(second) < differing(first) ? second : first;
}

function doPeersDiffer({ vteps }: TrustedMatrix, members: readonly Member[]): boolean {
  return JSON.stringify(trustedVteps(members, 'peers')) !== JSON.stringify(vteps);
}

function differing({ matrix }: TrustedMatrix): number {
  return (
    new Set(matrix.cells.map(({ observer }) => observer)).size + matrix.unexplained.flat().length
  );
}

function departedNode(node: string): Problem {
  const message =
    'it has left: no node list has it, its host is silent, and other nodes hold no entries for it any more, ' +
    'or another node has its tunnel IP';
  return { where: node, message };
}

function graceProblems(members: readonly Member[]): readonly Problem[] {
  return members.flatMap(({ node, grace }) =>
    grace === undefined ? [] : [{ where: node, message: `not checked yet: ${grace}` }],
  );
}

/** How many masked MAC addresses a problem quotes. */
const QUOTED_MACS = 8;

function opaqueMacs(members: readonly Member[], vteps: readonly Vtep[]): readonly Problem[] {
  const macs = new Set(vteps.map(({ mac }) => mac));
  for (const { observed } of members) {
    // All hosts hold the same addresses: a large cluster has millions of entries and few new ones.
    for (const { mac } of observed?.tables.neighbours ?? []) macs.add(mac);
    for (const { mac } of observed?.tables.fdb ?? []) macs.add(mac);
  }
  const opaque = [...macs]
    .filter((mac) => mac !== undefined)
    .filter((mac) => !isMacAddress(mac))
    .toSorted();
  if (opaque.length === 0) return [];
  const quoted = opaque.slice(0, QUOTED_MACS).join(', ');
  const more = opaque.length > QUOTED_MACS ? ` and ${opaque.length - QUOTED_MACS} more` : '';
  const message =
    `not hexadecimal: ${quoted}${more}. ` +
    'They are compared as text, and no fix command is made from them.';
  return [{ where: 'MAC addresses', message }];
}

/** How many hosts a problem names. */
const NAMED_HOSTS = 10;

function unexplained(matrix: Matrix): readonly Problem[] {
  const hosts = matrix.unexplained.flat();
  if (hosts.length === 0) return [];
  const message =
    `${enumerate(hosts, NAMED_HOSTS)}: their entries differ in more than a digest can locate, and ` +
    'their tables could not be read in full';
  return [{ where: 'digests', message }];
}

function unjudgedSubjects(members: readonly Member[], vteps: readonly Vtep[]): readonly Problem[] {
  const known = new Set(vteps.map(({ node }) => node));
  return members
    .filter(({ node, grace }) => grace === undefined && !known.has(node))
    .map(({ node }) => ({
      where: node,
      message: 'its VTEP is not known: it is in no device, annotation or table that was read',
    }));
}
