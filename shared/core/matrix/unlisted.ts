import { TABLES } from '../../contract/causes.ts';
import { groupBy } from '../group.ts';
import { type Member, type ObservedHost, ownDevice } from '../members/member.ts';
import { ownTunnelIp } from '../members/vteps.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import { wantedFor } from '../overlay/holdings.ts';
import type { Profile } from '../overlay/profile.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { type Cell, isWrong } from './cells.ts';
import type { ShownRow } from './shown-row.ts';

/**
 * The nodes that no node list has. When a node is removed from a cluster, flannel on all others removes
 * what they hold for it; without a list nothing else says that it left.
 */
export interface UnlistedNodes {
  /** Managed hosts, of this run or an earlier one: they may leave unannounced. */
  readonly all: ReadonlySet<string>;
  /**
   * They answer, and no other node holds anything that leads to them: removed from the cluster, invented, or
   * unreachable from all others. They are checked neither as observers nor as subjects.
   */
  readonly unplaced: ReadonlySet<string>;
  /**
   * They are silent, only the roster or an earlier run's list has them, and no other node holds anything for
   * them, or another host has their tunnel IP and most others lead packets there.
   */
  readonly left: ReadonlySet<string>;
  /** They are silent, and what they had is gone or another's: the next run does not remember them. */
  readonly departed: ReadonlySet<string>;
}

/** What the matrix shows of them. */
interface Evidence {
  readonly rows: ReadonlyMap<string, ObserverRow>;
  readonly cells: readonly Cell[];
  readonly vteps: readonly Vtep[];
  readonly profile: Profile;
  /** Hosts that answer, and that are no members: an earlier run's list has nobody who joined since. */
  readonly unknownHosts: readonly ObservedHost[];
}

interface ObserverRow extends Omit<ShownRow, 'cells' | 'findDirect'> {
  readonly observer: string;
}

export function unlistedNodes(members: readonly Member[], evidence: Evidence): UnlistedNodes {
  const unlisted = members.filter(
    ({ listed, grace }) => listed === undefined && grace === undefined,
  );
  // Of a node that has left since the list was read, its host and its peers tell first.
  const kept = members.filter(
    ({ isListKept, listed, observed, grace }) =>
      isListKept === true && listed !== undefined && observed === undefined && grace === undefined,
  );
  if (unlisted.length + kept.length === 0) return NO_NODES;
  const managed = unlisted.filter(isManaged);
  const { rows } = evidence;
  const subjects = namesOf([...unlisted, ...kept]);
  const holding = holdingIn(subjects, evidence);
  const heirsOf = heirsIn(members, evidence);
  const silent = unlisted.filter(({ observed }) => observed === undefined);
  const departed = silent.filter(isManaged).filter(({ node, isDeregistered }) => {
    const { nobody, half } = holding(node);
    if (isDeregistered === true && half.ofAny) return true;
    return heirsOf(node).some(({ hasNewMac }) => hasNewMac || nobody.ofDevice);
  });
  const isUnplaced = (node: string): boolean => {
    const { nobody } = holding(node);
    return nobody.ofAny || (nobody.ofDevice && heirsOf(node).length > 0);
  };
  return {
    all: namesOf(managed),
    unplaced: namesOf(managed.filter(({ node }) => rows.has(node) && isUnplaced(node))),
    left: namesOf([
      ...[...silent, ...kept].filter(({ node }) => isLeft(node, [...rows.values()])),
      ...kept.filter(({ node }) => holding(node).half.ofDevice && heirsOf(node).length > 0),
    ]),
    departed: namesOf(departed),
  };
}

const NO_NODES: UnlistedNodes = {
  all: new Set(),
  unplaced: new Set(),
  left: new Set(),
  departed: new Set(),
};

function namesOf(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.map(({ node }) => node));
}

/** A capture has no managed hosts: a person chose the nodes of which it is. */
function isManaged({ observed, remembered }: Member): boolean {
  const id = observed === undefined ? remembered?.instanceId : observed.host.instanceId;
  return id !== undefined;
}

function isLeft(node: string, rows: readonly ObserverRow[]): boolean {
  return (
    rows.length > 0 &&
    rows.every(({ unheld, lost }) => unheld.has(node) || TABLES.every((table) => lost.has(table)))
  );
}

/** Another host, whose device has a node's tunnel IP. */
interface Heir {
  /** And the MAC address that peers have for that node now, though earlier runs knew another. */
  readonly hasNewMac: boolean;
}

function heirsIn(
  members: readonly Member[],
  { vteps, unknownHosts }: Evidence,
): (node: string) => readonly Heir[] {
  const hosts = [
    ...members,
    ...unknownHosts.map((observed) => ({ node: observed.host.node, observed })),
  ];
  const devices = hosts.flatMap(({ node, observed }) =>
    FAMILIES.flatMap((family) => {
      const device = ownDevice(observed?.tables.devices, family);
      const tunnelIp = ownTunnelIp(device, family);
      return tunnelIp === undefined ? [] : [{ node, tunnelIp, mac: device?.mac }];
    }),
  );
  const byTunnelIp = groupBy(devices, ({ tunnelIp }) => tunnelIp);
  const own = groupBy(vteps, ({ node }) => node);
  const before = new Map(members.map(({ node, remembered }) => [node, remembered?.vteps ?? []]));
  return (node) =>
    (own.get(node) ?? []).flatMap(({ tunnelIp, mac }) => {
      const isNew = before.get(node)?.every((vtep) => vtep.mac !== mac) === true;
      return (byTunnelIp.get(tunnelIp ?? '') ?? [])
        .filter((device) => device.node !== node)
        .map((device) => ({ hasNewMac: isNew && device.mac === mac }));
    });
}

/** Who holds something for a node, of the other nodes that showed all their tables. */
interface Holding {
  readonly nobody: {
    /** Nobody holds anything for it. */
    readonly ofAny: boolean;
    /** Nobody leads packets to its device. */
    readonly ofDevice: boolean;
  };
  /** The same of at least half of them. */
  readonly half: {
    readonly ofAny: boolean;
    readonly ofDevice: boolean;
  };
}

/**
 * Peers that hold nothing of any node have lost their own tables, and are no witnesses: where there are no
 * others, nothing is known.
 */
function holdingIn(
  nodes: ReadonlySet<string>,
  { rows, cells, vteps, profile }: Evidence,
): (node: string) => Holding {
  const subjects = new Set(vteps.map(({ node }) => node));
  const isWitness = ({ observer, shown, lost, unheld }: ObserverRow): boolean =>
    TABLES.every((table) => shown.has(table)) &&
    TABLES.some((table) => !lost.has(table)) &&
    unheld.size < subjects.size - Number(subjects.has(observer));
  const witnesses = new Map([...rows.values()].filter(isWitness).map((row) => [row.observer, row]));
  const own = groupBy(vteps, ({ node }) => node);
  const wantedOf = (node: string): number =>
    (own.get(node) ?? []).reduce((sum, vtep) => sum + wantedFor(vtep, profile).overlay.length, 0);
  const wrong = groupBy(
    cells.filter(({ observer, subject }) => nodes.has(subject) && witnesses.has(observer)),
    ({ subject }) => subject,
  );
  // Of a row that is lost as a whole, only some cells are known.
  const sampled = [...witnesses.values()].filter(({ lost, unheld }) => lost.size * unheld.size > 0);
  return (node) => {
    const column = wrong.get(node) ?? [];
    const seen = new Set(column.map(({ observer }) => observer));
    const unseen = sampled.filter(
      ({ observer, unheld }) => unheld.has(node) && !seen.has(observer),
    );
    if (column.length + unseen.length === 0) return HELD;
    const wanted = wantedOf(node);
    const others = witnesses.size - Number(witnesses.has(node));
    const without = unseen.length + column.filter((cell) => isEmpty(cell, wanted)).length;
    const elsewhere = unseen.length + column.filter(leadsElsewhere).length;
    return {
      nobody: { ofAny: without === others, ofDevice: elsewhere === others },
      half: { ofAny: without * 2 >= others, ofDevice: elsewhere * 2 >= others },
    };
  };
}

const HELD: Holding = {
  nobody: { ofAny: false, ofDevice: false },
  half: { ofAny: false, ofDevice: false },
};

/** Whether an observer lacks every wanted entry, of all families. */
function isEmpty({ entries }: Cell, wanted: number): boolean {
  return entries.length === wanted && entries.every(({ found }) => found === '');
}

function leadsElsewhere({ state }: Cell): boolean {
  return isWrong(state.neighbour) && isWrong(state.fdb);
}
