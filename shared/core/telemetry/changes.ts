import type { Announcement } from '../incident/advance.ts';
import { parseTime } from '../time.ts';
import type { IncidentChange } from './events.ts';

/** What was announced, as the events tell it. `now` in epoch milliseconds. */
export function changesOf(
  announcements: readonly Announcement[],
  now: number,
): readonly IncidentChange[] {
  return announcements.map(({ kind, incident, before }): IncidentChange => {
    switch (kind) {
      case 'opened':
        return { kind, incident };
      case 'worsened':
      case 'updated':
        return {
          kind: 'updated',
          incident,
          previousMissingPeers: before?.missingPeers ?? incident.missingPeers,
        };
      case 'resolved':
        return {
          kind,
          incident,
          durationSeconds: (now - (parseTime(incident.since) ?? now)) / 1000,
        };
    }
  });
}
