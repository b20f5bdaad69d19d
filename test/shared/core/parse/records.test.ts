import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { record, sealed } from '../../../../lab/machines/simulated/records.ts';
import { ALPHABET, PRIME, SYNDROME_DIGITS } from '../../../../shared/contract/digest.ts';
import {
  LEAF_CHECKSUM_DIGITS,
  LISTED_ADDRESSES,
  NODE_BUCKETS,
  NODE_CHECKSUM_DIGITS,
  NODE_LEAVES,
} from '../../../../shared/contract/node-list.ts';
import { type Action, ACTIONS } from '../../../../shared/contract/probe.ts';
import {
  ANSWERS,
  type Field,
  GRAMMARS,
  LONGEST_PAYLOADS,
  MOST_RECORDS,
  type RecordKind,
  RECORDS,
  WORDS,
} from '../../../../shared/contract/wire.ts';
import { readAnswer, readRecord } from '../../../../shared/core/parse/answer.ts';
import { anyCidr, anyIp } from '../../../support/entries.ts';

const WIRE = path.join(import.meta.dirname, '../../../../shared/contract/wire.ts');

/** What is written in a field, and what is read from it. */
interface Value {
  readonly text: string;
  readonly value: unknown;
}

/** A record with all its fields. */
interface Written {
  readonly kind: RecordKind;
  readonly line: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const KINDS = new Set<string>(Object.keys(RECORDS));

const isKind = (text: string): text is RecordKind => KINDS.has(text);

const text = (value: string): Value => ({ text: value, value });

const number = (value: string): Value => ({ text: value, value: Number(value) });

const anySums = fc
  .array(fc.nat({ max: PRIME - 1 }), { minLength: 256, maxLength: 256 })
  .map((sums): Value => ({ text: sums.map(digitsOf).join(''), value: Int32Array.from(sums) }));

function digitsOf(sum: number): string {
  return Array.from({ length: SYNDROME_DIGITS }, (_, at) =>
    ALPHABET.charAt(Math.floor(sum / 64 ** (SYNDROME_DIGITS - 1 - at)) % 64),
  ).join('');
}

const list = (value: readonly string[]): Value => ({ text: value.join(','), value });

const anyTime = fc
  .date({ min: new Date(0), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date): Value => {
    const toTheSecond = `${date.toISOString().slice(0, 19)}Z`;
    return { text: toTheSecond, value: Date.parse(toTheSecond) };
  });

const anyChecksums = fc
  .array(matching(`[A-Za-z0-9_-]{${NODE_CHECKSUM_DIGITS}}`), {
    minLength: NODE_BUCKETS,
    maxLength: NODE_BUCKETS,
  })
  .map((checksums): Value => ({ text: checksums.join(''), value: checksums }));

/** All of one kind, since there are very many. */
const anyLeaves = matching(`[A-Za-z0-9_-]{${LEAF_CHECKSUM_DIGITS}}`).map((checksum): Value => ({
  text: checksum.repeat(NODE_LEAVES),
  value: Array<string>(NODE_LEAVES).fill(checksum),
}));

/** A path without the parts `.` and `..`, which its pattern refuses by looking ahead. */
const anyPath = fc
  .array(
    matching('[a-zA-Z0-9_.-]{1,20}').filter((part) => part !== '.' && part !== '..'),
    { minLength: 1, maxLength: 10 },
  )
  .map((parts) => text(`/${parts.join('/')}`));

/** Words whose pattern is wider than they are, or that become more than text. */
const SPECIAL: ReadonlyMap<string, fc.Arbitrary<Value>> = new Map([
  ['ip', anyIp.map(text)],
  ['cidr', anyCidr.map(text)],
  ['sums', anySums],
  ['nodes', matching(WORDS.nodes).map((names) => ({ text: names, value: names.split(' ') }))],
  ['count', matching(WORDS.count).map(number)],
  ['uptime', matching(WORDS.uptime).map(number)],
  ['path', anyPath],
  ['exit', matching(WORDS.exit).map(number)],
  ['ips', fc.array(anyIp, { minLength: 1, maxLength: LISTED_ADDRESSES }).map(list)],
  ['cidrs', fc.array(anyCidr, { minLength: 1, maxLength: 2 }).map(list)],
  ['time', anyTime],
  ['checksums', anyChecksums],
  ['leaves', anyLeaves],
]);

function matching(pattern: string): fc.Arbitrary<string> {
  return fc.stringMatching(new RegExp(`^(?:${pattern})$`), { maxLength: 100 });
}

const PATTERNS = new Map<string, string | readonly string[]>(Object.entries(WORDS));

function anyValue({ word, isOptional }: Field): fc.Arbitrary<Value> {
  const pattern = PATTERNS.get(word) ?? '';
  const known =
    SPECIAL.get(word) ??
    (typeof pattern === 'string' ? matching(pattern) : fc.constantFrom(...pattern)).map(text);
  // A `-` stands for what is not known, whatever else the word's pattern would allow.
  const some = isOptional ? known.filter((value) => value.text !== '-') : known;
  const unknown: Value = { text: '-', value: undefined };
  return isOptional ? fc.oneof({ weight: 4, arbitrary: some }, fc.constant(unknown)) : some;
}

function anyRecord(kind: RecordKind): fc.Arbitrary<Written> {
  const fields = GRAMMARS.get(kind)?.fields ?? [];
  return fc.tuple(...fields.map(anyValue)).map((values) => ({
    kind,
    line: [kind, ...values.map((value) => value.text)].join(' '),
    values: Object.fromEntries(fields.map(({ name }, at) => [name, values[at]?.value])),
  }));
}

/** Some records of each kind: to make them takes longer than to read thousands of answers. */
const SOME: ReadonlyMap<RecordKind, readonly Written[]> = new Map(
  Object.keys(RECORDS)
    .filter(isKind)
    .map((kind) => [kind, fc.sample(anyRecord(kind), 20)] as const),
);

function someRecord(kinds: readonly RecordKind[]): fc.Arbitrary<Written> {
  return fc.constantFrom(...kinds.flatMap((kind) => SOME.get(kind) ?? []));
}

/** A whole answer, with no more records of a kind than it can have. */
const anyAnswer = fc.constantFrom(...ACTIONS).chain((action) =>
  fc
    .array(someRecord(ANSWERS[action]), { maxLength: 12 })
    .map((records) => ({
      action,
      records: records.filter(({ kind }, at) => {
        const before = records.slice(0, at).filter((other) => other.kind === kind);
        return before.length < (MOST_RECORDS[kind] ?? 1);
      }),
    }))
    .filter(({ records }) => bytesOf(records) <= LONGEST_PAYLOADS[action])
    .map(({ records }) => ({ action, records, answer: sealed(action, linesOf(records)) })),
);

function linesOf(records: readonly Written[]): readonly string[] {
  return records.map(({ line }) => line);
}

function bytesOf(records: readonly Written[]): number {
  return linesOf(records).join('\n').length + 1;
}

describe('a record', () => {
  test.for(Object.keys(RECORDS).filter(isKind))('%s is read as it was written', (kind) => {
    fc.assert(
      fc.property(anyRecord(kind), ({ line, values }) => {
        expect(readRecord(line)).toEqual({ kind, ...values });
      }),
      { numRuns: 50 },
    );
  });

  test('the simulated hosts write what the parser reads', () => {
    const fields = { ip: '10.42.1.0', mac: undefined, state: 'INCOMPLETE' } as const;
    const line = record('N', { device: 'flannel.1', ...fields });
    expect(line).toBe('N flannel.1 10.42.1.0 - INCOMPLETE');
    expect(readRecord(line)).toEqual({ kind: 'N', device: 'flannel.1', ...fields });
    expect(() => record('A', { device: 'flannel.1', address: '10.42.1.0' })).toThrow('no record');
  });
});

describe('an answer', () => {
  test('the example at the head of the grammar is one', () => {
    const example = readFileSync(WIRE, 'utf8').matchAll(/^ \* {5}(.*)$/gm);
    const lines = example.map(([, line = '']) => line).toArray();
    const { length } = lines;
    expect(readAnswer('entries', lines.join('\n'))).toMatchObject({
      kind: 'records',
      records: Array.from({ length: length - 2 }, () => ({})),
    });
  });

  test('it is read as it was written', () => {
    fc.assert(
      fc.property(anyAnswer, ({ action, records, answer }) => {
        expect(readAnswer(action, answer)).toEqual({
          kind: 'records',
          records: records.map(({ kind, values }) => ({ kind, ...values })),
        });
      }),
      { numRuns: 200 },
    );
  });

  const anyChange = fc.record({
    at: fc.nat(),
    drop: fc.constantFrom(0, 1),
    put: fc.oneof(fc.constant(''), fc.string({ minLength: 1, maxLength: 1 })),
  });

  test('with one character changed, left out or put in, it is broken or says the same', () => {
    fc.assert(
      fc.property(
        anyAnswer,
        fc.array(anyChange, { minLength: 50, maxLength: 50 }),
        ({ action, answer }, changes) => {
          const whole = readAnswer(action, answer);
          for (const { at, drop, put } of changes) {
            const place = at % answer.length;
            const damaged = answer.slice(0, place) + put + answer.slice(place + drop);
            const read = readAnswer(action, damaged);
            expect(read.kind === 'broken' ? whole : read).toEqual(whole);
          }
        },
      ),
    );
  });

  test('with one character changed before it is sealed, it is broken unless every line is a record', () => {
    fc.assert(
      fc.property(
        anyAnswer,
        fc.array(anyChange, { minLength: 20, maxLength: 20 }),
        ({ action, records }, changes) => {
          const payload = linesOf(records).join('\n');
          for (const { at, drop, put } of changes) {
            const place = at % (payload.length + 1);
            const lines = (payload.slice(0, place) + put + payload.slice(place + drop)).split('\n');
            const read = readAnswer(action, sealed(action, lines));
            expect(read.kind === 'broken' || lines.every((line) => isRecordOf(action, line))).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  test.for(ACTIONS)('to %s has no record of another action', (action) => {
    const others = Object.keys(RECORDS)
      .filter(isKind)
      .filter((kind) => !ANSWERS[action].some((own) => own === kind));
    fc.assert(
      fc.property(someRecord(others), ({ line }) => {
        expect(readAnswer(action, sealed(action, [line])).kind).toBe('broken');
      }),
    );
  });

  test.for(
    ACTIONS.flatMap((action) =>
      ANSWERS[action].map((kind): [Action, RecordKind] => [action, kind]),
    ),
  )('to %s has no more %s than it can', ([action, kind]) => {
    const most = MOST_RECORDS[kind] ?? 1;
    if (most === Infinity) return;
    const [line = ''] = linesOf(SOME.get(kind) ?? []);
    const answer = (count: number): string => sealed(action, Array<string>(count).fill(line));
    expect(readAnswer(action, answer(most)).kind).toBe('records');
    expect(readAnswer(action, answer(most + 1)).kind).toBe('broken');
  });
});

function isRecordOf(action: Action, line: string): boolean {
  return ANSWERS[action].some((kind) => GRAMMARS.get(kind)?.line.test(line) === true);
}
