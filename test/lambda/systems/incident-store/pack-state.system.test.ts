import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { NOTHING_STORED, type State } from '../../../../lambda/systems/incident-store/stored.ts';
import { cluster } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';
import { leaseOf, soon, tickAt, useTable } from './store.ts';

const table = useTable();

/** A real incident, of 59 observers, and its page. */
const facts = cluster(60).lose('neighbour', { subject: 'node3' }).facts();
const { incidents, pages } = await decided(facts);
const OPEN = incidents[0] ?? never();
const PAGE = pages[0] ?? never();

function never(): never {
  throw new Error('the cluster has no incident');
}

/** Text that no compression makes shorter than half of it. */
function noise(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

function noisyEntries(incident: Incident, bytes: number): Incident {
  const entries = incident.reported.entries.map((entry) => ({ ...entry, expected: noise(bytes) }));
  return { ...incident, reported: { ...incident.reported, entries } };
}

function many(count: number, make: (at: number) => Incident): readonly Incident[] {
  return Array.from({ length: count }, (_, at) => ({
    ...make(at),
    key: `large/subject/node${at}`,
  }));
}

/** What the next run reads of a state. */
async function readBack(name: string, state: State): Promise<State> {
  const store = table.store(name);
  const lease = await leaseOf(store, tickAt(0));
  await lease.saveState(state, soon());
  await lease.release(soon());
  return (await leaseOf(store, tickAt(1))).state;
}

describe('a state', () => {
  const outbox = [{ page: PAGE, channels: ['sns'] }];

  test('that fits an item is stored as it is', async () => {
    const state = { ...NOTHING_STORED, incidents: many(20, () => noisyEntries(OPEN, 20)), outbox };
    expect(await readBack('fits', state)).toEqual(state);
  });

  test('that does not is stored with a few of each incident’s entries', async () => {
    const state = { ...NOTHING_STORED, incidents: many(300, () => noisyEntries(OPEN, 40)), outbox };
    const read = await readBack('long', state);
    expect(read.outbox).toEqual(outbox);
    expect(read.incidents).toEqual(
      state.incidents.map((incident) => ({
        ...incident,
        reported: {
          ...incident.reported,
          entries: incident.reported.entries.slice(0, 3),
          evidence: incident.reported.evidence.slice(0, 3),
          fix: incident.reported.fix.slice(0, 3),
        },
      })),
    );
  });

  test('that does not even so is stored without what is only suspected', async () => {
    const state = {
      ...NOTHING_STORED,
      incidents: many(2000, (at) => ({
        ...OPEN,
        phase: at < 100 ? 'open' : 'suspected',
        footprint: {
          ...OPEN.footprint,
          blocks: OPEN.footprint.blocks.map((one) => ({ ...one, observers: [noise(400)] })),
        },
      })),
      outbox,
    };
    const read = await readBack('longer', state);
    expect(read.outbox).toEqual(outbox);
    expect(read.incidents.map(({ key, footprint: kept }) => [key, kept])).toEqual(
      state.incidents.slice(0, 100).map(({ key, footprint: kept }) => [key, kept]),
    );
  });

  test('with scattered cells all over the cluster is stored coarsely, and the run says so', async () => {
    const names = Array.from({ length: 1000 }, () => noise(12));
    const scattered = (): Incident['footprint'] => ({
      ...OPEN.footprint,
      blocks: names.map((name) => ({
        observers: [name],
        subjects: names.filter(() => randomInt(25) === 0),
      })),
    });
    const state = {
      ...NOTHING_STORED,
      incidents: many(6, () => ({ ...OPEN, footprint: scattered() })),
      outbox,
    };
    const lease = await leaseOf(table.store('scattered', 3), tickAt(0));
    expect(await lease.saveState(state, soon())).toEqual([
      {
        where: 'DynamoDB',
        message: expect.stringContaining('too large for an item: the cells of large incidents'),
      },
    ]);
    await lease.release(soon());
    const read = await leaseOf(table.store('scattered', 3), tickAt(1));
    expect(read.state.incidents.map((one) => one.footprint.blocks.length)).toEqual(
      Array.from({ length: 6 }, () => 1),
    );
    expect(read.state.outbox).toEqual(outbox);
  });

  test('of which nothing else helps keeps the incidents that people were woken for', async () => {
    const key = noise(500);
    const state = {
      ...NOTHING_STORED,
      incidents: many(1200, (at) => ({
        ...OPEN,
        paged: at < 1190 ? undefined : 'critical',
        reported: { ...OPEN.reported, severity: at < 1190 ? 'warning' : 'critical' },
        name: `${key}${noise(350)}`,
      })),
      outbox,
    };
    const lease = await leaseOf(table.store('last', 3), tickAt(0));
    const problem = (await lease.saveState(state, soon())).at(-1);
    expect(problem?.message).toMatch(/\d+ of \d+ open incidents were kept; the next run opens/);
    await lease.release(soon());
    const read = await leaseOf(table.store('last'), tickAt(1));
    expect(read.state.incidents.slice(0, 10).map(({ paged }) => paged)).toEqual(
      Array.from({ length: 10 }, () => 'critical'),
    );
    expect(read.state.incidents.length).toBeGreaterThan(100);
  });

  test('whose pages are too many for an item keeps all, with their first lines', async () => {
    const state = {
      ...NOTHING_STORED,
      incidents: [OPEN],
      outbox: Array.from({ length: 500 }, () => ({
        page: { ...PAGE, text: `CRITICAL\n${noise(1500)}` },
        channels: ['sns'],
      })),
    };
    const lease = await leaseOf(table.store('pages', 3), tickAt(0));
    const problems = await lease.saveState(state, soon());
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('the texts of 500 pending pages were cut'),
    );
    await lease.release(soon());
    const read = await leaseOf(table.store('pages', 3), tickAt(1));
    expect(read.state.outbox).toHaveLength(500);
    for (const { page } of read.state.outbox) expect(page.text).toMatch(/^CRITICAL\n/);
  });

  test('is written, whatever a newer version has left in it', async () => {
    const later = { key: 'newer/subject/node1', what: noise(400_000) };
    const state = {
      ...NOTHING_STORED,
      incidents: [OPEN],
      outbox,
      newer: { incidents: [later], outbox: [{ page: later }], changes: [{ incident: later }] },
    };
    const lease = await leaseOf(table.store('newer', 3), tickAt(0));
    const problems = await lease.saveState(state, soon());
    expect(problems.at(-1)?.message).toContain('of a newer version were not kept');
    await lease.release(soon());
    const read = (await leaseOf(table.store('newer', 3), tickAt(1))).state;
    expect(read.incidents.map(({ key }) => key)).toEqual([OPEN.key]);
    expect(read.outbox).toHaveLength(1);
  });
});
