import type { Finding } from '../../shared/core/diagnose/finding.ts';
import { type Decision, decide } from '../../shared/core/decide.ts';
import type { Incident } from '../../shared/core/incident/incident.ts';
import { judge } from '../../shared/core/judge.ts';
import { type Cluster, NOW } from './cluster.ts';

/** What one run sees, and whether its second look sees it too. */
export interface Run {
  readonly sees: Cluster;
  readonly confirms?: (finding: Finding) => boolean;
}

/** Longer than the patience with a pair, so that what is seen twice is due. */
const INTERVAL_MS = 200_000;

/** One run after the other, each with what the one before remembered. */
export function decisions(runs: readonly Run[], incidents: readonly Incident[] = []): Decision[] {
  const made: Decision[] = [];
  for (const [at, { sees, confirms = () => true }] of runs.entries()) {
    const facts = sees.facts({ now: NOW + at * INTERVAL_MS });
    const before = made.at(-1)?.incidents ?? incidents;
    made.push(decide(facts, { judgement: judge(facts), confirms }, before));
  }
  return made;
}

/** `opened! observer/node1`, one for each announcement; `!` where it pages. */
export function announced({ announcements }: Decision): readonly string[] {
  return announcements.map(
    ({ kind, pages, incident }) => `${kind}${pages ? '!' : ''} ${shortKey(incident.key)}`,
  );
}

/** The incidents that a run remembers, without the cluster's name: `observer/node1 open`. */
export function remembered({ incidents }: Decision): readonly string[] {
  return incidents.map(({ key, phase }) => `${shortKey(key)} ${phase}`);
}

function shortKey(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
