import { mayRepeat } from '../shared/core/page/fitted.ts';
import type { OutboxEntry, Repeat } from './systems/incident-store/stored.ts';

/**
 * Pages that went out while nobody could store that they have. The process that sent them may end at any
 * time, and the next one cannot know whether people were reached. So what is critical goes out again, under
 * its key, as long as the state is unavailable: 5 and 15 minutes after the first time, and then every hour.
 */

const MINUTE_MS = 60_000;

/** The minutes after the first page at which it goes out again. */
const REPEATS = [5, 15] as const;
const HOURLY = 60;

/** A tick is due a little earlier in its run than the first page was in its own. */
const EARLY_MS = MINUTE_MS / 2;

function nextRepeat({ since, times }: Omit<Repeat, 'notBefore'>): Repeat {
  const minutes = REPEATS[times - 1] ?? (times - REPEATS.length) * HOURLY;
  return { since, times, notBefore: since + minutes * MINUTE_MS - EARLY_MS };
}

interface Divided {
  readonly repeats: readonly OutboxEntry[];
  readonly others: readonly OutboxEntry[];
}

/** The pages of an outbox that only wait to be repeated, and those that no channel, or not each, has taken. */
export function repeatsIn(outbox: readonly OutboxEntry[]): Divided {
  return {
    repeats: outbox.filter(({ repeat }) => repeat !== undefined),
    others: outbox.filter(({ repeat }) => repeat === undefined),
  };
}

/** What is sent now: what is pending, and what is to be repeated of the incidents that are open. */
export function withRepeats(
  outbox: readonly OutboxEntry[],
  { now, open }: { readonly now: number; readonly open: ReadonlySet<string> },
): { readonly sent: readonly OutboxEntry[]; readonly waiting: readonly OutboxEntry[] } {
  const left = outbox.filter(({ page, repeat }) => repeat === undefined || open.has(page.key));
  const isWaiting = ({ repeat }: OutboxEntry): boolean =>
    repeat !== undefined && now < repeat.notBefore;
  return {
    sent: left
      .filter((entry) => !isWaiting(entry))
      .map((entry) => ({
        ...entry,
        page: { ...entry.page, text: mayRepeat(entry.page.text) },
      })),
    waiting: left.filter(isWaiting),
  };
}

/**
 * The pages that are to be repeated after a round: those of critical incidents that were taken, and those that
 * waited. Of one incident the newest page is repeated. `left`: what is still pending.
 */
export function repeatsAfter(
  {
    sent,
    left,
    waiting,
  }: {
    readonly sent: readonly OutboxEntry[];
    readonly left: readonly OutboxEntry[];
    readonly waiting: readonly OutboxEntry[];
  },
  now: number,
): readonly OutboxEntry[] {
  const pending = new Set(left.map(({ page }) => page));
  const taken = sent.filter(
    ({ page }) =>
      !pending.has(page) &&
      page.severity === 'critical' &&
      (page.kind === 'opened' || page.kind === 'worsened'),
  );
  const repeats = [
    ...waiting,
    ...taken.map(({ page, channels, repeat = { since: now, times: 0 } }) => ({
      page,
      channels,
      repeat: nextRepeat({ since: repeat.since, times: repeat.times + 1 }),
    })),
  ];
  const newest = new Map(
    repeats.toSorted((one, two) => one.page.at - two.page.at).map((one) => [one.page.key, one]),
  );
  return [...newest.values()];
}
