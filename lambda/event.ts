import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import { formatTime, parseTime } from '../shared/core/time.ts';

const testPageSchema = z.strictObject({ testPage: z.literal(true) });

/** Whether the event asks for a test page: `{"testPage": true}`. */
export function asksForTestPage(event: unknown): boolean {
  return testPageSchema.safeParse(event).success;
}

/** What merely looks like an order for a test page must not become a run. */
const tickSchema = z.object({
  scheduledTime: z.optional(z.string()),
  testPage: z.optional(z.never()),
});

/** How far a schedule's clock may be ahead of this one. */
const AHEAD_MS = 300_000;

/**
 * When the schedule wanted the run: `{"scheduledTime": "2026-11-23T09:00:00Z"}`; without it, now. Ticks
 * are compared as text, so all are written in one way; a wrong one would shut out the others.
 */
export function tickOf(event: unknown): string {
  const read = tickSchema.safeParse(event ?? {}, { error: english().localeError });
  if (!read.success) throw new Error(`reading the event:\n${z.prettifyError(read.error)}`);
  const { scheduledTime } = read.data;
  const time = scheduledTime === undefined ? Date.now() : parseTime(scheduledTime);
  const ahead = (time ?? 0) - Date.now();
  if (time !== undefined && ahead < AHEAD_MS) return formatTime(time);
  throw new Error(
    `reading the event: scheduledTime is not ISO 8601 in UTC, or lies ahead: ${scheduledTime}`,
  );
}
