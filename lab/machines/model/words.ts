/** The word after a keyword: `dev flannel.1`. */
export function wordAfter(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

/** The device that is named with `dev` before it, or first: `set flannel.1 up`. */
export function deviceIn(words: readonly string[]): string {
  return wordAfter(words, 'dev') ?? words[0] ?? '';
}

/**
 * What a `show` asks for, by keyword: `dev flannel.1 nud all`, where a first word without its
 * keyword is a device. Undefined where it says more than these keywords: left out, the rest would
 * make a wrong answer.
 */
export function askedFor(
  words: readonly string[],
  keywords: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const pairs = words.length % 2 === 1 ? ['dev', ...words] : words;
  const asked = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    const [keyword = '', value = ''] = pairs.slice(at);
    if (!keywords.includes(keyword)) return undefined;
    asked.set(keyword, value);
  }
  return asked;
}

/** The full word that an abbreviation stands for: the first that begins with it, as in iproute2. */
export function expanded<Word extends string>(
  abbreviation: string,
  words: readonly Word[],
): Word | undefined {
  return words.find((word) => word.startsWith(abbreviation));
}
