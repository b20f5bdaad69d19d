import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Table } from '../../../../shared/contract/causes.ts';
import type { ReportedEntry } from '../../../../shared/contract/report.ts';
import { coverOf } from '../../../../shared/core/incident/footprint.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Decision } from '../../../../shared/core/run/run.ts';
import { cluster } from '../../../support/cluster.ts';
import { drawn } from '../../../support/matrix.ts';
import { decisions, type Run } from '../../../support/runs.ts';

const SIZE = 5;
const WELL = cluster(SIZE).listed();
const TWELVE = cluster(12).listed();
const SILENT = WELL.silence(...WELL.names);

const cell = fc.constantFrom('.', '.', '.', '.', 'N', 'N', 'F', 'NR', 'NFR', 'n', 'w');
const row = fc.tuple(
  fc.constantFrom('', '', '', '', '', '?', '!', '~', '-N'),
  fc.array(cell, { minLength: SIZE, maxLength: SIZE }),
);
const anyDrawing = fc
  .array(row, { minLength: SIZE, maxLength: SIZE })
  .map((rows) =>
    rows.map(([mark, cells], at) => `${WELL.names[at]}${mark} ${cells.join(' ')}`).join('\n'),
  );

/** A run sees a drawing, a healthy cluster or nobody, and its second look confirms all or nothing. */
const anyHistory = fc.array(
  fc.tuple(fc.oneof(anyDrawing, fc.constantFrom('well', 'silent')), fc.boolean()),
  { maxLength: 8 },
);

type History = readonly (readonly [string, boolean])[];

/** A drift is one of several causes of the cluster; its host's own row is wrong again when that is over. */
const DRIFT_AMONG_OTHERS: History = [
  [
    'master1~ . . . . .\nmaster2 . . . . .\nmaster3 . . . . .\nnode1 . NFR NR . F\nnode2 . . n . .',
    true,
  ],
  ['well', false],
  [
    'master1 . . . NFR N\nmaster2 . . . N .\nmaster3 . . . . .\nnode1 . . . . .\nnode2 . . . . .',
    false,
  ],
];

function runsOf(history: History): readonly Run[] {
  return history.map(([sight, confirmed]) => ({
    sees: sight === 'well' ? WELL : sight === 'silent' ? SILENT : drawn(sight, WELL),
    confirmed,
  }));
}

/** Which entry is meant, whatever is wrong with it. */
function placeOf({
  observer,
  subject,
  table,
}: Pick<ReportedEntry, 'observer' | 'subject' | 'table'>): string {
  return `${observer} ${subject} ${table}`;
}

/** Replays a history from its first run on. */
async function replay(history: History): Promise<readonly Decision[]> {
  return await decisions(runsOf(history));
}

describe('whatever the history', () => {
  test('of every key, pages open and resolve in turn', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const open = new Set<string>();
        for (const { pages } of await replay(history)) {
          for (const { kind, key } of pages) {
            expect(open.has(key)).toBe(kind !== 'opened');
            if (kind === 'opened') open.add(key);
            if (kind === 'resolved') open.delete(key);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('nothing opens and nothing resolves while nobody answers', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const last = (await replay([...history, ['silent', true]])).at(-1);
        expect(last?.announcements).toEqual([]);
        expect(last?.incidents).toEqual((await replay(history)).at(-1)?.incidents ?? []);
      }),
      { numRuns: 100 },
    );
  });

  test('two runs that see everybody well leave no incident', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const well = ['well', false] as const;
        const last = (await replay([...history, well, well])).at(-1);
        // One that flaps waits with its end, and a resolved one is remembered in case it relapses.
        const left = last?.incidents.filter(({ phase }) => phase !== 'resolved') ?? [];
        expect(left.filter(({ reason }) => reason !== 'flapping')).toEqual([]);
        const open = last?.reported.filter(({ phase }) => phase !== 'resolved') ?? [];
        expect(open.map(({ key }) => key)).toEqual(left.map(({ key }) => key));
      }),
      { numRuns: 100 },
    );
  });

  test('nothing resolves while one of its entries is gone, and no open incident has it', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const runs = runsOf(history);
        const made = await decisions(runs);
        for (const [at, { announcements, incidents }] of made.entries()) {
          const { cells } = judge(runs[at]?.sees.facts() ?? WELL.facts()).matrix;
          const gone = new Set(
            cells.flatMap(({ observer, subject, entries }) =>
              entries.map(({ wanted: { table } }) =>
                placeOf({ observer, subject, table: table === 'direct' ? 'route' : table }),
              ),
            ),
          );
          const over = announcements.filter(({ kind }) => kind === 'resolved');
          // What a drift has flushed on the subject itself is reported with it, is not of its footprint, and
          // may outlast it.
          const accused = over.flatMap(({ incident: { key, entries } }) => {
            const before = made[at - 1]?.incidents.find((one) => one.key === key);
            return before === undefined ? [] : entries.filter(coverOf(before.footprint));
          });
          // What is left of an incident may be part of another one, which is open.
          const others = new Set(
            incidents
              .filter(({ phase }) => phase === 'open')
              .flatMap(({ reported }) => reported.entries.map(placeOf)),
          );
          const untrue = accused
            .map(placeOf)
            .filter((place) => gone.has(place) && !others.has(place));
          expect(untrue).toEqual([]);
        }
      }),
      { numRuns: 100, examples: [[DRIFT_AMONG_OTHERS]] },
    );
  });

  test('an unconfirmed look pages nobody', async () => {
    await fc.assert(
      fc.asyncProperty(anyDrawing, async (drawing) => {
        const [only] = await replay([[drawing, false]]);
        expect(only?.pages).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('no key comes twice in what is remembered', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        for (const { incidents } of await replay(history)) {
          // One that is over may have the key of a suspicion, which nobody was told of.
          const standing = incidents.filter(({ phase }) => phase !== 'resolved');
          const keys = standing.map(({ key }) => key);
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('what one run shows of three nodes or more with one cause is paged under one key', async () => {
    const damage = fc.record({
      table: fc.constantFrom<Table>('neighbour', 'fdb', 'route'),
      of: fc.constantFrom('subject', 'observer'),
      nodes: fc.subarray([...TWELVE.names], { minLength: 3, maxLength: 9 }),
      fixed: fc.array(fc.nat({ max: 12 }), { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ table, of, nodes, fixed }) => {
        // The peers, or the hosts themselves, are fixed one after the other.
        const seen = [0, ...fixed.toSorted((one, two) => one - two)].map((count) =>
          of === 'subject'
            ? TWELVE.lose(table, { subject: nodes, observer: TWELVE.names.slice(count) })
            : TWELVE.lose(table, { observer: nodes.slice(count) }),
        );
        const made = await decisions([...seen, TWELVE, TWELVE].map((sees) => ({ sees })));
        const pages = made.flatMap((one) => one.pages);
        expect(new Set(pages.map(({ key }) => key)).size).toBe(1);
        expect(pages.map(({ kind }) => kind)).toEqual(['opened', 'resolved']);
      }),
      { numRuns: 40 },
    );
  });

  test('a fault of a node that no open incident has is paged, whatever is open', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(TWELVE.names.slice(1), { minLength: 1, maxLength: 9 }),
        fc.constantFrom('subject', 'observer'),
        fc.nat({ max: 6 }),
        async (nodes, of, quiet) => {
          const before = TWELVE.lose('neighbour', { [of]: nodes });
          const later = before.lose('route', { subject: TWELVE.names[0] ?? '' });
          const runs = [...Array.from({ length: quiet + 1 }, () => before), later, later, later];
          const made = await decisions(runs.map((sees) => ({ sees })));
          const opened = made.slice(quiet + 1).flatMap((one) => one.pages);
          expect(opened.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
            `opened prod/subject/${TWELVE.names[0]}`,
          ]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
