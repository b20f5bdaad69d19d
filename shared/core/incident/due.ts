import { CAUSES, wakes } from '../../contract/causes.ts';
import type { Limits } from '../../contract/settings.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import type { Incident } from './incident.ts';

/** A finding of no open incident. */
export interface FreshFinding {
  readonly finding: Finding;
  /** The suspicion that an earlier run had of it. */
  readonly suspicion: Incident | undefined;
}

/** What the plans of one run are made of. */
export interface Planning {
  readonly now: number;
  readonly limits: Limits;
  readonly matrix: Matrix;
}

/** Whether the run would page for what belongs to no open incident, if a second look confirms it. */
export function isDueFresh(
  finding: Finding,
  parts: readonly FreshFinding[],
  { now, limits }: Pick<Planning, 'now' | 'limits'>,
): boolean {
  // What pages nobody opens without a second look.
  if (!wakes(finding)) return true;
  const lasted = Math.max(0, now - sinceOf(parts, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

/** When the first part of it was first seen. */
export function sinceOf(parts: readonly FreshFinding[], now: number): number {
  return Math.min(now, ...parts.map(({ suspicion }) => suspicion?.since ?? now));
}

/** The same of an open incident. */
export function isDueOwn(incident: Incident, finding: Finding, { now, limits }: Planning): boolean {
  if (isAnnounced(incident, finding)) {
    return hasWorsened(incident, finding) || explainsMore(incident, finding);
  }
  const lasted = Math.max(0, now - sinceNow(incident, finding, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

/** Paged where its cause pages. An open incident that turns into one that pages opens anew. */
export function isAnnounced({ paged }: Incident, finding: Finding): boolean {
  return paged !== undefined || !wakes(finding);
}

/** Paged as a warning, and critical now. */
export function hasWorsened({ paged }: Incident, finding: Finding): boolean {
  return wakes(finding) && finding.severity === 'critical' && paged !== 'critical';
}

/**
 * Whether what was paged has become critical under a cause of higher precedence, and at least twice as large:
 * what people were woken for is only a part of it, and so is the fix that they have.
 */
export function explainsMore(
  { pagedAs, pagedNodes = Infinity }: Incident,
  { cause, severity, missingPeers, cells }: Finding,
): boolean {
  if (pagedAs === undefined || severity !== 'critical') return false;
  if (CAUSES.indexOf(cause) >= CAUSES.indexOf(pagedAs.cause)) return false;
  return missingPeers >= 2 * pagedNodes || cells.length >= 2 * pagedAs.cells;
}

/** A fault that works, and stops working, begins then: its patience has not run before. */
export function sinceNow(incident: Incident, finding: Finding, now: number): number {
  const worked = wakes(finding) && !wakes(incident.reported);
  return worked ? now : incident.since;
}
