import type { Page } from '../../../shared/core/page/page.ts';
import type { IncidentChange } from '../../../shared/core/telemetry/events.ts';
import { errorText } from '../../error-text.ts';
import { log } from '../log.ts';
import {
  type IncidentStore,
  type Lease,
  NOTHING_REMEMBERED,
  type Refusal,
  StateOvertaken,
  type Tick,
} from './incident-store.ts';
import { NOTHING_STORED, type State } from './stored.ts';

/** What the function's process remembers of the last run. */
interface Recollection extends Pick<Lease, 'state' | 'memory' | 'nodeList'> {
  /** ISO 8601. */
  readonly tick: string;
  /** When that run began, epoch milliseconds. */
  readonly at: number;
  /** The version of the table's state that this is, or that it follows. */
  readonly version: number;
  /** Whether this state is newer than the table's. */
  readonly isAhead: boolean;
}

/**
 * How old a recollection of incidents may be, two ticks of the default schedule: in the meantime another
 * process may have opened or resolved some.
 */
const RECOLLECTION_MS = 11 * 60_000;

/**
 * Remembers in the process what the table is for, so that a run pages although the table is away. Its pages
 * may come twice: a process that begins meanwhile knows nothing of them. Their keys are the same.
 */
export function withRecollection(store: IncidentStore): IncidentStore {
  let last: Recollection | undefined;
  const remember = (some: Partial<Recollection>): void => {
    if (last !== undefined) last = { ...last, ...some };
  };
  return {
    acquire: async (tick, deadline) => {
      try {
        const lease = await store.acquire(tick, deadline);
        if (lease.kind === 'refused') return lease;
        const state =
          last?.isAhead === true ? unrepeated(broughtBack(last, lease, tick)) : lease.state;
        last = {
          tick: tick.scheduledTime,
          at: tick.now,
          state,
          memory: lease.memory,
          nodeList: lease.nodeList,
          version: lease.version(),
          isAhead: state !== lease.state,
        };
        return remembered({ ...lease, state }, remember);
      } catch (error) {
        log('state.unavailable', { error: errorText(error) });
        const refusal = refused(last, tick);
        if (refusal !== undefined) return refusal;
        last = { ...usable(last, tick), tick: tick.scheduledTime, at: tick.now };
        return unstored(last, error, remember);
      }
    },
  };
}

/** What a run without the table goes on from. */
function usable(last: Recollection | undefined, { now }: Tick): Omit<Recollection, 'tick' | 'at'> {
  if (last === undefined) {
    const [state, memory] = [NOTHING_STORED, NOTHING_REMEMBERED];
    return { state, memory, nodeList: undefined, version: -1, isAhead: false };
  }
  if (now - last.at <= RECOLLECTION_MS) return last;
  // A fault that opens again is paged again. One that another process has resolved would not be paged at all.
  const outbox = last.isAhead ? last.state.outbox : [];
  const changes = last.isAhead ? last.state.changes : [];
  return { ...last, state: { ...NOTHING_STORED, outbox, changes }, version: -1 };
}

/**
 * What this process knows and the table does not, once the table is back: all of it where nobody has written
 * since. Else the incidents that were paged and of which the table has no later word, so that they are
 * resolved, and their pending pages, unless those are old.
 */
function broughtBack({ state, version, at }: Recollection, lease: Lease, { now }: Tick): State {
  if (version === lease.version()) return state;
  const { incidents, outbox, changes } = lease.state;
  const theirs = new Set(
    incidents.flatMap(({ key, phase, resolvedAt = 0 }) =>
      phase === 'open' || (phase === 'resolved' && resolvedAt >= at) ? [key] : [],
    ),
  );
  const mine = state.incidents.filter(
    ({ key, phase, paged }) => phase === 'open' && paged !== undefined && !theirs.has(key),
  );
  const replaced = new Set(mine.map(({ key }) => key));
  const pending = new Set(outbox.map(({ page }) => nameOf(page)));
  const isFresh = now - at <= RECOLLECTION_MS;
  const known = new Set(changes.map(changeName));
  return {
    ...lease.state,
    incidents: [...incidents.filter(({ key }) => !replaced.has(key)), ...mine],
    outbox: [
      ...outbox,
      ...state.outbox.filter(
        ({ page }) => isFresh && !theirs.has(page.key) && !pending.has(nameOf(page)),
      ),
    ],
    changes: [...changes, ...state.changes.filter((one) => !known.has(changeName(one)))],
  };
}

/** A page that only waits to be repeated has gone out, and now that is stored. */
function unrepeated(state: State): State {
  return { ...state, outbox: state.outbox.filter(({ repeat }) => repeat === undefined) };
}

function changeName({ incident, kind, at }: IncidentChange): string {
  return `${incident.key} ${kind} ${at}`;
}

function nameOf({ key, kind, at }: Page): string {
  return `${key} ${kind} ${at}`;
}

/** What the table would refuse, as far as this process knows. */
function refused(last: Recollection | undefined, { scheduledTime }: Tick): Refusal | undefined {
  if (last === undefined || last.tick < scheduledTime) return undefined;
  return { kind: 'refused', reason: `the tick of ${scheduledTime} has run already` };
}

/** A lease whose state is remembered as well; from the first write that fails it is remembered alone. */
function remembered(lease: Lease, remember: (some: Partial<Recollection>) => void): Lease {
  let trouble: Error | undefined;
  let isWritten = false;
  return {
    ...lease,
    unstored: () => trouble,
    saveState: async (state, deadline) => {
      if (trouble === undefined) {
        try {
          const problems = await lease.saveState(state, deadline);
          isWritten = true;
          remember({ state, version: lease.version(), isAhead: false });
          return problems;
        } catch (error) {
          if (error instanceof StateOvertaken) throw error;
          remember({ state, isAhead: true });
          if (isWritten) throw error;
          trouble = asError(error);
          return [];
        }
      }
      remember({ state, isAhead: true });
      return [];
    },
    saveMemory: async (memory, deadline) => {
      remember({ memory });
      await lease.saveMemory(memory, deadline);
    },
    saveNodeList: async (nodeList, deadline) => {
      remember({ nodeList });
      await lease.saveNodeList(nodeList, deadline);
    },
  };
}

/** The lease of a run that could not reach the table. */
function unstored(
  { state, memory, nodeList, version }: Recollection,
  error: unknown,
  remember: (some: Partial<Recollection>) => void,
): Lease {
  const trouble = asError(error);
  return {
    kind: 'lease',
    state,
    memory,
    nodeList,
    problems: [],
    version: () => version,
    unstored: () => trouble,
    saveState: async (next) => {
      remember({ state: next, isAhead: true });
      return [];
    },
    saveMemory: async (next) => remember({ memory: next }),
    saveNodeList: async (next) => remember({ nodeList: next }),
    release: async () => {},
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
