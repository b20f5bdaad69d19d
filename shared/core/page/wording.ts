import { CAUSE_TABLE, TABLES } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Names } from '../diagnose/causes.ts';
import { enumerate, plain } from './plain.ts';

/** How many nodes a sentence names. */
const NAMES = 10;

/** The words that a cause's sentences are made of. */
export function wordingOf(incident: ReportedIncident): Names {
  const tables = TABLES.filter((table) => incident.entries.some((entry) => entry.table === table));
  return { subject: subjectsOf(incident), observers: observersOf(incident), tables };
}

/** `master1 (192.168.1.140, tunnel IP 10.68.0.0) is lost by 5 of 5 peers: master2, … and node3` */
export function victimOf(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers } = incident;
  const names = namesOf(observers);
  // What still works is not lost.
  const { pages } = CAUSE_TABLE[incident.cause];
  switch (scope) {
    case 'subject':
    case 'pair': {
      const lost = pages ? 'is lost by' : 'is not held for good by';
      return `${accusedOf(incident)} ${lost} ${missingPeers} of ${checkedPeers} peers: ${names}.`;
    }
    case 'observer': {
      const lost = pages ? 'has lost' : 'holds, but not for good,';
      return `${accusedOf(incident)} ${lost} ${missingPeers} of ${checkedPeers} peers.`;
    }
    case 'cluster': {
      const lost = pages ? 'have lost peers' : 'hold peers, but not for good';
      return `${missingPeers} of ${checkedPeers} nodes ${lost}: ${names}.`;
    }
  }
}

/** How it stands after the fault; nodes that have left meanwhile can hold nothing. */
export function recoveryOf(incident: ReportedIncident): string {
  switch (incident.scope) {
    case 'subject':
    case 'pair':
      return `${accusedOf(incident)} is held again by every peer that had lost it, or has left the cluster.`;
    case 'observer':
      return `${accusedOf(incident)} holds its peers again, or has left the cluster.`;
    case 'cluster':
      return 'Every node holds its peers again.';
  }
}

/** The subjects that an incident is about; a row's are named as long as they are few. */
function subjectsOf({ scope, subject, entries, ...counts }: ReportedIncident): string {
  if (subject !== undefined) return plain(subject);
  if (scope !== 'observer') return 'other nodes';
  const names = [...new Set(entries.map((entry) => entry.subject))];
  return counts.missingPeers === names.length && names.length <= NAMES
    ? namesOf(names)
    : `${counts.missingPeers} of its ${counts.checkedPeers} peers`;
}

function observersOf(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers } = incident;
  switch (scope) {
    case 'pair':
    case 'observer':
    case 'cluster':
      return namesOf(observers);
    case 'subject':
      if (checkedPeers === 1) return `its one judged peer (${namesOf(observers)})`;
      return missingPeers === checkedPeers
        ? `all ${checkedPeers} of its judged peers`
        : `${missingPeers} of its ${checkedPeers} judged peers`;
  }
}

function accusedOf(incident: ReportedIncident): string {
  const { scope, subject, observers, vtep } = incident;
  const known = [
    vtep?.underlayIp,
    vtep?.tunnelIp === undefined ? undefined : `tunnel IP ${vtep.tunnelIp}`,
  ].filter((part) => part !== undefined);
  const name = plain((scope === 'observer' ? observers[0] : subject) ?? '');
  return known.length === 0 ? name : `${name} (${plain(known.join(', '))})`;
}

function namesOf(nodes: readonly string[]): string {
  return enumerate(nodes.map(plain), NAMES);
}
