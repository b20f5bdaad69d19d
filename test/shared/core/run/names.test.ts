import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../../shared/core/run/report.ts';
import type { Facts } from '../../../../shared/core/facts.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { hostFigures } from '../../../../shared/core/telemetry/figures.ts';
import { cluster } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { decided } from '../../../support/runs.ts';

/** Names like those of what every object has, in the order of the names in whose place they stand. */
const NAMES = new Map([
  ['master1', 'constructor'],
  ['master2', 'hasownproperty'],
  ['master3', 'prototype'],
  ['node1', 'valueof'],
]);

function renamed(text: string): string {
  return [...NAMES].reduce(
    (sofar, [name, other]) => sofar.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), other),
    text,
  );
}

const FOUR = cluster(4);

function renamedFacts(facts: Facts): Facts {
  const of = (name: string): string => NAMES.get(name) ?? name;
  return {
    ...facts,
    nodes:
      facts.nodes.kind === 'read'
        ? {
            ...facts.nodes,
            before: facts.nodes.before.map((node) => ({ ...node, name: of(node.name) })),
            after: facts.nodes.after.map((node) => ({ ...node, name: of(node.name) })),
          }
        : facts.nodes,
    observations: facts.observations.map((one) =>
      one.kind === 'unknown'
        ? { ...one, node: one.node === undefined ? undefined : of(one.node) }
        : { ...one, host: { ...one.host, node: of(one.host.node) } },
    ),
  };
}

describe('nodes whose names every object has', () => {
  test.for([
    ['a list', FOUR.listed()],
    ['no list', FOUR],
  ] as const)('are nodes like others: %s', async ([, base]) => {
    const damaged = base
      .lose('neighbour', { subject: 'master2' })
      .change('fdb', { observer: 'master1', subject: 'node1' })
      .silence('master3');
    for (const deciding of [decided, settled]) {
      const usual = await deciding(damaged.facts());
      const odd = await deciding(renamedFacts(damaged.facts()));
      expect(odd.pages.map(({ text }) => text)).toEqual(
        usual.pages.map(({ text }) => renamed(text)),
      );
      expect(JSON.stringify(reportOf(odd))).toBe(renamed(JSON.stringify(reportOf(usual))));
      expect(odd.roster.map(({ node }) => node)).toEqual(
        usual.roster.map(({ node }) => renamed(node)),
      );
      const again = await deciding({ ...renamedFacts(damaged.facts()), roster: odd.roster });
      expect(again.pages).toEqual(odd.pages);
      const points = pointsOf(reportOf(odd), {
        ...hostFigures(odd.judgement, odd.facts.observations),
        latencies: [],
        durationSeconds: 1,
        endedAtSeconds: 1,
      });
      expect(JSON.stringify(points)).toContain('constructor');
    }
  });
});
