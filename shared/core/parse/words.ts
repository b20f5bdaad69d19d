/** The words of one line, as `ip` and `bridge` print them: columns and order never matter. */
export type Words = readonly string[];

export function wordsOf(line: string): Words {
  return line.trim().split(/\s+/);
}

/** The word behind a keyword: `valueAfter(words, 'dev')`. */
export function valueAfter(words: Words, keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

/** A text field of an object that came out of JSON. */
export function textField(item: object, key: string): string | undefined {
  const value = field(item, key);
  return typeof value === 'string' ? value : undefined;
}

export function numberField(item: object, key: string): number | undefined {
  const value = field(item, key);
  return typeof value === 'number' ? value : undefined;
}

export function objectField(item: object, key: string): object | undefined {
  const value = field(item, key);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** The members of an array field; none where there is no such array. */
export function listField(item: object, key: string): readonly unknown[] {
  const value = field(item, key);
  return Array.isArray(value) ? value : [];
}

/** The `items` of a Kubernetes list, or undefined where it is no list. */
export function items(list: unknown): readonly object[] | undefined {
  if (typeof list !== 'object' || list === null) return undefined;
  const found = field(list, 'items');
  return Array.isArray(found)
    ? found.filter((item: unknown) => typeof item === 'object' && item !== null)
    : undefined;
}

function field(item: object, key: string): unknown {
  return Object.entries(item).find(([name]) => name === key)?.[1];
}

/**
 * Six groups of two letters or digits. Wider than a MAC address on purpose: a record in which a
 * person masked digits is still judged, its addresses compared as opaque tokens.
 */
export function macToken(text: string | undefined): string | undefined {
  const lower = text?.toLowerCase();
  return lower !== undefined && /^[0-9a-z]{2}(:[0-9a-z]{2}){5}$/.test(lower) ? lower : undefined;
}

/** Seconds since the host was booted, as `/proc/uptime` has them: `864000.25`. */
export function isUptime(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,12}(\.\d{1,3})?$/.test(text);
}

/** A whole number without sign, or undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
