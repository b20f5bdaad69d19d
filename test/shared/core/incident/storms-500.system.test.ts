import { describe, expect, test } from 'vitest';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { decided } from '../../../support/runs.ts';

const ALL = cluster(500).listed();
const MANY = ALL.names.slice(-200);
const LATER = 'node1';

const lost = ALL.lose('neighbour', { subject: MANY });
const flushed = ALL.lose('neighbour', { observer: MANY });

/** What each run sees, and at which minute. */
type Story = readonly (readonly [minute: number, sees: Cluster])[];

/** The pages of a story: `0 opened group/neighbour-missing`. */
async function pagesOf(story: Story): Promise<readonly string[]> {
  let incidents: readonly Incident[] = [];
  const pages: string[] = [];
  for (const [minute, sees] of story) {
    const decision = await decided(sees.facts({ now: NOW + minute * 60_000 }), incidents);
    ({ incidents } = decision);
    for (const { kind, key } of decision.pages) {
      pages.push(`${minute} ${kind} ${key.split('/').slice(1).join('/')}`);
    }
  }
  return pages;
}

describe(
  '200 of 500 nodes are one page, and a second fault two hours later is another',
  {
    timeout: 240_000,
  },
  () => {
    test.for<readonly [string, Cluster, Cluster, readonly [string, string]]>([
      [
        'of another table, of a node that others have lost',
        lost,
        lost.lose('route', { subject: LATER }),
        ['group/neighbour-missing', `subject/${LATER}`],
      ],
      [
        'of the same cause',
        lost,
        lost.lose('neighbour', { subject: LATER }),
        ['group/neighbour-missing', `subject/${LATER}`],
      ],
      [
        'of a host that loses its own table, as the 200 did',
        flushed,
        flushed.lose('neighbour', { observer: LATER }),
        ['group/neighbours-flushed/observers', `observer/${LATER}`],
      ],
    ])('%s', async ([, one, both, [first, second]]) => {
      const story: Story = [
        [0, one],
        [5, one],
        [10, one],
        [15, one],
        [120, one],
        [125, both],
        [130, ALL],
        [135, ALL],
      ];
      expect(await pagesOf(story)).toEqual([
        `0 opened ${first}`,
        `125 opened ${second}`,
        `135 resolved ${first}`,
        `135 resolved ${second}`,
      ]);
    });
  },
);
