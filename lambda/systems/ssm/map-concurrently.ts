/** The results of the task, in the order of the items. At most `width` tasks run at the same time. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  task: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  // The workers share one iterator: each takes the next item when it has finished one.
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [at, item] of waiting) results.set(at, await task(item));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return [...results].toSorted(([one], [two]) => one - two).map(([, result]) => result);
}
