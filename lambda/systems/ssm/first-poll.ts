/**
 * How long the hosts of the last runs took to answer, milliseconds. Polls show no more than two bounds
 * of it.
 */
export interface AnswerTime {
  /** All hosts had answered after this time. */
  readonly atMost: number;
  /** Some host had not answered after this time. */
  readonly longerThan: number;
}

/** Before any run has taken place. */
export const UNKNOWN_ANSWER_TIME: AnswerTime = { atMost: 1000, longerThan: 0 };

/** The first poll comes neither earlier nor later after the command, milliseconds. */
const EARLIEST_MS = 200;
export const LATEST_MS = UNKNOWN_ANSWER_TIME.atMost;

/** Bounds that are closer than this share of the upper one need no further search. */
const CLOSE = 0.15;

/** What remains of the lower bound from one run to the next: hosts may have become quicker since. */
const REMEMBERED = 0.99;

/** When to poll first after a command: halfway between the bounds, or at the upper one if they are close. */
export function firstPollMs({ atMost, longerThan }: AnswerTime): number {
  const isClose = atMost - longerThan <= CLOSE * atMost;
  return clamp(isClose ? atMost : (atMost + longerThan) / 2);
}

/**
 * What a run adds to what is known: whether its first poll, at this time, found all answers. Where even
 * the upper bound has become too short, the search begins anew.
 */
export function nextAnswerTime(
  { atMost, longerThan }: AnswerTime,
  poll: { readonly at: number; readonly wasEnough: boolean },
): AnswerTime {
  return poll.wasEnough
    ? { atMost: poll.at, longerThan: Math.min(REMEMBERED * longerThan, poll.at) }
    : { atMost: poll.at < atMost ? atMost : LATEST_MS, longerThan: poll.at };
}

function clamp(milliseconds: number): number {
  return Math.round(Math.min(LATEST_MS, Math.max(EARLIEST_MS, milliseconds)));
}
