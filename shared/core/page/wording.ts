import { TABLES } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Wording } from '../diagnose/cause-rule.ts';
import { enumerate, plain } from './plain.ts';

/** How many nodes a sentence names. */
const NAMES = 10;

/** The words that a cause's sentences are made of. */
export function wordingOf(incident: ReportedIncident): Wording {
  const tables = TABLES.filter((table) => incident.entries.some((entry) => entry.table === table));
  const subject = plain(incident.subject ?? 'its peers');
  return { subject, observers: observersOf(incident), tables };
}

function observersOf(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers } = incident;
  switch (scope) {
    case 'pair':
    case 'observer':
    case 'cluster':
      return enumerate(observers.map(plain), NAMES);
    case 'subject':
      if (checkedPeers === 1) return `its one judged peer, ${plain(observers[0] ?? '')}`;
      return missingPeers === checkedPeers
        ? `all ${checkedPeers} of its judged peers`
        : `${missingPeers} of its ${checkedPeers} judged peers`;
  }
}

/** `master1 (192.168.1.140, tunnel IP 10.68.0.0) is lost by 5 of 5 peers: master2, … and node3` */
export function victimOf(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers, cause } = incident;
  const names = enumerate(observers.map(plain), NAMES);
  const accused = scope === 'observer' ? observers[0] : incident.subject;
  const who = `${plain(accused ?? '')}${addressesOf(incident)}`;
  const works = cause === 'neighbour-not-permanent';
  switch (scope) {
    case 'subject':
    case 'pair': {
      const lost = works ? 'is not held for good by' : 'is lost by';
      return `${who} ${lost} ${missingPeers} of ${checkedPeers} peers: ${names}`;
    }
    case 'observer':
      return `${who} has lost ${missingPeers} of ${checkedPeers} peers`;
    case 'cluster':
      return `${missingPeers} of ${checkedPeers} nodes have lost peers: ${names}`;
  }
}

function addressesOf({ vtep }: ReportedIncident): string {
  const known = [
    vtep?.underlayIp,
    vtep?.tunnelIp === undefined ? undefined : `tunnel IP ${vtep.tunnelIp}`,
  ].filter((part) => part !== undefined);
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}
