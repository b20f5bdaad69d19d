import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { decided, UNCONFIRMED } from '../../../support/runs.ts';

/** What each run sees, with the minute in which it begins, and whether nobody answers its second look. */
type Story = readonly (readonly [minute: number, sees: Cluster, second?: 'unanswered'])[];

interface Played {
  /** `20 opened subject/node1`, one for each page. */
  readonly pages: readonly string[];
  readonly incidents: readonly Incident[];
}

async function played(story: Story): Promise<Played> {
  let incidents: readonly Incident[] = [];
  const pages: string[] = [];
  for (const [minute, sees, second] of story) {
    const facts = sees.facts({ now: NOW + minute * 60_000 });
    const decision =
      second === undefined
        ? await decided(facts, incidents)
        : await run(facts, incidents, UNCONFIRMED);
    incidents = decision.incidents;
    for (const { kind, key } of decision.pages) {
      pages.push(`${minute} ${kind} ${key.split('/').slice(1).join('/')}`);
    }
  }
  return { pages, incidents };
}

const SEVEN = cluster(7).listed();

describe('an incident that pages nobody hides no fault that does', () => {
  test('of all nodes, whose weak entries have aged out', async () => {
    const { pages } = await played([
      [0, SEVEN.weaken({})],
      [60, SEVEN.lose('neighbour', {})],
      [65, SEVEN.lose('neighbour', {})],
    ]);
    expect(pages.map((page) => page.replace(/^\d+ /, ''))).toEqual([
      'opened cluster/neighbours-flushed',
    ]);
  });

  test('of one node among them', async () => {
    const weak = SEVEN.weaken({});
    const lost = weak.lose('neighbour', { subject: 'master1' });
    const { pages } = await played([
      [0, weak],
      [20, weak],
      [60, lost],
      [65, lost],
    ]);
    expect(pages).toEqual(['60 opened subject/master1']);
  });

  test('of a weak node that one peer has lost', async () => {
    const weak = SEVEN.weaken({ subject: 'master1' });
    const lost = weak.lose('neighbour', { subject: 'master1', observer: 'node4' });
    const { pages } = await played([
      [0, weak],
      [10, lost],
      [15, lost],
      [20, lost],
    ]);
    expect(pages.map((page) => page.replace(/^\d+ /, ''))).toEqual(['opened pair/node4:master1']);
  });
});

test('a host of a large cluster that loses all others is no part of a small group', async () => {
  const many = cluster(80).listed();
  const lose = (on: Cluster, where: { observer?: string; subject?: string | string[] }): Cluster =>
    (['neighbour', 'fdb', 'route'] as const).reduce((sofar, table) => sofar.lose(table, where), on);
  const group = lose(many, { subject: ['node1', 'node2', 'node3'] });
  const flushed = lose(group, { observer: 'node9' });
  const { pages } = await played([
    [0, group],
    [20, group],
    [40, group],
    [60, flushed, 'unanswered'],
    [65, flushed],
    [70, flushed],
  ]);
  expect(pages.slice(1)).toEqual(['65 opened observer/node9']);
});

test('a host of three that loses all others is paged beside the node that was lost', async () => {
  const three = cluster(3).listed();
  const lost = three.lose('neighbour', { subject: 'master3' });
  const both = (['neighbour', 'fdb', 'route'] as const).reduce(
    (on, table) => on.lose(table, { observer: 'master1' }),
    lost,
  );
  const { pages } = await played([
    [0, lost],
    [60, both],
    [65, both],
  ]);
  expect(pages).toContain('60 opened observer/master1');
});
