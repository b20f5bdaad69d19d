import { expect, test } from 'vitest';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { type Hosts, recorded } from '../../../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';

const SIX = cluster(6).listed();
const { instanceId = '' } = SIX.nodes.find(({ node }) => node === 'node3') ?? {};

/** The others have dropped all entries for a node whose host is silent, and the list still has it. */
const LEAVING = TABLES.reduce<Cluster>(
  (on, table) => on.lose(table, { subject: 'node3' }),
  SIX,
).silence('node3');

/** A second look at the same cluster, in which the list is read again and has not changed. */
const AGAIN: Hosts = {
  ...recorded([]),
  again: async ({ apartSeconds }) => ({
    observations: LEAVING.facts().observations.map((one) =>
      one.kind === 'tables'
        ? {
            ...one,
            host: { ...one.host, uptimeSeconds: (one.host.uptimeSeconds ?? 0) + apartSeconds },
          }
        : one,
    ),
    problems: [],
  }),
};

/** Runs a minute apart. `gone`: Systems Manager no longer knows the instance. */
async function pagesOf(runs: number, gone: ReadonlySet<string>): Promise<readonly number[]> {
  const roster = SIX.nodes.map(({ node, instanceId: id }) => {
    const vteps = [SIX.vtepOf(node)];
    return { node, instanceId: id, vteps, master: false, lastSeen: NOW, devices: [] };
  });
  const made: Decision[] = [];
  for (let at = 0; at < runs; at++) {
    const { incidents = [] } = made.at(-1) ?? {};
    made.push(await run(LEAVING.facts({ now: NOW + at * 60_000, roster, gone }), incidents, AGAIN));
  }
  return made.map(({ pages }) => pages.length);
}

test('a node whose instance is gone has most likely been removed: it is paged once a later list has it', async () => {
  expect(await pagesOf(3, new Set([instanceId]))).toEqual([0, 1, 0]);
});

test('one whose instance is there is paged at once', async () => {
  expect(await pagesOf(2, new Set())).toEqual([1, 0]);
});
