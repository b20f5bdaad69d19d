/** Two groups of nodes that hold nothing of each other. */
interface Sides {
  readonly one: readonly string[];
  readonly other: readonly string[];
}

/** In a large cluster a few hosts have always faults of their own besides; these are on no side. */
const STRAYS = 0.05;

/**
 * The two sides of a cluster that has fallen apart, or undefined where it has not. `unheld`: for each
 * observer the subjects of which it holds nothing. Sets may be shared; silent nodes are on the side of
 * those who hold them.
 */
export function sidesOf(unheld: ReadonlyMap<string, ReadonlySet<string>>): Sides | undefined {
  const [first, second] = alike(unheld);
  if (first === undefined || second === undefined) return undefined;
  // A node that misses nobody is on both sides: it has just joined, or its flanneld has put all back.
  const between = [...unheld].filter(([, lost]) => lost.size === 0);
  const one = onSide(unheld, { own: first, other: second });
  const other = onSide(unheld, { own: second, other: first });
  const sided = unheld.size - between.length;
  const strays = sided - one.length - other.length;
  const isWhole =
    strays <= sided * STRAYS && holdNothingOf(first, second) && holdNothingOf(second, first);
  return isWhole ? { one, other } : undefined;
}

/** The nodes that hold nothing of the other side, and of which it holds nothing. One of them may miss a few nodes of its own side, too. */
function onSide(
  unheld: ReadonlyMap<string, ReadonlySet<string>>,
  { own, other }: { readonly own: Group; readonly other: Group },
): readonly string[] {
  const members = new Set(own.observers);
  const misses = ([node, lost]: readonly [string, ReadonlySet<string>]): boolean =>
    other.unheld.has(node) &&
    (lost.size - own.unheld.size) * 2 < own.observers.length &&
    own.unheld.isSubsetOf(lost);
  return [...unheld]
    .filter((row) => members.has(row[0]) || misses(row))
    .map(([observer]) => observer);
}

interface Group {
  readonly observers: readonly string[];
  readonly unheld: ReadonlySet<string>;
}

/** Observers that have lost the same subjects, the most of them first. */
function alike(unheld: ReadonlyMap<string, ReadonlySet<string>>): readonly Group[] {
  const names = new Map<ReadonlySet<string>, string>();
  const groups = new Map<
    string,
    { readonly observers: string[]; readonly unheld: Group['unheld'] }
  >();
  for (const [observer, subjects] of unheld) {
    if (subjects.size === 0) continue;
    const name = names.get(subjects) ?? [...subjects].toSorted().join(' ');
    names.set(subjects, name);
    const group = groups.get(name) ?? { observers: [], unheld: subjects };
    group.observers.push(observer);
    groups.set(name, group);
  }
  return [...groups.values()].toSorted((one, two) => two.observers.length - one.observers.length);
}

/** A side of one node is a node that its peers have lost, and has names of its own. */
const SMALLEST_SIDE = 2;

function holdNothingOf({ observers, unheld }: Group, other: Group): boolean {
  // Silent nodes are on this side too where it holds them and the other side does not.
  const isSide =
    observers.length >= SMALLEST_SIDE ||
    [...other.unheld].filter((node) => !unheld.has(node)).length >= SMALLEST_SIDE;
  return (
    isSide &&
    observers.every((observer) => !unheld.has(observer)) &&
    other.observers.every((observer) => unheld.has(observer))
  );
}
