import type { Problem } from '../shared/contract/report.ts';
import { type Incident, isOpen } from '../shared/core/incident/incident.ts';
import type { Decision } from '../shared/core/run/run.ts';
import { changeOf, eventOf, type IncidentChange } from '../shared/core/telemetry/events.ts';
import { type Deadline, earlier, within } from './deadline.ts';
import { deliver, type DeliveryRound, pendingAfter, pendingIn } from './deliver.ts';
import { errorText } from './error-text.ts';
import type { Invocation, Systems } from './invocation.ts';
import type { Lease } from './systems/incident-store/incident-store.ts';
import type { OutboxEntry, State } from './systems/incident-store/stored.ts';
import { repeatsAfter, repeatsIn, withRepeats } from './repeats.ts';
import { log } from './systems/log.ts';
import type { PageChannel } from './systems/page-channel.ts';

/** What acting needs of an invocation. */
interface Acting extends Pick<Invocation, 'end'> {
  readonly settings: Pick<Invocation['settings'], 'cluster'>;
  readonly systems: Pick<Systems, 'channels' | 'telemetry'>;
}

/**
 * Sends what earlier runs have decided and could not send: their events, and their pages. What became of
 * the pages is stored at once: a run that dies later must not make the next one send them again.
 */
export async function actOnPending(invocation: Acting, lease: Lease): Promise<DeliveryRound> {
  const { systems, end } = invocation;
  const { changes, outbox } = lease.state;
  emitChanges(invocation, changes);
  const { repeats, others } = repeatsIn(outbox);
  const due = { outbox: others, channels: systems.channels, open: NOBODY };
  const round = await deliverUnder(lease, due, end);
  const delivered = { ...round, outbox: [...round.outbox, ...repeats] };
  if (lease.unstored() === undefined && isAlike(delivered.outbox, outbox)) return delivered;
  await saveAgain(invocation, lease, { ...lease.state, outbox: delivered.outbox });
  return delivered;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Whether nothing has become of the pages. */
function isAlike(one: readonly OutboxEntry[], other: readonly OutboxEntry[]): boolean {
  return pendingIn(one) === pendingIn(other) && lostIn(one) === lostIn(other);
}

/** How many answers have been lost. */
function lostIn(outbox: readonly OutboxEntry[]): number {
  const all = outbox.flatMap(({ lostAnswers = [] }) => lostAnswers);
  return all.reduce((sum, { times }) => sum + times, 0);
}

/** The next run repeats what cannot be crossed off, and loses nothing. */
async function saveAgain({ settings, end }: Acting, lease: Lease, state: State): Promise<void> {
  await lease.saveState(state, end).catch((error: unknown) => {
    log('outbox.save-failed', { cluster: settings.cluster, error: errorText(error) });
  });
}

interface Delivery {
  readonly outbox: readonly OutboxEntry[];
  readonly channels: readonly PageChannel[];
  /** The keys of the incidents that are open. */
  readonly open: ReadonlySet<string>;
}

/** Delivers pages; where the state is not stored, each says that it may repeat, and critical ones do. */
async function deliverUnder(
  lease: Lease,
  { outbox, channels, open }: Delivery,
  deadline: Deadline,
): Promise<DeliveryRound> {
  if (lease.unstored() === undefined) return await deliver(outbox, channels, deadline);
  const now = deadline.clock.now();
  const { sent, waiting } = withRepeats(outbox, { now, open });
  const round = await deliver(sent, channels, deadline);
  const repeats = repeatsAfter({ sent, left: round.outbox, waiting }, now);
  return { ...round, outbox: [...round.outbox, ...repeats] };
}

/** How long the run still has after its pages, to cross off what was taken and to remember the rest. */
const AFTER_PAGES_MS = 2000;

/** What pages have of the run, whatever the table takes before them. */
const PAGES_MS = 1500;

interface Acted extends DeliveryRound {
  /** What of the state could not be stored. */
  readonly problems: readonly Problem[];
}

/** Writes what was decided, then sends pages and events; what was not taken stays in the state. */
export async function act(
  invocation: Acting,
  lease: Lease,
  { decision, outbox }: { readonly decision: Decision; readonly outbox: DeliveryRound['outbox'] },
): Promise<Acted> {
  const { systems, end } = invocation;
  const { incidents, announcements } = decision;
  const now = end.clock.now();
  const { changes, cut } = bounded([
    ...lease.state.changes.filter(({ at }) => now - at < CHANGE_MS),
    ...announcements.map((one) => changeOf(one, now)),
  ]);
  const due = pendingAfter(decision, outbox, systems.channels);
  const state = { ...lease.state, incidents, outbox: due, changes };
  const problems = await lease.saveState(state, earlier(end, AFTER_PAGES_MS + PAGES_MS));
  emitChanges(
    invocation,
    announcements.map((one) => ({ ...one, at: now })),
  );
  const delivered = await deliverUnder(
    lease,
    { outbox: due, channels: systems.channels, open: openIn(incidents) },
    earlier(end, AFTER_PAGES_MS),
  );
  const left = (await areSent(invocation, changes)) ? [] : changes;
  const isUnstored = lease.unstored() !== undefined;
  if (isUnstored || !isAlike(delivered.outbox, due) || left.length < changes.length) {
    await saveAgain(invocation, lease, { ...state, outbox: delivered.outbox, changes: left });
  }
  return { ...delivered, problems: [...problems, ...cut] };
}

function openIn(incidents: readonly Incident[]): ReadonlySet<string> {
  return new Set(incidents.filter(isOpen).map(({ key }) => key));
}

/** How many changes are stored until they are sent, with at most 20 names each. */
const CHANGES_MAX = 200;

/** How long a change is stored for a backend that cannot be reached. */
const CHANGE_MS = 24 * 60 * 60 * 1000;

/** As many changes as are stored: an update is dropped before an incident's beginning or end. */
function bounded(all: readonly IncidentChange[]): {
  readonly changes: readonly IncidentChange[];
  readonly cut: readonly Problem[];
} {
  const excess = all.length - CHANGES_MAX;
  if (excess <= 0) return { changes: all, cut: [] };
  const updates = all.filter(({ kind }) => kind === 'updated').slice(0, excess);
  const others = all.filter(({ kind }) => kind !== 'updated').slice(0, excess - updates.length);
  const dropped = new Set([...updates, ...others]);
  const message = `${excess} events are sent by this run or never: no more than ${CHANGES_MAX} are stored for a later one`;
  return {
    changes: all.filter((one) => !dropped.has(one)),
    cut: [{ where: 'telemetry', message }],
  };
}

/** Logs and emits changes of incidents; what this process has emitted before goes nowhere again. */
function emitChanges({ systems, settings }: Acting, changes: readonly IncidentChange[]): void {
  for (const change of changes) {
    const { kind, reason, incident, at } = change;
    const id = `${incident.key} ${kind} ${at}`;
    const isNew = systems.telemetry.emitOnce(id, at, eventOf(settings.cluster, change));
    if (isNew) log(`incident.${kind}`, { reason, ...incident });
  }
}

/** How long the events of a run may take: they are sent before the run's end, so that none is lost with it. */
const EVENTS_MS = 2000;

/** Whether the backend has the events of these changes; a backend that wants none has them. */
async function areSent(
  { systems, end }: Acting,
  changes: readonly IncidentChange[],
): Promise<boolean> {
  if (changes.length === 0) return true;
  const until = within(EVENTS_MS, earlier(end, AFTER_PAGES_MS));
  const failures = await systems.telemetry.flushEvents(until);
  for (const failure of failures) log('telemetry.undelivered', { ...failure });
  return failures.every(({ pending }) => pending === 0);
}
