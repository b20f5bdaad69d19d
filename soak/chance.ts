/** Randomness that a seed decides: the same seed is the same story, on every machine. */

/** A number in [0, 1) that depends on its labels alone, so that one draw never shifts another. */
export function chance(...labels: readonly (string | number)[]): number {
  let hash = 0x811c_9dc5;
  for (const label of labels) {
    const text = `${label}\n`;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
    }
  }
  return scrambled(hash) / 2 ** 32;
}

/** A whole number from `least` to `most`, both included, by its labels. */
export function between(
  [least, most]: readonly [number, number],
  ...labels: readonly (string | number)[]
): number {
  return least + Math.floor(chance(...labels) * (most - least + 1));
}

/** Draws, one after the other. */
export interface Dice {
  /** From `least` to `most`, both included. */
  number(least: number, most: number): number;
  happens(probability: number): boolean;
  /** Throws for an empty list. */
  pick<T>(items: readonly T[]): T;
  /** So many of the items, or all, in a drawn order. */
  some<T>(items: readonly T[], count: number): readonly T[];
}

export function diceOf(seed: string): Dice {
  let drawn = 0;
  const draw = (): number => chance(seed, drawn++);
  const number = (least: number, most: number): number =>
    least + Math.floor(draw() * (most - least + 1));
  return {
    number,
    happens: (probability) => draw() < probability,
    pick: (items) => {
      const item = items[number(0, items.length - 1)];
      if (item === undefined) throw new Error('Nothing can be drawn from an empty list.');
      return item;
    },
    some: (items, count) =>
      items
        .map((item) => ({ item, place: draw() }))
        .toSorted((one, other) => one.place - other.place)
        .slice(0, count)
        .map(({ item }) => item),
  };
}

/** A 32-bit hash: https://nullprogram.com/blog/2018/07/31/ (lowbias32). */
function scrambled(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
