import type { Scope } from '../../contract/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import { coverOf } from './footprint.ts';
import { type Incident, RELAPSE_MS, spanOf } from './incident.ts';

/** How many resolved incidents are remembered: the last ones. */
const REMEMBERED = 50;

/** So many relapses in so long, and an incident that is fixed waits with its end. */
const RELAPSES = 3;
const RELAPSES_MS = 2 * 60 * 60 * 1000;

/** How long a flapping incident must be clean before it resolves. */
const CLEAN_MS = 30 * 60 * 1000;

/** What is remembered of a resolved incident: only what a relapse needs. */
export function rememberResolved(incident: Incident, now: number): Incident {
  const { key, scope, name, since, times, relapses, accused, footprint, reported, reason } =
    incident;
  return {
    key,
    scope,
    name,
    since,
    times,
    relapses,
    accused,
    footprint,
    reason,
    phase: 'resolved',
    resolvedAt: now,
    steadyRuns: incident.steadyRuns,
    paged: undefined,
    reported: { ...reported, phase: 'resolved', entries: [], evidence: [], fix: [] },
  };
}

/** The resolved incidents that may still relapse, without those that are open again. */
export function stillRemembered(
  resolved: readonly Incident[],
  others: readonly Incident[],
  now: number,
): readonly Incident[] {
  const taken = new Set(others.flatMap(({ phase, key }) => (phase === 'open' ? [key] : [])));
  return resolved
    .filter(({ key, resolvedAt = 0 }) => !taken.has(key) && now - resolvedAt < RELAPSE_MS)
    .slice(-REMEMBERED);
}

/**
 * The resolved incident that a finding is again: of the same cause, and of the same scope and name or with
 * most of its cells. Another cause is another fault.
 */
export function relapsedIn(
  finding: Finding,
  incidents: readonly Incident[],
  now: number,
): Incident | undefined {
  const taken = new Set(incidents.flatMap(({ phase, key }) => (phase === 'open' ? [key] : [])));
  const recent = incidents.filter(
    ({ key, phase, resolvedAt = 0, reported }) =>
      phase === 'resolved' &&
      reported.cause === finding.cause &&
      now - resolvedAt < RELAPSE_MS &&
      !taken.has(key),
  );
  return (
    recent.findLast(({ scope, name }) => scope === finding.scope && name === finding.name) ??
    recent.findLast((one) => {
      const span = spanOf(one);
      const isAlike = span === finding.scope || (isNarrow(span) && isNarrow(finding.scope));
      const covers = coverOf(one.footprint);
      const inside = finding.cells.filter(covers).length;
      return isAlike && inside * 2 > finding.cells.length;
    })
  );
}

function isNarrow(scope: Scope): boolean {
  return scope !== 'cluster' && scope !== 'group';
}

/** What an incident that opens again keeps of before. */
export function reopened(
  { times = 1, relapses = [] }: Incident,
  now: number,
): Pick<Incident, 'times' | 'relapses'> {
  return { times: times + 1, relapses: [...recentOf(relapses, now), now].slice(-RELAPSES) };
}

function recentOf(relapses: readonly number[], now: number): readonly number[] {
  return relapses.filter((at) => now - at < RELAPSES_MS);
}

/** Whether an incident that has been clean since `cleanSince` must wait with its end. */
export function isFlapping({ relapses = [] }: Incident, cleanSince: number, now: number): boolean {
  return recentOf(relapses, now).length >= RELAPSES && now - cleanSince < CLEAN_MS;
}
