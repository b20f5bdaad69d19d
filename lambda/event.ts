import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import { EVENT_REFUSED, NO_PAGE_EVENT } from '../shared/contract/no-page.ts';
import { formatTime, parseTime } from '../shared/core/time.ts';

const testPageSchema = z.strictObject({ testPage: z.literal(true) });

/** Whether the event asks for a test page: `{"testPage": true}`. */
export function asksForTestPage(event: unknown): boolean {
  return testPageSchema.safeParse(event).success;
}

const noPageSchema = z.strictObject({
  noPage: z.literal(NO_PAGE_EVENT.noPage),
  scheduledTime: z.optional(z.literal(NO_PAGE_EVENT.scheduledTime)),
});

/** Whether the event asks for a run that stores nothing and pages nobody. */
export function asksForNoPage(event: unknown): boolean {
  return noPageSchema.safeParse(event).success;
}

/** An event that only resembles a request for a test page, or for a run without pages, must not start a run. */
const tickSchema = z.object({
  scheduledTime: z.optional(z.string()),
  testPage: z.optional(z.never()),
  noPage: z.optional(z.never()),
});

/** How far the schedule's clock may be ahead of the function's. */
const AHEAD_MS = 90_000;

/**
 * The scheduled time of the run: `{"scheduledTime": "2026-11-23T09:00:00Z"}`, or `now`, in
 * epoch milliseconds, where it is missing.
 * Ticks are compared as text, so all have one format; a malformed one would block all later ticks.
 */
export function tickOf(event: unknown, now: number): string {
  if (asksForNoPage(event)) return formatTime(now);
  const read = tickSchema.safeParse(event ?? {}, { error: english().localeError });
  if (!read.success) throw new Error(`${EVENT_REFUSED}\n${z.prettifyError(read.error)}`);
  const { scheduledTime } = read.data;
  const time = scheduledTime === undefined ? now : parseTime(scheduledTime);
  const ahead = (time ?? 0) - now;
  if (time !== undefined && ahead < AHEAD_MS) return formatTime(time);
  throw new Error(
    `${EVENT_REFUSED} scheduledTime is not ISO 8601 in UTC, or lies ahead: ${scheduledTime}`,
  );
}
