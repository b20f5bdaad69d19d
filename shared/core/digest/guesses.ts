import type { Table } from '../../contract/causes.ts';
import type { Actual, Digested, Guess } from './explain.ts';
import type { HealthyDigests } from './healthy.ts';
import { type Model, without } from './models.ts';
import { minus } from './syndromes.ts';

/** The host holds everything that it should. */
export function allIsWell(digested: Digested, model: Model, healthy: HealthyDigests): Guess {
  return holdingOnly(digested, { model, lost: NO_TABLES }, healthy);
}

/**
 * The host lost whole tables: those of which its counts have less than a quarter. Undefined where it
 * lost none.
 */
export function tablesLost(
  digested: Digested,
  model: Model,
  healthy: HealthyDigests,
): Guess | undefined {
  const should = inTables(healthy(digested.node, model).counts);
  const has = inTables(digested.counts);
  const lost = new Set([...model.tables].filter((table) => has[table] * 4 < should[table]));
  return lost.size === 0 ? undefined : holdingOnly(digested, { model, lost }, healthy);
}

function holdingOnly(
  { node, sums }: Digested,
  { model, lost }: { readonly model: Model; readonly lost: ReadonlySet<Table> },
  healthy: HealthyDigests,
): Guess {
  const expected = healthy(node, without(model, lost));
  return { model, lost, difference: minus(expected.sums, sums), actual: () => NOTHING };
}

const NO_TABLES: ReadonlySet<Table> = new Set();

const NOTHING: Actual = new Map();

/** Direct routes count as routes. */
function inTables({
  neighbour,
  fdb,
  route,
  direct,
}: Digested['counts']): Readonly<Record<Table, number>> {
  return { neighbour, fdb, route: route + direct };
}
