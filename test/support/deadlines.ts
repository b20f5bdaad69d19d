import * as lambda from '../../lambda/deadline.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';

/** On the machine's clock, for what is asked over real connections. */
export function deadlineIn(milliseconds: number): lambda.Deadline {
  return lambda.deadlineIn(milliseconds, systemClock);
}

/** Far beyond what any test needs. */
export function farOff(): lambda.Deadline {
  return deadlineIn(60_000);
}

/** A deadline that has passed. */
export const PASSED: lambda.Deadline = { at: 0, clock: systemClock };
