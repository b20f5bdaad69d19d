import { ALPHABET, BUCKETS, PRIME, SYNDROME_DIGITS, SYNDROMES } from '../../contract/digest.ts';
import {
  LEAF_CHECKSUM_DIGITS,
  NODE_BUCKETS,
  NODE_CHECKSUM_DIGITS,
  NODE_LEAVES,
} from '../../contract/node-list.ts';
import type { Action } from '../../contract/probe.ts';
import {
  ANSWER_BEGIN,
  ANSWER_END,
  ANSWERS,
  checksum,
  type FieldsOf,
  GRAMMARS,
  LONGEST_PAYLOADS,
  MOST_RECORDS,
  type RecordKind,
  type Word,
  type WordTexts,
} from '../../contract/wire.ts';
import { parseCidr, parseIp } from '../overlay/addresses.ts';
import { parseTime } from '../time.ts';
import { quote } from './parsed.ts';

/** What one line of an answer to this action says. */
export type AnswerRecord<A extends Action> = Extract<
  WireRecord,
  { readonly kind: (typeof ANSWERS)[A][number] }
>;

/** The records of an answer, or why it is none. */
type Answer<A extends Action> =
  | { readonly kind: 'records'; readonly records: readonly AnswerRecord<A>[] }
  | { readonly kind: 'broken'; readonly reason: string };

/** The payload of an answer, or why it is none. */
type Opened =
  | { readonly kind: 'payload'; readonly payload: string }
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * Reads an answer by the grammar of `wire.ts`. The script prints exactly this form, so one line that no
 * record matches breaks the whole answer: vtepwatch does not believe half of what a host sends.
 */
export function readAnswer<A extends Action>(action: A, text: string): Answer<A> {
  const opened = openAnswer(action, text);
  if (opened.kind === 'broken') return opened;
  const records: AnswerRecord<A>[] = [];
  const counts = new Map<RecordKind, number>();
  for (const line of opened.payload.split('\n').slice(0, -1)) {
    const record = readRecord(line);
    if (record === undefined || !isOf(action, record)) {
      return { kind: 'broken', reason: `a line is not understood: ${quote(line)}` };
    }
    const { kind } = record;
    const count = (counts.get(kind) ?? 0) + 1;
    const most = MOST_RECORDS[kind] ?? 1;
    if (count > most) return { kind: 'broken', reason: `the answer has more than ${most} ${kind}` };
    counts.set(kind, count);
    records.push(record);
  }
  return { kind: 'records', records };
}

/** The records of one kind. */
export function recordsOf<R extends { readonly kind: RecordKind }, K extends R['kind']>(
  records: readonly R[],
  kind: K,
): readonly Extract<R, { readonly kind: K }>[] {
  return records.filter(
    (record): record is Extract<R, { readonly kind: K }> => record.kind === kind,
  );
}

/**
 * Takes the payload out of the envelope. Only a complete answer counts: it has the first and the last
 * line, and the payload has the length and checksum that the last line names. Any other text was cut,
 * was mixed with other output, or comes from another program, and reports nothing about the host. Of
 * several answers, one after the other, the last whole one counts.
 */
export function openAnswer(action: Action, text: string): Opened {
  const begin = `${ANSWER_BEGIN} ${action}\n`;
  if (!text.startsWith(begin)) return broken(text, `does not begin with "${begin.trim()}"`);
  // An agent that was restarted runs the script once more, and appends to the output there is.
  const answers = text.split(begin).slice(1);
  const opened = answers.toReversed().map((one) => openOne(action, begin + one));
  return opened.find(({ kind }) => kind === 'payload') ?? openOne(action, text);
}

function openOne(action: Action, text: string): Opened {
  const begin = `${ANSWER_BEGIN} ${action}\n`;
  const whole = text.trimEnd();
  const lastLine = whole.lastIndexOf('\n') + 1;
  const trailer = TRAILER.exec(whole.slice(lastLine));
  if (trailer === null) return broken(text, 'was cut: it has no end marker');
  const payload = whole.slice(begin.length, lastLine);
  if (!/^[\n\x20-\x7e]*$/.test(payload)) return broken(text, 'holds more than printable ASCII');
  if (payload.length !== Number(trailer[1])) return broken(text, 'is not as long as it says');
  const most = LONGEST_PAYLOADS[action];
  if (payload.length > most) return broken(text, `has more than ${most} bytes`);
  return checksum(payload) === Number(trailer[2])
    ? { kind: 'payload', payload }
    : broken(text, 'does not have the checksum it says');
}

const TRAILER = new RegExp(`^${ANSWER_END} (\\d{1,9}) (\\d{1,10})$`);

function broken(text: string, why: string): { readonly kind: 'broken'; readonly reason: string } {
  const start = text.length === 0 ? 'it is empty' : `it starts with ${quote(text)}`;
  return { kind: 'broken', reason: `the answer ${why} (${start})` };
}

/** Reads words that become more than text; returns undefined for what is no such word after all. */
const READERS = {
  count: Number,
  uptime: Number,
  exit: Number,
  ip: parseIp,
  cidr: parseCidr,
  ips: listOf(parseIp),
  cidrs: listOf(parseCidr),
  time: parseTime,
  nodes: (text: string): readonly string[] => text.split(' '),
  checksums: chunksOf(NODE_BUCKETS, NODE_CHECKSUM_DIGITS),
  leaves: chunksOf(NODE_LEAVES, LEAF_CHECKSUM_DIGITS),
  sums: sumsOf,
} satisfies Readonly<Partial<Record<Word, (text: string) => unknown>>>;

/** The type of each word once it is read. */
type Values = {
  readonly [W in Word]: W extends keyof typeof READERS
    ? Exclude<ReturnType<(typeof READERS)[W]>, undefined>
    : WordTexts[W];
};

/** What one line of an answer says. */
type WireRecord = {
  readonly [K in RecordKind]: { readonly kind: K } & FieldsOf<K, Values>;
}[RecordKind];

/** A record with any fields, before it is known to have those of its kind. */
type Draft = Readonly<Record<string, unknown>>;

const READER_OF: ReadonlyMap<string, (text: string) => unknown> = new Map(Object.entries(READERS));

/** Reads one line; undefined where no record matches it. */
export function readRecord(line: string): WireRecord | undefined {
  const [kind = ''] = line.split(' ', 1);
  const grammar = GRAMMARS.get(kind);
  const texts = grammar?.line.exec(line) ?? undefined;
  if (grammar === undefined || texts === undefined) return undefined;
  const draft: Record<string, unknown> = { kind };
  for (const [at, { name, word, isOptional }] of grammar.fields.entries()) {
    const text = texts[at + 1] ?? '';
    if (isOptional && text === '-') {
      draft[name] = undefined;
    } else {
      const read = READER_OF.get(word);
      const value = read === undefined ? text : read(text);
      if (value === undefined) return undefined;
      draft[name] = value;
    }
  }
  return isWhole(draft) ? draft : undefined;
}

/** `readRecord` has read each field of this kind by its word, which the types cannot follow. */
function isWhole(draft: Draft): draft is WireRecord {
  return typeof draft['kind'] === 'string' && GRAMMARS.has(draft['kind']);
}

function isOf<A extends Action>(action: A, record: WireRecord): record is AnswerRecord<A> {
  return ANSWERS[action].some((kind) => kind === record.kind);
}

/** Reads a list by commas; undefined where one of it is none. */
function listOf<T>(
  read: (text: string) => T | undefined,
): (text: string) => readonly T[] | undefined {
  return (text) => {
    const values = text.split(',').map(read);
    const known = values.filter((value) => value !== undefined);
    return known.length === values.length ? known : undefined;
  };
}

/** Reads words of one length that stand side by side. */
function chunksOf(count: number, size: number): (text: string) => readonly string[] {
  return (text) => Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size));
}

const SUMS = BUCKETS * SYNDROMES;

/** The value of a digit by its character code. An answer has only ASCII. */
const DIGIT_VALUES = Array.from({ length: 128 }, (_, code) =>
  ALPHABET.indexOf(String.fromCharCode(code)),
);

/** The sums of a digest; undefined where one of them is not below the prime. */
function sumsOf(text: string): Int32Array | undefined {
  const sums = new Int32Array(SUMS);
  for (let at = 0; at < SUMS; at++) {
    let sum = 0;
    for (let digit = 0; digit < SYNDROME_DIGITS; digit++) {
      const value = DIGIT_VALUES[text.charCodeAt(at * SYNDROME_DIGITS + digit)] ?? -1;
      if (value < 0) return undefined;
      sum = sum * ALPHABET.length + value;
    }
    if (sum >= PRIME) return undefined;
    sums[at] = sum;
  }
  return sums;
}
