/**
 * Which pairs of nodes need a direct route, where an observer has lost what it held. flannel's configuration is
 * in no annotation: with DirectRouting it asks the kernel, pair by pair, whether the node is on link
 * (pkg/ip/iface.go, DirectRouting), and sets one plain route or the three entries of the overlay. What the
 * others of the pair's network hold shows which of the two it was.
 */
import { groupBy } from '../group.ts';
import type { Member } from '../members/member.ts';
import { type Cidr, type Family, familyOf, prefixBits } from '../overlay/addresses.ts';
import { type DirectEntry, entriesOf } from '../overlay/entries.ts';
import type { Found } from '../overlay/holdings.ts';
import { isOverlayDevice, type Profile } from '../overlay/profile.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { remember } from '../remember.ts';
import { type Cell, isWrong } from './cells.ts';

/** How many observers hold the direct route of a subject, and how many hold another route in its place. */
export interface DirectHolders {
  readonly right: number;
  readonly changed: number;
}

/** Cells that say whether what is lost is a direct route, and who holds those routes. */
interface DirectCells {
  readonly cells: readonly Cell[];
  /** Of each VTEP of which somebody has lost a direct route, by `vtepName`. */
  readonly directHolders: ReadonlyMap<string, DirectHolders>;
}

/** What an observer has in place of the direct route of a VTEP. */
export type FindDirect = (vtep: Vtep) => Found;

interface Sources {
  readonly members: readonly Member[];
  readonly vteps: readonly Vtep[];
  readonly profile: Profile;
  /** By observer. */
  readonly found: ReadonlyMap<string, FindDirect>;
}

/** How many nodes of a network are asked whether they hold another one's direct route. */
const WITNESSES = 50;

/** Of so many VTEPs it is counted who holds their direct routes. A fix has commands for fewer. */
const COUNTED = 100;

/** So many other nodes must hold a node's direct route: one alone may say anything. */
const AGREEING = 2;

/** By which a VTEP is known in `directHolders`. */
export function vtepName({ node, family }: Pick<Vtep, 'node' | 'family'>): string {
  return `${family} ${node}`;
}

/** Whether some host may reach another one without the overlay, as far as the hosts show it. */
export function hasDirectRoutes({ members, vteps }: Pick<Sources, 'members' | 'vteps'>): boolean {
  return (
    members.some(({ observed }) => (observed?.digest?.counts.direct ?? 0) > 0) ||
    hasRoutesPast({ members, vteps })
  );
}

/** Whether tables have a route to a node's pods through another device than the overlay's. */
function hasRoutesPast({ members, vteps }: Pick<Sources, 'members' | 'vteps'>): boolean {
  const cidrs = new Set(vteps.map(({ podCidr }) => podCidr));
  return members.some(({ observed }) =>
    observed?.tables.routes?.some(
      ({ destination, device }) => !isOverlayDevice(device) && cidrs.has(destination),
    ),
  );
}

/**
 * Whether hosts route directly. A digest counts routes of other networks too, where its host does not know the pod
 * network: there one must be right.
 */
function isRoutedDirectly({ members, vteps, found }: Sources): boolean {
  const digested = members.filter(({ observed }) => (observed?.digest?.counts.direct ?? 0) > 0);
  return (
    hasRoutesPast({ members, vteps }) ||
    digested
      .slice(0, WITNESSES)
      .some(({ node }) =>
        vteps.some((vtep) => vtep.node !== node && found.get(node)?.(vtep).held === 'right'),
      )
  );
}

/** The cells, of which those without a direct route want that one. In most clusters no host has any. */
export function withDirectRoutes(cells: readonly Cell[], sources: Sources): DirectCells {
  const isConcerned = sources.profile.routes === 'pod-cidr' && cells.some(isRouteLost);
  if (!isConcerned || !isRoutedDirectly(sources)) return { cells, directHolders: new Map() };
  const wayOf = waysIn(sources);
  const own = groupBy(sources.vteps, ({ node }) => node);
  const decided = cells.map((cell) =>
    isRouteLost(cell)
      ? asDirect(cell, (family) => {
          const vtep = own.get(cell.subject)?.find((one) => one.family === family);
          return vtep === undefined ? { way: 'either' } : wayOf(cell.observer, vtep);
        })
      : cell,
  );
  const lost = new Set(
    decided.flatMap(({ subject, entries }) =>
      entries.flatMap(({ wanted: { table, family } }) =>
        table === 'direct' ? vtepName({ node: subject, family }) : [],
      ),
    ),
  );
  const holders = sources.vteps
    .filter((vtep) => lost.has(vtepName(vtep)))
    .slice(0, COUNTED)
    .map((vtep) => [vtepName(vtep), holdersOf(vtep, sources.found)] as const);
  return { cells: decided, directHolders: new Map(holders) };
}

function isRouteLost({ state }: Cell): boolean {
  return state.route === 'absent';
}

/** What an observer needs to reach a VTEP; `either` where nothing shows it. */
type Way =
  | { readonly way: 'direct'; readonly wanted: DirectEntry; readonly found: string }
  | { readonly way: 'overlay' }
  | { readonly way: 'either' };

/** What a cell wants of a direct route stands in place of what it wanted of the overlay. */
function asDirect(cell: Cell, wayOf: (family: Family) => Way): Cell {
  const byFamily = [...groupBy(cell.entries, ({ wanted }) => wanted.family).values()];
  const families = byFamily.map((entries) => {
    const [first] = entries;
    const hasRoute = entries.some(({ wanted }) => wanted.table === 'route');
    const way: Way =
      first === undefined || !hasRoute ? { way: 'overlay' } : wayOf(first.wanted.family);
    return { entries, way };
  });
  const entries = families.flatMap(({ entries: some, way }) =>
    way.way === 'direct' ? [{ wanted: way.wanted, found: way.found }] : some,
  );
  const isUnheld = Object.values(cell.state).every(isWrong);
  if (families.every(({ way }) => way.way === 'direct')) return { ...cell, entries, way: 'direct' };
  return isUnheld && families.some(({ way }) => way.way === 'either')
    ? { ...cell, entries, way: 'either' }
    : { ...cell, entries };
}

/** What a later look found in place of a direct route. */
interface DirectAgain extends Found {
  readonly wanted: DirectEntry | undefined;
}

/**
 * A cell as a later look found it, which wants the same as before; undefined where none of the direct routes
 * is known to be lost still.
 */
export function directAgain(
  { way, entries }: Cell,
  now: Cell,
  findAgain: (family: Family) => DirectAgain,
): Cell | undefined {
  const families = new Set(
    entries.flatMap(({ wanted: { table, family } }) => (table === 'direct' ? family : [])),
  );
  const direct = [...families].map(findAgain).flatMap(({ wanted, held, text }) => {
    return wanted !== undefined && isWrong(held) ? [{ wanted, found: text }] : [];
  });
  const others = now.entries.filter(({ wanted }) => !families.has(wanted.family));
  if (direct.length + others.length === 0) return undefined;
  return { ...now, entries: [...direct, ...others], ...(way === undefined ? {} : { way }) };
}

function waysIn({
  members,
  vteps,
  profile,
  found,
}: Sources): (observer: string, vtep: Vtep) => Way {
  const networks = new Map(members.map(({ node, observed }) => [node, networksOf(observed)]));
  const own = groupBy(vteps, vtepName);
  const holds = (observer: string, vtep: Vtep): boolean =>
    found.get(observer)?.(vtep).held === 'right';
  const nodesIn = remember((network: Cidr) => {
    const bits = prefixBits(network);
    return vteps.filter(
      ({ family, underlayIp }) =>
        underlayIp !== undefined &&
        family === familyOf(network) &&
        prefixBits(underlayIp).startsWith(bits),
    );
  });
  const routesIn = remember((network: Cidr) =>
    remember((observer: string) => nodesIn(network).some((vtep) => holds(observer, vtep))),
  );
  const isHeldIn = remember((network: Cidr) =>
    remember((vtep: Vtep) => {
      const others = nodesIn(network).filter(({ node }) => node !== vtep.node);
      const holders = others.slice(0, WITNESSES).filter(({ node }) => holds(node, vtep));
      return holders.length >= AGREEING;
    }),
  );
  return (observer, vtep) => {
    const { node, family, underlayIp } = vtep;
    const [wanted] = entriesOf(vtep, 'direct', profile);
    if (wanted === undefined || underlayIp === undefined) return { way: 'either' };
    const direct: Way = { way: 'direct', wanted, found: found.get(observer)?.(vtep).text ?? '' };
    // A network is the same from both of its hosts.
    const reverse = own.get(vtepName({ node: observer, family })) ?? [];
    if (reverse.some((one) => holds(node, one))) return direct;
    const ofFamily = (networks.get(observer) ?? []).filter((one) => familyOf(one) === family);
    const network = ofFamily.find((one) => prefixBits(underlayIp).startsWith(prefixBits(one)));
    if (network === undefined) return { way: ofFamily.length === 0 ? 'either' : 'overlay' };
    return routesIn(network)(observer) || isHeldIn(network)(vtep) ? direct : { way: 'either' };
  };
}

/** The networks in which a host's own addresses lie, as far as they are known. */
function networksOf(observed: Member['observed']): readonly Cidr[] {
  return observed?.digest?.subnets ?? observed?.tables.subnets ?? [];
}

function holdersOf(vtep: Vtep, found: Sources['found']): DirectHolders {
  const held = [...found]
    .filter(([observer]) => observer !== vtep.node)
    .map(([, find]) => find(vtep).held);
  return {
    right: held.filter((one) => one === 'right').length,
    changed: held.filter((one) => one === 'changed').length,
  };
}
