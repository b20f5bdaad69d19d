/** Does the task for every item, in order, for at most `width` of them at the same time. */
export async function aFewAtATime<Item, Result>(
  items: readonly Item[],
  width: number,
  task: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  // One iterator that all workers share: each takes the next item when it is done with the last.
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [at, item] of waiting) results.set(at, await task(item));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return [...results].toSorted(([one], [two]) => one - two).map(([, result]) => result);
}
