import type { Problem } from '../../contract/report.ts';
import { isObject } from './json.ts';

/** Parsing never fails: it returns what it understood, and the problems it met. */
export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** What one line, or one object of a JSON listing, turned out to be. */
export type Reading<T> =
  | { readonly kind: 'entry'; readonly entry: T }
  /** Understood, and of no interest here. */
  | { readonly kind: 'other' }
  | { readonly kind: 'strange'; readonly what: string };

/** How much of a strange line a problem quotes, in characters. */
const QUOTE_LENGTH = 80;

/** How many problems one text may give; the rest is counted. */
const PROBLEMS_PER_TEXT = 5;

/** How many lines of one text are read: a host of 5,000 nodes holds 5,000 of each table. */
const LINES_PER_TEXT = 200_000;

/** Reads a text line by line; `where` names it in the problems. */
export function parseLines<T>(
  where: string,
  text: string,
  read: (line: string) => Reading<T>,
): Parsed<readonly T[]> {
  const lines = text.split('\n');
  const readable = lines.slice(0, LINES_PER_TEXT).filter((line) => line.trim() !== '');
  const parsed = collect(
    where,
    readable.map((line) => ({ source: line, reading: read(line) })),
  );
  if (lines.length <= LINES_PER_TEXT) return parsed;
  const message = `${lines.length} lines; only the first ${LINES_PER_TEXT} were read`;
  return { value: parsed.value, problems: [...parsed.problems, { where, message }] };
}

/** Reads a listing that `ip -j` or `bridge -j` printed. */
export function parseListing<T>(
  where: string,
  text: string,
  read: (item: object) => Reading<T>,
): Parsed<readonly T[]> {
  const items = jsonArray(text);
  if (items === undefined) {
    return { value: [], problems: [{ where, message: `not a JSON listing: ${quote(text)}` }] };
  }
  const readings = items.map((item) => ({
    source: JSON.stringify(item),
    reading: isObject(item) ? read(item) : strange('not an object'),
  }));
  return collect(where, readings);
}

/** `ip -j` prints a listing, but 4.15 prints text all the same: the first character tells. */
export function looksLikeJson(text: string): boolean {
  return text.trimStart().startsWith('[');
}

export function entry<T>(value: T): Reading<T> {
  return { kind: 'entry', entry: value };
}

export const other = { kind: 'other' } as const;

export function strange(what: string): { readonly kind: 'strange'; readonly what: string } {
  return { kind: 'strange', what };
}

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

/**
 * Six groups of two letters or digits. Wider than a MAC address on purpose: a record in which a
 * person masked digits is still judged, its addresses compared as opaque tokens.
 */
export function macToken(text: string | undefined): string | undefined {
  const lower = text?.toLowerCase();
  return lower !== undefined && /^[0-9a-z]{2}(:[0-9a-z]{2}){5}$/.test(lower) ? lower : undefined;
}

/** Text of a host for a message: printable ASCII, and not much of it. */
export function quote(text: string): string {
  const printable = text.slice(0, QUOTE_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?');
  return `"${printable}${text.length > QUOTE_LENGTH ? '...' : ''}"`;
}

function collect<T>(
  where: string,
  readings: readonly { readonly source: string; readonly reading: Reading<T> }[],
): Parsed<readonly T[]> {
  const value: T[] = [];
  const messages: string[] = [];
  for (const { source, reading } of readings) {
    if (reading.kind === 'entry') value.push(reading.entry);
    if (reading.kind === 'strange') messages.push(`${reading.what}: ${quote(source)}`);
  }
  return { value, problems: problemsOf(where, messages) };
}

function problemsOf(where: string, messages: readonly string[]): readonly Problem[] {
  const shown = messages.slice(0, PROBLEMS_PER_TEXT).map((message) => ({ where, message }));
  const hidden = messages.length - shown.length;
  return hidden > 0 ? [...shown, { where, message: `${hidden} more lines not understood` }] : shown;
}

function jsonArray(text: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
