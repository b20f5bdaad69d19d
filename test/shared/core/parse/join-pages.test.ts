import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation, Tables } from '../../../../shared/core/overlay/vtep.ts';
import { joinPages } from '../../../../shared/core/parse/host-answer.ts';
import { anyFdbEntry, anyNeighbour, anyRoute } from '../../../support/entries.ts';

type Seen = Extract<Observation, { kind: 'tables' }>;

const DEVICE = { name: 'flannel.1', up: true, mac: '36:9b:9c:53:4a:10', addresses: [] };

function seen(tables: Tables = {}): Seen {
  return {
    kind: 'tables',
    host: { node: 'node1', instanceId: 'mi-1', bootId: 'b-1' },
    tables: { devices: [DEVICE], neighbours: [], fdb: [], routes: [], ...tables },
    verbatim: [],
    unread: [],
  };
}

const SILENT: Observation = {
  kind: 'unknown',
  instanceId: 'mi-1',
  reason: 'no answer yet (Delayed)',
  error: 'timeout',
};

describe('joinPages', () => {
  test('tables that are dealt out onto pages come together again', () => {
    const deal = <T>(entries: readonly T[], pages: number, page: number): readonly T[] =>
      entries.filter((_, at) => at % pages === page);
    fc.assert(
      fc.property(
        fc.record({
          neighbours: fc.array(anyNeighbour),
          fdb: fc.array(anyFdbEntry),
          routes: fc.array(anyRoute),
        }),
        fc.integer({ min: 1, max: 9 }),
        ({ neighbours, fdb, routes }, pages) => {
          const dealt = [...Array(pages).keys()].map((page): Observation =>
            seen({
              neighbours: deal(neighbours, pages, page),
              fdb: deal(fdb, pages, page),
              routes: deal(routes, pages, page),
            }),
          );
          const joined = dealt.reduce(joinPages);
          if (joined.kind !== 'tables') throw new Error(JSON.stringify(joined));
          expect(new Set(joined.tables.neighbours)).toEqual(new Set(neighbours));
          expect(new Set(joined.tables.fdb)).toEqual(new Set(fdb));
          expect(new Set(joined.tables.routes)).toEqual(new Set(routes));
          expect(joined.tables.devices).toEqual([DEVICE]);
        },
      ),
    );
  });

  test('the host was last seen when it answered its last page', () => {
    const at = (uptimeSeconds: number | undefined): Seen => ({
      ...seen(),
      host: { ...seen().host, uptimeSeconds },
    });
    const uptimeOf = (one: Observation): number | undefined =>
      one.kind === 'tables' ? one.host.uptimeSeconds : -1;
    expect(uptimeOf(joinPages(at(100), at(103)))).toBe(103);
    expect(uptimeOf(joinPages(at(103), at(100)))).toBe(103);
    expect(uptimeOf(joinPages(at(103), at(undefined)))).toBeUndefined();
  });

  test('a page that is not known makes the host unknown', () => {
    expect([SILENT, seen(), seen()].reduce<Observation>(joinPages, seen())).toEqual(SILENT);
    expect([seen(), seen(), SILENT].reduce<Observation>(joinPages, seen())).toEqual(SILENT);
  });

  test('a table that one page does not show is not known', () => {
    const unread = ['fdb could not be read: timeout'];
    const half = { ...seen({ fdb: undefined }), unread };
    for (const joined of [joinPages(seen(), half), joinPages(half, seen())]) {
      expect(joined).toMatchObject({ tables: { fdb: undefined, routes: [] }, unread });
    }
    expect(joinPages(half, half)).toMatchObject({ unread });
  });

  test.for([
    ['the host booted', { ...seen(), host: { ...seen().host, bootId: 'b-2' } }],
    ['the host got another name', { ...seen(), host: { ...seen().host, node: 'node2' } }],
    ['its VXLAN devices changed', seen({ devices: [{ ...DEVICE, mac: '36:9b:9c:53:4a:11' }] })],
    ['its VXLAN devices changed', seen({ devices: [] })],
  ] as const)('%s between two pages: unknown', ([why, other]) => {
    expect(joinPages(seen(), other)).toEqual({
      kind: 'unknown',
      instanceId: 'mi-1',
      node: 'node1',
      reason: `${why} while its tables were read page by page`,
      error: 'bad_output',
    });
  });
});
