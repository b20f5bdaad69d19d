import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatTime, parseTime } from '../../../shared/core/time.ts';

/** Year 0 to year 9999: what has four digits. */
const EPOCH_MS = fc.integer({
  min: Date.parse('0000-01-01T00:00:00.000Z'),
  max: Date.parse('9999-12-31T23:59:59.999Z'),
});

test('times are written as Date writes them', () => {
  fc.assert(
    fc.property(EPOCH_MS, (time) => {
      expect(formatTime(time)).toBe(new Date(time).toISOString());
    }),
    { numRuns: 2000 },
  );
});

test('a written time reads back to the millisecond', () => {
  fc.assert(
    fc.property(EPOCH_MS, (time) => {
      expect(parseTime(new Date(time).toISOString())).toBe(time);
    }),
    { numRuns: 2000 },
  );
});

test('every date that Date reads is read alike, and no other', () => {
  const two = fc.integer({ min: 0, max: 99 }).map((part) => String(part).padStart(2, '0'));
  const day = fc.integer({ min: 0, max: 32 }).map((part) => String(part).padStart(2, '0'));
  const year = fc.integer({ min: 1, max: 9999 }).map((part) => String(part).padStart(4, '0'));
  fc.assert(
    fc.property(fc.tuple(year, two, day, two, two, two), ([y, mo, d, h, mi, s]) => {
      const text = `${y}-${mo}-${d}T${h}:${mi}:${s}Z`;
      // Date takes the 31st of a short month for the first of the next, and 24:00:00 for midnight.
      const date = new Date(text);
      const exact =
        !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 19));
      expect(parseTime(text)).toBe(exact ? date.getTime() : undefined);
    }),
    { numRuns: 3000 },
  );
});

test.for([
  ['2026-11-23T09:00:00Z', 1_795_424_400_000],
  ['2026-11-23T09:00:00.123456789Z', 1_795_424_400_123],
  ['2024-02-29T00:00:00Z', 1_709_164_800_000],
] as const)('%s is %i ms after the epoch', ([text, time]) => {
  expect(parseTime(text)).toBe(time);
});

test.for([
  '',
  'now',
  '2026-11-23',
  '2026-11-23T09:00:00',
  '2026-11-23T09:00:00+01:00',
  '2025-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T09:00:00Z\n',
])('%j is no time', (text) => {
  expect(parseTime(text)).toBeUndefined();
});

test.for([
  [0.452, '0.452 s'],
  [4.5, '4.50 s'],
  [45, '45.0 s'],
  [250, '4 min 10 s'],
  [10_920, '3 h 2 min'],
] as const)('%d seconds are %s', ([seconds, text]) => {
  expect(formatDuration(seconds)).toBe(text);
});
