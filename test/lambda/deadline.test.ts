import { describe, expect, test } from 'vitest';
import { abortAt, deadlineIn, earlier, nearer, remaining, sleep } from '../../lambda/deadline.ts';

const FAR = { at: Number.MAX_SAFE_INTEGER } as const;
const PAST = { at: 0 } as const;

describe('a deadline', () => {
  test('that has passed leaves nothing', () => {
    expect(remaining(PAST)).toBe(0);
    expect(remaining(deadlineIn(-1))).toBe(0);
  });

  test('that is to come leaves no more than was given', () => {
    const left = remaining(deadlineIn(60_000));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  test('is the nearer of two, in either order', () => {
    expect(nearer(PAST, FAR)).toBe(PAST);
    expect(nearer(FAR, PAST)).toBe(PAST);
  });

  test('moves towards now', () => {
    expect(earlier({ at: 5000 }, 2000)).toEqual({ at: 3000 });
  });
});

describe('abortAt', () => {
  test('ends a call when the deadline comes', async () => {
    const signal = abortAt(deadlineIn(20));
    expect(signal.aborted).toBe(false);
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('takes a deadline that has passed', async () => {
    const signal = abortAt(PAST);
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    expect(signal.aborted).toBe(true);
  });

  test('takes one with fractions of a millisecond', () => {
    expect(abortAt({ at: Date.now() + 1000.5 }).aborted).toBe(false);
  });
});

describe('sleep', () => {
  test.for([
    ['no longer than was asked', 1, FAR],
    ['not beyond the deadline', 3_600_000, deadlineIn(1)],
    ['not at all after the deadline', 3_600_000, PAST],
  ] as const)('%s', async ([, milliseconds, deadline]) => {
    await expect(sleep(milliseconds, deadline)).resolves.toBeUndefined();
  });
});
