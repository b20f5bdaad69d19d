/**
 * The event that asks the function for a run which stores nothing and pages nobody. A function of an earlier
 * version does not know `noPage`: it would run, and page. But every version refuses an event whose time is none,
 * so it refuses this one.
 */
export const NO_PAGE_EVENT = { noPage: true, scheduledTime: 'none' } as const;

/** How the error of a function begins that takes no such event. */
export const EVENT_REFUSED = 'reading the event:';
