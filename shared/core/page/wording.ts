import { TABLES } from '../../contract/causes.ts';
import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Names } from '../diagnose/cause-rule.ts';
import { harmOf, isKind, isOfApi } from '../diagnose/causes.ts';
import { type Agent, isCalicoDevice } from '../overlay/profile.ts';
import { enumerate, printable } from '../plain-text.ts';
import { ENTRIES_PER_INCIDENT } from '../report/incident-report.ts';
import { formatDuration } from '../time.ts';
import { FAMILY_NAMES, overFamily } from './subject.ts';

/** How many nodes a sentence names. */
const NAMES = 10;

/** A fault of the cluster that has fewer subjects is about these, and not about nodes in general. */
const FEW = 3;

/** Whom the sentences of the incident's cause are about. */
export function namesIn(incident: ReportedIncident): Names {
  const { entries, subject } = incident;
  const devices = new Set(
    entries.filter((entry) => entry.subject === subject).map(({ device }) => device),
  );
  const [device = ''] = devices;
  return {
    subject: subjectsOf(incident),
    observers: observersOf(incident),
    device: devices.size === 1 ? printable(device) : 'VXLAN device',
    tables: TABLES.filter((table) => entries.some((entry) => entry.table === table)),
    agent: agentOf(incident),
    loss: incident.loss,
    lossAt: incident.lossAt,
  };
}

/** What programs the entries of the nodes concerned. */
export function agentOf({ entries, fix }: ReportedIncident): Agent {
  const isCalico =
    entries.some(({ device }) => isCalicoDevice(device)) ||
    fix.some(({ agent }) => agent === 'calico');
  return isCalico ? 'calico' : 'flannel';
}

/** `master1 (192.168.1.140, tunnel IP 10.68.0.0) is unreachable from 5 of 5 nodes: master2, … and node3.` */
export function victimOf(incident: ReportedIncident): string {
  switch (harmOf(incident)) {
    case 'unreachable':
      return unreachable(incident);
    case 'temporary':
      return temporary(incident);
    case 'large-packets':
      return ofStates(incident, 'may lose large packets to');
    case 'connections':
      return ofStates(incident, 'cannot open TCP connections to');
    case 'latent':
      return ofStates(incident, 'may become unreachable from');
    case 'misdirected':
      return ofStates(incident, 'may lose packets to');
    case 'late-answers':
      return lateAnswers(incident);
    case 'no-answers':
      return `Neither kubectl get nodes nor /readyz gets an answer from the API server on ${mastersOf(incident)}.`;
  }
}

/** `kubectl get nodes takes 45.1 s on master1 (192.168.1.140, tunnel IP 10.68.0.0); before, it took 0.210 s.` */
function lateAnswers(incident: ReportedIncident): string {
  const { seconds, isUnanswered, usualSeconds } = incident.response ?? {};
  const most = incident.subject === undefined ? 'up to ' : '';
  const least = isUnanswered === true ? 'more than ' : most;
  const took = seconds === undefined ? 'long' : `${least}${formatDuration(seconds)}`;
  const before =
    usualSeconds === undefined ? '' : `; before, it took ${formatDuration(usualSeconds)}`;
  return `kubectl get nodes takes ${took} on ${mastersOf(incident)}${before}.`;
}

function mastersOf(incident: ReportedIncident): string {
  const { subject, subjects = [], missingPeers } = incident;
  return subject === undefined
    ? `${missingPeers} masters (${groupOf(subjects, missingPeers)})`
    : accusedOf(incident);
}

/** What a state of nodes may do to them: no names of others, since they are nearly all. */
function ofStates(incident: ReportedIncident, verb: string): string {
  const { subject, subjects = [], missingPeers, checkedPeers } = incident;
  const over = overFamily(incident);
  const share = `${missingPeers} of ${checkedPeers} nodes`;
  return subject === undefined
    ? `${share} ${verb} others${over}: ${groupOf(subjects, missingPeers)}.`
    : `${accusedOf(incident)} ${verb} ${share}${over}.`;
}

function unreachable(incident: ReportedIncident): string {
  if (isKind(incident.cause, 'node') && incident.subject === undefined) {
    return ofStates(incident, 'are unreachable from');
  }
  const { scope, observers, missingPeers, checkedPeers } = incident;
  const over = overFamily(incident);
  const share = `${missingPeers} of ${checkedPeers} nodes`;
  switch (scope) {
    case 'subject':
    case 'pair':
      return observers.length === 0
        ? `${accusedOf(incident)} is unreachable from ${share}${over}.`
        : `${accusedOf(incident)} is unreachable from ${share}${over}: ${namesOf(observers)}.`;
    case 'observer':
      return `${accusedOf(incident)} cannot reach ${share}${over}.`;
    case 'group':
      if (incident.subjects !== undefined) {
        return `${share} are unreachable from ${countOf(observers.length)}${over}: ${groupOf(incident.subjects, missingPeers)}.`;
      }
      return `${share} cannot reach other nodes${over}: ${namesOf(observers)}.`;
    case 'cluster':
      return `${share} cannot reach other nodes${over}: ${namesOf(observers)}.`;
  }
}

function temporary(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers, family } = incident;
  const share = `${missingPeers} of ${checkedPeers} nodes`;
  const kind = family === undefined ? 'neighbour' : `${FAMILY_NAMES[family]} neighbour`;
  const verb = missingPeers === 1 ? 'holds' : 'hold';
  switch (scope) {
    case 'subject':
    case 'pair':
      return `${share} ${verb} only a temporary ${kind} entry for ${accusedOf(incident)}: ${namesOf(observers)}.`;
    case 'observer':
      return `${accusedOf(incident)} holds only temporary ${kind} entries for ${share}.`;
    case 'group':
      if (incident.subjects !== undefined) {
        return `${countOf(observers.length)} hold only temporary ${kind} entries for ${share}: ${groupOf(incident.subjects, missingPeers)}.`;
      }
      return `${share} ${verb} only temporary ${kind} entries for other nodes: ${namesOf(observers)}.`;
    case 'cluster':
      return `${share} ${verb} only temporary ${kind} entries for other nodes: ${namesOf(observers)}.`;
  }
}

/** Whether it may wait until morning: a person who was just woken wants to know this first. */
export function morningOf(incident: ReportedIncident): string {
  const { severity, scope, missingPeers } = incident;
  const harm = harmOf(incident);
  const healing = agentOf(incident) === 'calico' ? '' : '; it does not heal by itself';
  if (harm === 'large-packets' && severity !== 'critical')
    return 'Yes, if nothing has failed since: small packets arrive.';
  if (harm === 'latent')
    return 'Yes. Everything works now; if other nodes lose their entries for it, a page comes.';
  if (harm === 'misdirected' && severity !== 'critical')
    return 'Yes, if nothing has failed since: only packets for some pods are concerned.';
  if (harm === 'temporary')
    return 'Yes. Everything works now; if an entry ages out before, another page comes.';
  if (harm === 'late-answers')
    return 'Yes, if nothing has failed since: pods keep running, and what asks this API server waits.';
  if (harm === 'no-answers')
    return 'No, unless other masters answer: without an API server no pod is started, moved or scaled.';
  if (severity === 'critical') {
    return scope === 'pair'
      ? 'No, unless nothing on these two nodes needs the other.'
      : `No. Fix it now${healing}.`;
  }
  const nodes = missingPeers === 1 ? 'one node' : `${missingPeers} nodes`;
  return `Yes, if nothing that matters runs between these nodes: ${nodes} affected${healing}.`;
}

/** The state after the fault: it was fixed, its nodes have left the cluster, or another incident has the rest. */
export function recoveryOf(incident: ReportedIncident, reason?: IncidentReason): string {
  if (reason === 'gone') return `Gone: ${leaverOf(incident)} left the cluster.`;
  if (reason === 'rest-of-another') return 'What is left of it belongs to another open incident.';
  const fixed = fixedText(incident);
  return reason === 'fixed'
    ? `Fixed: ${fixed.replace(/, or (?:it has|they have|has|have) left the cluster/, '')}`
    : fixed;
}

/** An incident is gone with the node that was lost, or with all that had lost it. */
function leaverOf({ scope, subject, observers }: ReportedIncident): string {
  const [only, ...more] = observers;
  const one = only !== undefined && more.length === 0 ? printable(only) : undefined;
  if (subject === undefined) {
    return scope === 'observer' && one !== undefined
      ? `${one}, or every node that it had lost, has`
      : 'its nodes have';
  }
  return one === undefined
    ? `${printable(subject)}, or every node that had lost it, has`
    : `${printable(subject)} or ${one} has`;
}

function fixedText(incident: ReportedIncident): string {
  if (isOfApi(incident.cause)) {
    return incident.subject === undefined
      ? 'kubectl get nodes is fast on its masters again, or they have left the cluster.'
      : `kubectl get nodes is fast on ${accusedOf(incident)} again, or it has left the cluster.`;
  }
  if (isKind(incident.cause, 'node')) {
    return incident.subject === undefined
      ? 'Its nodes are as the others again, or have left the cluster.'
      : `${accusedOf(incident)} is as the other nodes again, or has left the cluster.`;
  }
  switch (incident.scope) {
    case 'subject':
    case 'pair':
      return `${accusedOf(incident)} is reachable again from every node that had lost it, or has left the cluster.`;
    case 'observer':
      return `${accusedOf(incident)} can reach the other nodes again, or has left the cluster.`;
    case 'group':
      return incident.subjects === undefined
        ? 'Its nodes can reach the other nodes again, or have left the cluster.'
        : 'Its nodes are reachable again from every node that had lost them, or have left the cluster.';
    case 'cluster':
      return 'Every node can reach the other nodes again.';
  }
}

/** The subjects that an incident is about; a row's are named as long as they are few. */
function subjectsOf(incident: ReportedIncident): string {
  const { scope, subject, subjects, entries, phase, ...counts } = incident;
  if (subject !== undefined) return printable(subject);
  if (subjects !== undefined) return groupOf(subjects, counts.missingPeers);
  const names = [...new Set(entries.map((entry) => entry.subject))];
  if (scope !== 'observer') {
    // Of very many entries the report has only the first.
    const isWhole = entries.length < ENTRIES_PER_INCIDENT[phase] && names.length > 0;
    return isWhole && names.length < FEW ? namesOf(names) : 'other nodes';
  }
  return counts.missingPeers === names.length && names.length <= NAMES
    ? namesOf(names)
    : `${counts.missingPeers} of the ${counts.checkedPeers} checked nodes`;
}

function observersOf(incident: ReportedIncident): string {
  const { scope, observers, missingPeers, checkedPeers } = incident;
  switch (scope) {
    case 'pair':
    case 'observer':
      return namesOf(observers);
    case 'group':
    case 'cluster':
      // The first line of the page names those that are at fault.
      return observers.length <= FEW && incident.subjects === undefined
        ? namesOf(observers)
        : countOf(observers.length);
    case 'subject':
      if (checkedPeers === 1) return `the only checked node (${namesOf(observers)})`;
      return missingPeers === checkedPeers
        ? `all ${checkedPeers} checked nodes`
        : `${missingPeers} of the ${checkedPeers} checked nodes`;
  }
}

function accusedOf(incident: ReportedIncident): string {
  const { scope, subject, observers, vtep } = incident;
  const known = [
    vtep?.underlayIp,
    vtep?.tunnelIp === undefined ? undefined : `tunnel IP ${vtep.tunnelIp}`,
  ].filter((part) => part !== undefined);
  const name = printable((scope === 'observer' ? observers[0] : subject) ?? '');
  return known.length === 0 ? name : `${name} (${printable(known.join(', '))})`;
}

/** The first nodes of a group, and how many more it has. */
function groupOf(nodes: readonly string[], count: number): string {
  const hidden = count - Math.min(nodes.length, NAMES);
  const names = nodes.slice(0, NAMES).map(printable);
  return hidden > 0 ? `${names.join(', ')} and ${hidden} more` : enumerate(names, NAMES);
}

function countOf(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}

function namesOf(nodes: readonly string[]): string {
  return enumerate(nodes.map(printable), NAMES);
}
