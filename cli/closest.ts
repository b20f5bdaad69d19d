/** The word of a list that somebody most likely meant, where one is close enough. */
export function closest(word: string, among: readonly string[]): string | undefined {
  const scored = among.map((one) => ({ one, steps: stepsBetween(word, one) }));
  const [best] = scored.toSorted((a, b) => a.steps - b.steps);
  const limit = Math.max(1, Math.floor((word.length + 1) / 3));
  return best !== undefined && best.steps <= limit ? best.one : undefined;
}

/** How many characters are put in, left out or changed to make one word of the other (Levenshtein). */
function stepsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(from).entries()) {
    const next = [at + 1];
    for (const [other, wanted] of Array.from(to).entries()) {
      const changed = (row[other] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(changed, (row[other + 1] ?? 0) + 1, (next[other] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
