import type { Problem } from '../../contract/report.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { isObject } from './json.ts';
import { readPasted } from './pasted.ts';

/** Parsing never fails: it returns what it understood, and the problems that it met. */
export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/**
 * A listing of a table. Only where all of it was understood is an entry that it lacks absent: a line
 * that nobody understood may have been that entry.
 */
export interface Listing<T> extends Parsed<readonly T[]> {
  readonly understood: 'all' | 'some' | 'nothing';
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

/** How the lines of a listing are read. */
interface LineReader<T> {
  /** `asked`: the device of a listing in which no line names one. */
  readonly read: (line: string, asked: string | undefined) => ParsedItem<T>;
  /** Whether the last line can be a whole one. `read` alone cannot tell where words may be missing. */
  readonly isWhole?: (last: LastLine) => boolean;
}

/** The last line of a listing. */
export interface LastLine {
  readonly words: Words;
  /** Whether the text ends its last line, as every program does. */
  readonly isEnded: boolean;
}

/** A listing as it was captured. */
interface ListingText {
  /** Names the text in problems. */
  readonly where: string;
  readonly text: string;
  /**
   * The device that was asked for, where the listing does not name it: `ip` and `bridge` leave it out of
   * every line, or of none.
   */
  readonly device?: string | undefined;
}

/** Reads a text line by line. */
export function parseLines<T>(
  { where, text, device }: ListingText,
  { read, isWhole }: LineReader<T>,
): Listing<T> {
  const pasted = readPasted(text);
  const lines = pasted.lines.slice(0, LINES_PER_TEXT);
  const asked = lines.some((line) => /\sdev\s/.test(line)) ? undefined : device;
  const items = lines.map((line) => ({ source: line, item: read(line, pasted.device ?? asked) }));
  const { value, problems, understood } = collect(where, items);
  const last = items.at(-1);
  const wasCut =
    last !== undefined &&
    last.item.kind !== 'not-understood' &&
    isWhole?.({ words: wordsOf(last.source), isEnded: pasted.isEnded }) === false;
  const isLong = pasted.lines.length > LINES_PER_TEXT;
  const remarks = [
    ...pasted.remarks,
    ...(wasCut
      ? [`the last line does not end, so it or others after it may be cut: ${quote(last.source)}`]
      : []),
    ...(isLong ? [`${pasted.lines.length} lines; only the first ${LINES_PER_TEXT} were read`] : []),
  ];
  const isPart = pasted.filtered || wasCut || isLong;
  return {
    value,
    problems: [...problems, ...remarks.map((message) => ({ where, message }))],
    understood: isPart && understood === 'all' ? 'some' : understood,
  };
}

/** Reads a listing that `ip -j` or `bridge -j` printed. */
export function parseListing<T>(
  { where, text }: ListingText,
  read: (item: object) => ParsedItem<T>,
): Listing<T> {
  const items = jsonArray(text);
  if (items === undefined) return unreadable(where, `not a JSON listing: ${quote(text)}`);
  const parsed = items.map((item) => ({
    source: JSON.stringify(item),
    item: isObject(item) ? read(item) : notUnderstood('not an object'),
  }));
  return collect(where, parsed);
}

/** A text of which nothing can be read. */
export function unreadable(where: string, message: string): Listing<never> {
  return { value: [], problems: [{ where, message }], understood: 'nothing' };
}

/** Whether a text is JSON: with `-j`, `ip` of iproute2 4.15 prints text in spite of it. */
export function looksLikeJson(text: string): boolean {
  return /^\s*\[\s*[[{\]]/.test(text);
}

export function entry<T>(value: T): ParsedItem<T> {
  return { kind: 'entry', entry: value };
}

export const skipped = { kind: 'skipped' } as const;

export function notUnderstood(why: string): ParsedItem<never> {
  return { kind: 'not-understood', why };
}

/** The words of one line of `ip` or `bridge`. */
export type Words = readonly string[];

export function wordsOf(line: string): Words {
  return line.trim().split(/\s+/);
}

/** The words of some lines, as a grammar lists them. */
export function wordSet(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap(wordsOf));
}

/** The word after a keyword: `valueAfter(words, 'dev')`. */
export function valueAfter(words: Words, keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

/** Which words a line may have: keywords that a value follows, and words that stand alone. */
interface LineGrammar {
  readonly takesValue: ReadonlySet<string>;
  readonly standsAlone: ReadonlySet<string>;
}

/**
 * The words of a whole line by their keywords; a word that stands alone has the value `''`. Undefined
 * where a word is unknown, a value is missing, or a keyword comes twice: then the line was cut, or
 * another line was joined to it.
 */
export function fieldsOf(
  words: Words,
  { takesValue, standsAlone }: LineGrammar,
): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (fields.has(word)) return undefined;
    if (standsAlone.has(word)) {
      fields.set(word, '');
    } else {
      const value = words[at + 1];
      if (!takesValue.has(word) || value === undefined) return undefined;
      fields.set(word, value);
      at += 1;
    }
  }
  return fields;
}

const OVERLAY_NAMES = ['flannel.', 'flannel-v6.', 'vxlan.calico', 'vxlan-v6.calico'] as const;

/** Whether the last word of a line can be what is left of the name of an overlay device. */
export function isCutName(name: string | undefined): boolean {
  if (name === undefined) return true;
  return !isOverlayDevice(name) && OVERLAY_NAMES.some((whole) => whole.startsWith(name));
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
): Listing<T> {
  const value: T[] = [];
  const messages: string[] = [];
  for (const { source, item } of parsed) {
    if (item.kind === 'entry') value.push(item.entry);
    if (item.kind === 'not-understood') messages.push(`${item.why}: ${quote(source)}`);
  }
  const understood =
    messages.length === 0 ? 'all' : messages.length === parsed.length ? 'nothing' : 'some';
  return { value, problems: problemsOf(where, messages), understood };
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
