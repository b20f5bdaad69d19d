import type { ReportedIncident } from '../../contract/report.ts';
import type { Harm } from '../diagnose/cause-rule.ts';
import { harmOf } from '../diagnose/causes.ts';
import { ascii, shorten } from '../plain-text.ts';
import type { Paged } from './page.ts';

/** A family as people write it. */
export const FAMILY_NAMES = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** ` over IPv6`, where the nodes still reach each other over the other family. */
export function overFamily({ family }: ReportedIncident): string {
  return family === undefined ? '' : ` over ${FAMILY_NAMES[family]}`;
}

/** SNS takes fewer than 100 characters (Publish, parameter Subject). */
const SUBJECT_LENGTH = 99;

/** `[CRITICAL] prod: master1 unreachable from 5 of 5 nodes (neighbour-missing)` */
export function subjectOf(cluster: string, { kind, incident }: Paged): string {
  const word = wordOf(kind, incident);
  const tail = ` (${incident.cause})`;
  // The node's first label suffices, then the cluster goes. Severity, count and cause always stay.
  const candidates = [
    `[${word}] ${cluster}: ${claimOf(incident, (name) => name)}${tail}`,
    `[${word}] ${cluster}: ${claimOf(incident, firstLabel)}${tail}`,
    `[${word}] ${claimOf(incident, firstLabel)}${tail}`,
  ].map(ascii);
  const fitting = candidates.find((text) => text.length <= SUBJECT_LENGTH);
  if (fitting !== undefined) return fitting;
  const room = SUBJECT_LENGTH - ascii(`[${word}] ${claimOf(incident, () => '')}${tail}`).length;
  return ascii(`[${word}] ${claimOf(incident, (name) => shorten(name, room))}${tail}`);
}

function wordOf(kind: Paged['kind'], { severity }: ReportedIncident): string {
  switch (kind) {
    case 'resolved':
      return 'RESOLVED';
    case 'reminder':
      return `STILL ${severity.toUpperCase()}`;
    case 'opened':
    case 'worsened':
      return severity.toUpperCase();
  }
}

/** A short message has 140 characters of GSM-7, which has no brackets. */
const SMS_LENGTH = 140;

export function smsOf(cluster: string, { kind, incident }: Paged): string {
  const word = wordOf(kind, incident);
  const claim = claimOf(incident, firstLabel);
  const text = gsm(`${word} ${cluster}: ${claim}, ${incident.cause}`);
  if (text.length <= SMS_LENGTH) return text;
  const room =
    SMS_LENGTH - gsm(`${word} : ${claimOf(incident, () => '')}, ${incident.cause}`).length;
  const half = Math.max(0, Math.floor(room / 2));
  const short = claimOf(incident, (name) => shorten(firstLabel(name), half));
  return gsm(`${word} ${shorten(cluster, half)}: ${short}, ${incident.cause}`);
}

/** The characters of GSM-7 that take one place, of those in ASCII (3GPP TS 23.038, 6.2.1). */
function gsm(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9 @$_!"#%&'()*+,\-./:;<=>?]/gu, '?');
}

/** `master1 unreachable from 5 of 5 nodes (neighbour-missing)`: a fault in a line of its own. */
export function claimLine(incident: ReportedIncident): string {
  return ascii(`${claimOf(incident, (name) => name)} (${incident.cause})`);
}

function firstLabel(name: string): string {
  return /^\d+\.\d/.test(name) ? name : (name.split('.')[0] ?? name);
}

/** Who is cut off from how many nodes; `named` shortens a node's name. */
function claimOf(incident: ReportedIncident, named: (name: string) => string): string {
  const { scope, subject, subjects, observers, missingPeers, checkedPeers } = incident;
  const harm = harmOf(incident);
  if (harm === 'late-answers' || harm === 'no-answers') return apiClaimOf(incident, harm, named);
  const count = `${missingPeers} of ${checkedPeers} nodes`;
  const over = overFamily(incident);
  const [loses, isLost] = VERBS[harm];
  switch (scope) {
    case 'pair':
    case 'subject':
      return `${named(subject ?? '')} ${isLost} ${count}${over}`;
    case 'observer':
      return `${named(observers[0] ?? '')} ${loses} ${count}${over}`;
    case 'group':
    case 'cluster': {
      const who = (subjects ?? observers)[0] ?? '';
      const verb =
        subjects === undefined
          ? `${loses.replace(/s$/, '')} others`
          : isLost.replace(/ (?:from|to)$/, '');
      return `${count} ${verb}${over}: ${named(who)}${missingPeers > 1 ? ', ...' : ''}`;
    }
  }
}

/** `kubectl get nodes takes 45 s on master1` */
function apiClaimOf(
  { subject, subjects = [], missingPeers, response }: ReportedIncident,
  harm: ApiHarm,
  named: (name: string) => string,
): string {
  const [first = ''] = subjects;
  const masters =
    subject === undefined
      ? `${missingPeers} masters: ${named(first)}${missingPeers > 1 ? ', ...' : ''}`
      : named(subject);
  if (harm === 'no-answers') return `no answer from the API server on ${masters}`;
  const { seconds = 0, isUnanswered } = response ?? {};
  const most = subject === undefined ? 'up to ' : '';
  const least = isUnanswered === true ? 'more than ' : most;
  return `kubectl get nodes takes ${least}${Math.round(seconds)} s on ${masters}`;
}

/** What is said of API servers, and of no packet between nodes. */
type ApiHarm = Extract<Harm, 'late-answers' | 'no-answers'>;

const VERBS = {
  unreachable: ['cannot reach', 'unreachable from'],
  temporary: ['may lose', 'may become unreachable from'],
  'large-packets': ['may lose large packets to', 'may lose large packets to'],
  connections: ['cannot connect to', 'cannot connect to'],
  latent: ['may become unreachable from', 'may become unreachable from'],
  misdirected: ['may lose packets to', 'may lose packets to'],
} as const satisfies Readonly<Record<Exclude<Harm, ApiHarm>, readonly [string, string]>>;
