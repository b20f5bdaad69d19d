import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  firstPollMs,
  nextAnswerTime,
  UNKNOWN_ANSWER_TIME,
} from '../../../../lambda/systems/ssm/first-poll.ts';

/** When runs poll first whose hosts take these times to answer, one run after the other. */
function firstPolls(tookMs: readonly number[]): readonly number[] {
  let known = UNKNOWN_ANSWER_TIME;
  return tookMs.map((took) => {
    const at = firstPollMs(known);
    known = nextAnswerTime(known, { at, wasEnough: took <= at });
    return at;
  });
}

describe('the first poll', () => {
  test('comes soon after hosts that answer at once, and never sooner', () => {
    expect(firstPolls(Array(6).fill(10))).toEqual([500, 250, 200, 200, 200, 200]);
  });

  test('finds the time that the hosts take', () => {
    expect(firstPolls(Array(6).fill(400))).toEqual([500, 250, 375, 438, 405, 405]);
  });

  test('is seldom too early where the hosts take the same time for hours', () => {
    const polls = firstPolls(Array(600).fill(400)).slice(10);
    expect(polls.filter((at) => at < 400).length).toBeLessThan(polls.length / 5);
    expect(polls.reduce((sum, at) => sum + at, 0) / polls.length).toBeLessThan(1.2 * 400);
  });

  test('comes later again once the hosts have become slow', () => {
    expect(firstPolls([...Array(3).fill(10), ...Array(5).fill(5000)]).at(-1)).toBe(1000);
  });

  test('stays between a fifth of a second and a second, whatever is remembered', () => {
    const any = fc.oneof(fc.double({ noNaN: true }), fc.integer());
    fc.assert(
      fc.property(any, any, fc.boolean(), (atMost, longerThan, wasEnough) => {
        const known = { atMost, longerThan };
        const at = firstPollMs(known);
        for (const ms of [at, firstPollMs(nextAnswerTime(known, { at, wasEnough }))]) {
          expect(ms).toBeGreaterThanOrEqual(200);
          expect(ms).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});
