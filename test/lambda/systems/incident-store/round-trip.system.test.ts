import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyMemory, anyState } from './samples.ts';
import { leaseOf, soon, tickAt, useTable } from './store.ts';

/** Each run is a write and a read of a table. */
const RUNS = 40;

const table = useTable();

test('whatever a run writes, the next one reads', async () => {
  let minute = 0;
  const store = table.store('lab');
  await fc.assert(
    fc.asyncProperty(anyState, anyMemory, async (state, memory) => {
      minute += 2;
      const lease = await leaseOf(store, tickAt(minute));
      await lease.saveState(state, soon());
      await lease.saveMemory(memory, soon());
      await lease.release(soon());
      const next = await leaseOf(store, tickAt(minute + 1));
      await next.release(soon());
      expect(next.state).toEqual(state);
      expect(next.memory).toEqual(memory);
    }),
    { numRuns: RUNS },
  );
});
