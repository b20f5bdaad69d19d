import { wakes } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import { type Limits, REMINDER_LIMITS, type ReminderChannel } from '../../contract/settings.ts';
import { type Incident, isOpen } from './incident.ts';

/** What is still open, and the channels that want to be reminded of it now. */
interface Reminder {
  readonly incident: ReportedIncident;
  readonly channels: readonly ReminderChannel[];
}

interface Reminding {
  readonly incidents: readonly Incident[];
  readonly reminders: readonly Reminder[];
}

const HOUR_MS = 60 * 60 * 1000;

/** Runs do not begin to the second: a reminder is due in the run nearest to its hour. */
const EARLY_MS = 30_000;

/**
 * Finds the open incidents of which people were last paged or reminded so many hours ago. `paged`: the keys
 * for which this run pages. The hours begin with such a page, or with the run that first knows of the
 * setting. What waits with its end is no matter for a reminder.
 */
export function remind(
  incidents: readonly Incident[],
  paged: ReadonlySet<string>,
  { now, limits }: { readonly now: number; readonly limits: Limits },
): Reminding {
  const wanted = Object.entries(REMINDER_LIMITS).flatMap(([channel, name]) => {
    const hours = limits[name];
    return isChannel(channel) && hours !== undefined ? [{ channel, hours }] : [];
  });
  const each = incidents.map((incident) => {
    const { reported, remindedAt = {} } = incident;
    const isPaged = isOpen(incident) && incident.paged !== undefined;
    if (wanted.length === 0 || !isPaged) return { incident, channels: [] };
    const before = paged.has(incident.key) ? {} : remindedAt;
    const isDue = incident.cleanSince === undefined && wakes(reported);
    const due = wanted.filter(
      ({ channel, hours }) => isDue && now - (before[channel] ?? now) >= hours * HOUR_MS - EARLY_MS,
    );
    const channels = due.map(({ channel }) => channel);
    const times = wanted.map(({ channel }) => [
      channel,
      channels.includes(channel) ? now : (before[channel] ?? now),
    ]);
    return { incident: { ...incident, remindedAt: Object.fromEntries(times) }, channels };
  });
  return {
    incidents: each.map(({ incident }) => incident),
    reminders: each.flatMap(({ incident: { reported }, channels }) =>
      channels.length === 0 ? [] : [{ incident: reported, channels }],
    ),
  };
}

function isChannel(text: string): text is ReminderChannel {
  return Object.hasOwn(REMINDER_LIMITS, text);
}
