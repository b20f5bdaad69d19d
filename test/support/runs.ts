import type { Facts } from '../../shared/core/facts.ts';
import type { Incident } from '../../shared/core/incident/incident.ts';
import type { Latency } from '../../shared/core/latency.ts';
import { type Hosts, recorded } from '../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../shared/core/run/run.ts';
import { type Cluster, NOW } from './cluster.ts';

/** What one run sees, and whether its second look, too, sees it. */
export interface Run {
  readonly sees: Cluster;
  readonly confirmed?: boolean;
}

/** Longer than the patience with a pair, so that what is seen twice is due. */
const INTERVAL_MS = 200_000;

/** One run after the other, each with what the one before remembered. */
export async function decisions(
  runs: readonly Run[],
  incidents: readonly Incident[] = [],
): Promise<readonly Decision[]> {
  const made: Decision[] = [];
  for (const [at, { sees, confirmed = true }] of runs.entries()) {
    const facts = sees.facts({ now: NOW + at * INTERVAL_MS });
    const before = made.at(-1)?.incidents ?? incidents;
    made.push(await run(facts, before, confirmed ? RECORDED : UNCONFIRMED));
  }
  return made;
}

/** One run over these facts, whose first look counts. */
export async function decided(
  facts: Facts,
  incidents: readonly Incident[] = [],
  latencies: readonly Latency[] = [],
): Promise<Decision> {
  return await run(facts, incidents, recorded(latencies));
}

const RECORDED = recorded([]);

/** Nobody answers the second look, which confirms nothing and heals nothing. */
export const UNCONFIRMED: Hosts = {
  ...RECORDED,
  again: async () => ({ observations: [], problems: [] }),
};

/** `opened! observer/node1`, one for each announcement; `!` where it pages. */
export function announced({ announcements }: Decision): readonly string[] {
  return announcements.map(
    ({ kind, pages, incident }) => `${kind}${pages ? '!' : ''} ${shortKey(incident.key)}`,
  );
}

/** The incidents that a run remembers and that are not over, without the cluster's name: `observer/node1 open`. */
export function remembered({ incidents }: Decision): readonly string[] {
  return incidents
    .filter(({ phase }) => phase !== 'resolved')
    .map(({ key, phase }) => `${shortKey(key)} ${phase}`);
}

function shortKey(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
