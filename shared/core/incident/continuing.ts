import { wakes } from '../../contract/causes.ts';
import type { IncidentReason } from '../../contract/incident-reasons.ts';
import { isKind } from '../diagnose/causes.ts';
import { type Finding, nodeOf, ofCluster, ofGroup } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { explainsMore, hasWorsened, isAnnounced, isDueOwn, sinceNow } from './due.ts';
import { coverOf, footprintOf, remaining, uncheckedOf, union } from './footprint.ts';
import { type Incident, isWide, ownCellsOf, spanOf } from './incident.ts';
import { stateText } from './owners.ts';
import { type Announcement, type Circumstances, isConfirmed, steadier, type Step } from './step.ts';

/** What a run sees of an open incident. */
interface Seen {
  readonly finding: Finding;
  /** The part of it that joins now. */
  readonly joined: Finding | undefined;
}

export function seenOf(
  incident: Incident,
  {
    owned,
    joined,
    matrix,
  }: {
    readonly owned: Finding | undefined;
    readonly joined: Finding | undefined;
    readonly matrix: Matrix;
  },
): Seen | undefined {
  if (joined === undefined) return owned === undefined ? undefined : { finding: owned, joined };
  const { accused = 'observers', reported } = incident;
  const { cause } = reported;
  const parts = [owned, joined].flatMap((one) => one?.parts ?? one ?? []);
  const finding =
    spanOf(incident) === 'group'
      ? ofGroup(matrix, { cause, accused }, parts)
      : ofCluster(matrix, cause, parts);
  return { finding, joined };
}

export function stepOfSeen(incident: Incident, seen: Seen, circumstances: Circumstances): Step {
  const { finding, joined } = seen;
  const { now, matrix, report } = circumstances;
  const { key } = incident;
  const since = sinceNow(incident, finding, now);
  const reported = report(finding, {
    ...incident,
    phase: 'open',
    since,
    notSeenAt: since === incident.since ? incident.reported.notSeenAt : undefined,
  });
  const change = changeOf(incident, seen, circumstances);
  const { kind, reason } = change;
  const isPagedNow = kind === 'worsened' || kind === 'opened';
  const seenFootprint = footprintOf(isPagedNow ? finding : ownPartOf(incident, finding), matrix);
  const before = ownCellsOf(incident);
  const kept = isWide(incident) ? remaining(before, matrix) : uncheckedOf(before, matrix);
  const footprint = union(kept, seenFootprint);
  const steadyRuns = joined === undefined ? steadier(incident, matrix) : 0;
  const next: Incident = {
    ...incident,
    since,
    reported,
    footprint,
    steadyRuns,
    reason,
    cleanSince: undefined,
    unrepaired: undefined,
  };
  if (kind === undefined) return { key, reason, next, reported };
  const pages = wakes(finding) && kind !== 'updated';
  const isWorseNow = kind === 'worsened' && pages && finding.severity === 'critical';
  const worsened = isWorseNow ? (incident.worsened ?? 0) + 1 : incident.worsened;
  const announcement = {
    kind,
    reason,
    pages,
    incident: reported,
    before: incident.reported,
    worsened,
  };
  const paged = incident.paged === 'critical' ? 'critical' : finding.severity;
  return {
    key,
    reason,
    reported,
    announcement,
    next: pages
      ? {
          ...next,
          paged,
          worsened,
          pagedNodes: finding.missingPeers,
          pagedAs: { cause: finding.cause, cells: finding.cells.length },
        }
      : next,
  };
}

/**
 * What of a finding is the incident's own. One of a node has the cells that it had, and those that are wrong in
 * the same way: another fault of its node, of which nobody was paged, is shown with it while both last, and is
 * on its own after that.
 */
function ownPartOf({ scope, footprint }: Incident, finding: Finding): Finding {
  const covers = coverOf(footprint);
  const known = new Set(finding.cells.filter(covers).map(stateText));
  const isOfNode = scope === 'subject' || scope === 'observer';
  if (!isOfNode || known.size === 0 || isKind(finding.cause, 'node')) return finding;
  const cells = finding.cells.filter((cell) => covers(cell) || known.has(stateText(cell)));
  if (cells.length === finding.cells.length) return finding;
  return { ...finding, cells, observers: [...new Set(cells.map(({ observer }) => observer))] };
}

/** What is new of an open incident, if anything is, and why that is announced. */
function changeOf(
  incident: Incident,
  { finding, joined }: Seen,
  circumstances: Circumstances,
): { readonly kind: Announcement['kind'] | undefined; readonly reason: IncidentReason } {
  const isConfirmedNow = isConfirmed(finding, circumstances);
  if (!isAnnounced(incident, finding)) {
    const opens = isConfirmedNow && isDueOwn(incident, finding, circumstances);
    return opens
      ? { kind: 'opened', reason: 'stopped-working' }
      : { kind: undefined, reason: isConfirmedNow ? 'patience' : 'unconfirmed' };
  }
  if (isConfirmedNow && hasWorsened(incident, finding)) {
    return { kind: 'worsened', reason: 'severity-rose' };
  }
  if (isConfirmedNow && explainsMore(incident, finding)) {
    return { kind: 'worsened', reason: 'cause-explains-more' };
  }
  if (joined !== undefined) {
    const isDouble = finding.missingPeers >= 2 * (incident.pagedNodes ?? finding.missingPeers);
    if (isDouble) return { kind: 'worsened', reason: 'count-doubled' };
    const nodes = joined.parts?.map(nodeOf) ?? [];
    if (nodes.some((node) => circumstances.masters.has(node))) {
      return { kind: 'worsened', reason: 'control-plane-joined' };
    }
    return { kind: 'updated', reason: 'joined' };
  }
  const { cause, severity, missingPeers } = incident.reported;
  const isSame =
    cause === finding.cause &&
    severity === finding.severity &&
    missingPeers === finding.missingPeers;
  return isSame ? { kind: undefined, reason: 'unchanged' } : { kind: 'updated', reason: 'changed' };
}
