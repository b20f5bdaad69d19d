import { parseTime } from '../../../shared/core/time.ts';
import { errorText } from '../../error-text.ts';
import { log } from '../log.ts';
import {
  type IncidentStore,
  type Lease,
  NOTHING_REMEMBERED,
  NOTHING_STORED,
  type Refusal,
  StateOvertaken,
  type Tick,
} from './incident-store.ts';

/** What the function's process remembers of the last run. */
interface Recollection extends Pick<Lease, 'state' | 'memory' | 'nodeList'> {
  /** ISO 8601. */
  readonly tick: string;
  /** The version of the table's state that this is, or that it follows. */
  readonly version: number;
  /** Whether this state is newer than the table's. */
  readonly isAhead: boolean;
}

/** Without a recollection, pages go out at ticks whose minute is a multiple of this. */
const BLANK_MINUTES = 5;

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
        const state = last?.isAhead === true && last.version === lease.version() ? last : lease;
        last = {
          tick: tick.scheduledTime,
          state: state.state,
          memory: lease.memory,
          nodeList: lease.nodeList,
          version: lease.version(),
          isAhead: state === last,
        };
        return remembered({ ...lease, state: state.state }, remember);
      } catch (error) {
        log('state.unavailable', { error: errorText(error) });
        const refusal = refused(last, tick);
        if (refusal !== undefined) return refusal;
        const isBlank = last === undefined;
        last = { ...(last ?? blank()), tick: tick.scheduledTime };
        return unstored(last, { remember, error, mayPage: !isBlank || isPageMinute(tick) });
      }
    },
  };
}

function blank(): Recollection {
  const state = NOTHING_STORED;
  const memory = NOTHING_REMEMBERED;
  return { tick: '', state, memory, nodeList: undefined, version: -1, isAhead: false };
}

function isPageMinute({ scheduledTime }: Tick): boolean {
  return Math.floor((parseTime(scheduledTime) ?? 0) / 60_000) % BLANK_MINUTES === 0;
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
          await lease.saveState(state, deadline);
          isWritten = true;
          return remember({ state, version: lease.version(), isAhead: false });
        } catch (error) {
          if (isWritten || error instanceof StateOvertaken) throw error;
          trouble = asError(error);
        }
      }
      remember({ state, isAhead: true });
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

interface Unstored {
  readonly remember: (some: Partial<Recollection>) => void;
  readonly error: unknown;
  readonly mayPage: boolean;
}

/** The lease of a run that could not reach the table. */
function unstored(
  { state, memory, nodeList, version }: Recollection,
  { remember, error, mayPage }: Unstored,
): Lease {
  const trouble = asError(error);
  return {
    kind: 'lease',
    state,
    memory,
    nodeList,
    problems: [],
    mayPage,
    version: () => version,
    unstored: () => trouble,
    saveState: async (next) => remember({ state: next, isAhead: true }),
    saveMemory: async (next) => remember({ memory: next }),
    saveNodeList: async (next) => remember({ nodeList: next }),
    release: async () => {},
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
