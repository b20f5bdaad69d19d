import type { Table } from '../../contract/causes.ts';
import type { DigestTable } from '../../contract/digest.ts';
import { type Cidr, networkOf, parseCidr } from '../overlay/addresses.ts';
import { groupBy } from '../group.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { ExpectedEntry } from './codebook.ts';

/** Which of all entries an observer should hold. */
export interface Model {
  /** The same for equal models. */
  readonly name: string;
  /** Tables that it showed; of another one its digest holds nothing. */
  readonly tables: ReadonlySet<Table>;
  /** With DirectRouting, the subnet in which it needs no overlay: undefined where it has none. */
  readonly subnet: Cidr | undefined;
  /** The VTEPs in that subnet. */
  readonly direct: ReadonlySet<Vtep>;
}

/** In which of the three tables an entry stands, as a host shows them. */
export const SHOWN_IN = {
  neighbour: 'neighbour',
  fdb: 'fdb',
  route: 'route',
  direct: 'route',
} as const satisfies Readonly<Record<DigestTable, Table>>;

/** An entry of the overlay is for who is not reached directly, and a direct route for who is. */
export function isExpected({ vtep, wanted }: ExpectedEntry, { tables, direct }: Model): boolean {
  const { table } = wanted;
  return tables.has(SHOWN_IN[table]) && (table === 'direct') === direct.has(vtep);
}

/** The same without some of the tables. */
export function without(model: Model, lost: ReadonlySet<Table>): Model {
  const tables = model.tables.difference(lost);
  return { ...model, name: nameOf(tables, model.subnet), tables };
}

/** The same without direct routes. */
export function throughOverlay({ tables }: Model): Model {
  return { name: nameOf(tables, undefined), tables, subnet: undefined, direct: NOBODY };
}

/**
 * With direct routes a host needs fewer entries of the overlay: flannel asks the kernel, peer by peer,
 * whether it is on link (pkg/ip/iface.go, DirectRouting). Without, there is but one model.
 */
export type ModelsOf = (shown: {
  readonly tables: ReadonlySet<Table>;
  readonly subnets: readonly Cidr[];
}) => readonly Model[];

export function modelsBy(vteps: readonly Vtep[]): ModelsOf {
  const directIn = membersBy(vteps);
  const models = new Map<string, Model>();
  return ({ tables, subnets }) =>
    [...subnets, undefined].map((subnet) => {
      const name = nameOf(tables, subnet);
      const model = models.get(name) ?? { name, tables, subnet, direct: directIn(subnet) };
      models.set(name, model);
      return model;
    });
}

const NOBODY: ReadonlySet<Vtep> = new Set();

function nameOf(tables: ReadonlySet<Table>, subnet: Cidr | undefined): string {
  return `${[...tables].join(' ')} ${subnet ?? ''}`;
}

/** The VTEPs in a subnet; they are sorted once for all subnets of one length. */
function membersBy(vteps: readonly Vtep[]): (subnet: Cidr | undefined) => ReadonlySet<Vtep> {
  const byLength = new Map<string, ReadonlyMap<string, readonly Vtep[]>>();
  return (subnet) => {
    if (subnet === undefined) return NOBODY;
    const length = subnet.slice(subnet.indexOf('/'));
    const bySubnet =
      byLength.get(length) ?? groupBy(vteps, ({ underlayIp }) => subnetOf(underlayIp, length));
    byLength.set(length, bySubnet);
    return new Set(bySubnet.get(subnet));
  };
}

function subnetOf(address: Vtep['underlayIp'], length: string): string {
  const cidr = address === undefined ? undefined : parseCidr(`${address}${length}`);
  return (cidr && networkOf(cidr)) ?? '';
}
