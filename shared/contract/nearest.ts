/**
 * The known word that somebody who wrote `word` probably meant: its beginning, or the one that differs
 * in the fewest characters, if these are at most a third of it.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = known
    .map((one) => ({ one, distance: distanceOf(lower, one.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [first] = ranked;
  if (first !== undefined && first.distance <= Math.max(1, Math.floor(word.length / 3))) {
    return first.one;
  }
  return known.find((one) => lower.length > 3 && one.toLowerCase().startsWith(lower));
}

/** How many characters must be put in, left out or changed (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, character] of one.split('').entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to++) {
      const changed = (row[to - 1] ?? 0) + (character === other[to - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
