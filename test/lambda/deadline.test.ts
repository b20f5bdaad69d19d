import { describe, expect, test } from 'vitest';
import {
  abortAt,
  deadlineIn,
  earlier,
  nearer,
  orLate,
  remaining,
  sleep,
  within,
} from '../../lambda/deadline.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const clock = virtualClock();
const PAST = deadlineIn(-1, clock);

describe('a deadline', () => {
  test('that has passed leaves nothing', () => {
    expect(remaining(PAST)).toBe(0);
  });

  test('leaves less as the time of its clock passes', async () => {
    const deadline = deadlineIn(60_000, clock);
    expect(remaining(deadline)).toBe(60_000);
    await clock.pass(59_000);
    expect(remaining(deadline)).toBe(1000);
  });

  test('is the nearer of two, in either order', () => {
    const far = deadlineIn(60_000, clock);
    expect(nearer(PAST, far)).toBe(PAST);
    expect(nearer(far, PAST)).toBe(PAST);
  });

  test('is kept by what may take so long within it', () => {
    const deadline = deadlineIn(5000, clock);
    expect(remaining(within(2000, deadline))).toBe(2000);
    expect(within(9000, deadline)).toBe(deadline);
  });

  test('moves towards now', () => {
    expect(remaining(earlier(deadlineIn(5000, clock), 2000))).toBe(3000);
  });
});

describe('abortAt', () => {
  test('ends a call when the deadline comes', async () => {
    const signal = abortAt(deadlineIn(20, clock));
    await clock.pass(19);
    expect(signal.aborted).toBe(false);
    await clock.pass(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('takes a deadline that has passed', async () => {
    const signal = abortAt(PAST);
    await clock.pass(1);
    expect(signal.aborted).toBe(true);
  });

  test('takes one with fractions of a millisecond', () => {
    expect(abortAt(deadlineIn(1000.5, systemClock)).aborted).toBe(false);
  });
});

describe('sleep', () => {
  test.for([
    ['so long as was asked', 1000, 5000, 1000],
    ['not beyond the deadline', 3_600_000, 5000, 5000],
    ['not at all after the deadline', 3_600_000, -1, 0],
  ] as const)('%s', async ([, milliseconds, deadlineMs, slept]) => {
    const began = clock.now();
    await sleep(milliseconds, deadlineIn(deadlineMs, clock));
    expect(clock.now() - began).toBe(slept);
  });
});

describe('work with a deadline', () => {
  test('gives its own result in time', async () => {
    const work = clock.pause(1000).then(() => 'done');
    expect(await orLate(work, deadlineIn(2000, clock), () => 'late')).toBe('done');
  });

  test('that takes longer is late', async () => {
    const work = clock.pause(3000).then(() => 'done');
    expect(await orLate(work, deadlineIn(2000, clock), () => 'late')).toBe('late');
  });

  test('that fails in time fails with its own reason', async () => {
    const work = Promise.reject(new Error('refused'));
    await expect(orLate(work, deadlineIn(2000, clock), () => 'late')).rejects.toThrow('refused');
  });

  test('leaves no pause behind', async () => {
    const began = clock.now();
    await orLate(Promise.resolve('done'), deadlineIn(60_000, clock), () => 'late');
    await clock.pause(1);
    expect(clock.now() - began).toBe(1);
  });
});

describe("the machine's clock", () => {
  test('ends a pause that is called off', async () => {
    const calledOff = new AbortController();
    const pause = systemClock.pause(50, calledOff.signal);
    calledOff.abort();
    await expect(pause).resolves.toBeUndefined();
    await expect(systemClock.pause(50, calledOff.signal)).resolves.toBeUndefined();
  });

  test('passes', async () => {
    const began = systemClock.now();
    await systemClock.pause(2);
    expect(systemClock.now()).toBeGreaterThan(began);
  });
});
