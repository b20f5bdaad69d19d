/**
 * Times as the core knows them: epoch milliseconds that came in from outside, and their ISO 8601
 * text. The core owns no clock, so it does not use `Date` either.
 */

const DAY_MS = 86_400_000;

/** `2026-11-23T09:00:00Z`, with or without fractions, as Kubernetes and this program write it. */
export function parseTime(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z$/.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1, 7)
    .map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const fraction = Math.floor(Number(found[7] ?? 0) * 1000);
  const clock = ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction;
  const days = daysFromEpoch(year, month, day);
  // A day that its month does not have comes back as another date.
  const isDate = dateOf(days).join() === [year, month, day].join();
  return isDate ? days * DAY_MS + clock : undefined;
}

/** `2026-11-23T09:00:00.000Z` */
export function formatTime(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const clock = Math.floor(epochMs - days * DAY_MS);
  const [year, month, day] = dateOf(days);
  const hours = pad(Math.floor(clock / 3_600_000), 2);
  const minutes = pad(Math.floor(clock / 60_000) % 60, 2);
  const seconds = pad(Math.floor(clock / 1000) % 60, 2);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${hours}:${minutes}:${seconds}.${pad(clock % 1000, 3)}Z`;
}

/** `0.452 s`, `45.0 s`, `4 min 10 s`, `3 h 2 min`: as a person says how long something took. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(3)} s`;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100
    ? `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Days from 1970-01-01 in the Gregorian calendar; a year is counted from March, so that its leap
 * day is its last. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leaps + dayOfYear - 719_468;
}

function dateOf(days: number): readonly [number, number, number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - (365 * yearOfEra + leapDays);
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
