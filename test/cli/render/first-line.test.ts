import { describe, expect, test } from 'vitest';
import { renderReport } from '../../../cli/render/report.ts';
import { recorded } from '../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../shared/core/run/report.ts';
import { run } from '../../../shared/core/run/run.ts';
import type { Facts } from '../../../shared/core/facts.ts';
import type { Observation } from '../../../shared/core/overlay/vtep.ts';
import { cluster, NOW } from '../../support/cluster.ts';

async function firstLineOf(facts: Facts): Promise<string> {
  const report = reportOf(await run(facts, [], recorded([])));
  return renderReport(report).split('\n')[0] ?? '';
}

const isDiskFull = (one: Observation): Observation =>
  one.kind === 'unknown' ? { ...one, silence: 'disk-full' } : one;

/** A Windows node, or one of another overlay: flannel has not annotated it, and it has no device. */
const bare = (name: string) => ({ name, internalIps: [], podCidrs: [], annotated: [] });

describe('the first line of a report', () => {
  test('counts, and names who was not checked with the reason', async () => {
    const joined = NOW - 30_000;
    const { observations, ...facts } = cluster(60)
      .listed((node) => (node.name === 'node7' ? { ...node, createdAt: joined } : node))
      .silence('node9')
      .facts();
    expect(await firstLineOf({ ...facts, observations: observations.map(isDiskFull) })).toMatch(
      /^cluster prod: healthy; canal overlay; 58 of 60 nodes checked; not checked: node7 \(joining: [^)]+\), node9 \(no answer: disk full\?\)$/,
    );
  });

  test('names nodes that are not in the overlay, which count neither for nor against it', async () => {
    const seen = cluster(6).listed();
    const { nodes, ...facts } = seen.facts();
    if (nodes.kind !== 'read') throw new Error('the cluster is listed');
    const list = [...nodes.after, bare('windows1'), bare('windows2')];
    expect(await firstLineOf({ ...facts, nodes: { ...nodes, before: list, after: list } })).toBe(
      'cluster prod: healthy; canal overlay; 6 of 6 nodes checked; not in the overlay: windows1, windows2',
    );
  });

  test('stays short at 500 nodes, whatever is wrong: five names and a count', async () => {
    const seen = cluster(500).listed();
    const { observations, nodes, ...facts } = seen.silence(...seen.names.slice(300)).facts();
    if (nodes.kind !== 'read') throw new Error('the cluster is listed');
    const others = Array.from({ length: 40 }, (_, at) => bare(`windows${at}`));
    const list = [...nodes.after, ...others];
    const line = await firstLineOf({
      ...facts,
      observations,
      nodes: { ...nodes, before: list, after: list },
    });
    expect(line).toMatch(
      /; 300 of 500 nodes checked; not checked: (\S+ \(no answer\), ){5}195 more; not in the overlay: (\S+ ){5}35 more$/,
    );
    expect(line.length).toBeLessThan(400);
  });
});
