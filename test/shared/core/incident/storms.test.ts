import { describe, expect, test } from 'vitest';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { decided } from '../../../support/runs.ts';

const SIXTY = cluster(60).listed();
const TWELVE = SIXTY.names.slice(-12);
const LATER = 'node1';

/** The pages of runs at these minutes: `0 opened group/neighbour-missing`. */
async function pagesOf(runs: readonly (readonly [number, Cluster])[]): Promise<readonly string[]> {
  let incidents: readonly Incident[] = [];
  const pages: string[] = [];
  for (const [minute, sees] of runs) {
    const decision = await decided(sees.facts({ now: NOW + minute * 60_000 }), incidents);
    ({ incidents } = decision);
    for (const { kind, key } of decision.pages) {
      pages.push(`${minute} ${kind} ${key.split('/').slice(1).join('/')}`);
    }
  }
  return pages;
}

const lost = SIXTY.lose('neighbour', { subject: TWELVE });
const flushed = SIXTY.lose('neighbour', { observer: TWELVE });
const unheld = (['fdb', 'route'] as const).reduce(
  (on, table) => on.lose(table, { subject: TWELVE }),
  lost,
);
const TWO_HOURS = 120;

describe('twelve of sixty nodes are one page, and a second fault two hours later is another', () => {
  test.for<readonly [string, Cluster, Cluster, Cluster, readonly string[]]>([
    [
      'of another table, of a node that others have lost',
      lost,
      lost.lose('route', { subject: LATER }),
      SIXTY.lose('route', { subject: LATER }),
      ['group/neighbour-missing', `subject/${LATER}`],
    ],
    [
      'of the same cause',
      lost,
      lost.lose('neighbour', { subject: LATER }),
      SIXTY.lose('neighbour', { subject: LATER }),
      ['group/neighbour-missing', `subject/${LATER}`],
    ],
    [
      'while all twelve are silent',
      lost.silence(...TWELVE),
      lost.silence(...TWELVE).lose('route', { subject: LATER }),
      SIXTY.lose('route', { subject: LATER }),
      ['group/neighbour-missing', `subject/${LATER}`],
    ],
    [
      'of a host that loses its own table, as the twelve did',
      flushed,
      flushed.lose('neighbour', { observer: LATER }),
      SIXTY.lose('neighbour', { observer: LATER }),
      ['group/neighbours-flushed/observers', `observer/${LATER}`],
    ],
    [
      'of one of the twelve, in another table',
      flushed,
      flushed.lose('fdb', { subject: TWELVE[0] ?? '' }),
      SIXTY.lose('fdb', { subject: TWELVE[0] ?? '' }),
      ['group/neighbours-flushed/observers', `subject/${TWELVE[0]}`],
    ],
    [
      'of a host that loses its device, where nobody holds anything of the twelve',
      unheld,
      unheld.dropDevice(LATER),
      SIXTY.dropDevice(LATER),
      ['group/never-programmed', `observer/${LATER}`],
    ],
  ])('%s', async ([, one, both, second, keys]) => {
    const pages = await pagesOf([
      [0, one],
      [5, one],
      [10, one],
      [15, one],
      [TWO_HOURS, one],
      [TWO_HOURS + 5, both],
      [TWO_HOURS + 10, both],
      [TWO_HOURS + 15, second],
      [TWO_HOURS + 20, second],
      [TWO_HOURS + 25, SIXTY],
      [TWO_HOURS + 30, SIXTY],
    ]);
    expect(pages.slice(0, 2)).toEqual([
      `0 opened ${keys[0]}`,
      `${TWO_HOURS + 5} opened ${keys[1]}`,
    ]);
    expect(pages.slice(2).map((page) => page.replace(/^\d+ /, ''))).toEqual(
      keys.map((key) => `resolved ${key}`),
    );
  });
});
