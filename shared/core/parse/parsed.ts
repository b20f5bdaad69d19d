import type { Problem } from '../../contract/report.ts';
import { isObject } from './json.ts';

/** Parsing never fails: it returns what it understood, and the problems that it met. */
export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** One line of a text, or one object of a JSON listing. */
export type ParsedItem<T> =
  | { readonly kind: 'entry'; readonly entry: T }
  /** It was understood and is of no interest, as an entry of another device. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'not-understood'; readonly why: string };

/** How many characters of a text a problem quotes. */
const QUOTE_LENGTH = 80;

/** How many problems of one text are reported; the others are counted. */
const PROBLEMS_PER_TEXT = 5;

/** How many lines of one text are read: on a host in a cluster of 5,000 nodes each table has 5,000. */
const LINES_PER_TEXT = 200_000;

/** Reads a text line by line. `where` names the text in problems. */
export function parseLines<T>(
  where: string,
  text: string,
  read: (line: string) => ParsedItem<T>,
): Parsed<readonly T[]> {
  const lines = text.split('\n');
  const readable = lines.slice(0, LINES_PER_TEXT).filter((line) => line.trim() !== '');
  const parsed = collect(
    where,
    readable.map((line) => ({ source: line, item: read(line) })),
  );
  if (lines.length <= LINES_PER_TEXT) return parsed;
  const message = `${lines.length} lines; only the first ${LINES_PER_TEXT} were read`;
  return { value: parsed.value, problems: [...parsed.problems, { where, message }] };
}

/** Reads a listing that `ip -j` or `bridge -j` printed. */
export function parseListing<T>(
  where: string,
  text: string,
  read: (item: object) => ParsedItem<T>,
): Parsed<readonly T[]> {
  const items = jsonArray(text);
  if (items === undefined) {
    return { value: [], problems: [{ where, message: `not a JSON listing: ${quote(text)}` }] };
  }
  const parsed = items.map((item) => ({
    source: JSON.stringify(item),
    item: isObject(item) ? read(item) : notUnderstood('not an object'),
  }));
  return collect(where, parsed);
}

/** Whether a text is JSON: with `-j`, `ip` of iproute2 4.15 prints text in spite of it. */
export function looksLikeJson(text: string): boolean {
  return text.trimStart().startsWith('[');
}

export function entry<T>(value: T): ParsedItem<T> {
  return { kind: 'entry', entry: value };
}

export const skipped = { kind: 'skipped' } as const;

export function notUnderstood(why: string): ParsedItem<never> {
  return { kind: 'not-understood', why };
}

/** The words of one line of `ip` or `bridge`. Neither columns nor the order of keywords matter. */
export type Words = readonly string[];

export function wordsOf(line: string): Words {
  return line.trim().split(/\s+/);
}

/** The word after a keyword: `valueAfter(words, 'dev')`. */
export function valueAfter(words: Words, keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

/**
 * Six groups of two letters or digits, in lower case. This is wider than a MAC address on purpose: in
 * a captured output a person may have masked digits, and such addresses can still be compared.
 */
export function macToken(text: string | undefined): string | undefined {
  const lower = text?.toLowerCase();
  return lower !== undefined && /^[0-9a-z]{2}(:[0-9a-z]{2}){5}$/.test(lower) ? lower : undefined;
}

/** The beginning of a text that came from a host, for a message: printable ASCII only. */
export function quote(text: string): string {
  const printable = text.slice(0, QUOTE_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?');
  return `"${printable}${text.length > QUOTE_LENGTH ? '...' : ''}"`;
}

function collect<T>(
  where: string,
  parsed: readonly { readonly source: string; readonly item: ParsedItem<T> }[],
): Parsed<readonly T[]> {
  const value: T[] = [];
  const messages: string[] = [];
  for (const { source, item } of parsed) {
    if (item.kind === 'entry') value.push(item.entry);
    if (item.kind === 'not-understood') messages.push(`${item.why}: ${quote(source)}`);
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
