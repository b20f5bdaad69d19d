import type { ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import { accusedIn, type Finding, nodeOf } from '../diagnose/finding.ts';
import { sidesOf } from '../matrix/sides.ts';
import { type TriedPair, triedWays } from '../matrix/tried-pairs.ts';
import type { ReportIdentity } from '../incident/incident.ts';
import type { Facts } from '../facts.ts';
import { flanneldOn } from '../members/flanneld.ts';
import { wrongUnderlays } from '../members/underlay.ts';
import { FAMILIES, type Family } from '../overlay/addresses.ts';
import type { Judgement } from '../judge.ts';
import { type Latency, pagedRequestText } from '../latency.ts';
import { groupBy } from '../group.ts';
import { fixesIn } from '../fix/fix.ts';
import { isManagedNodeId } from '../fix/remote.ts';
import { isAboutOneOf, textOf } from '../overlay/entries.ts';
import { type Agent, AGENT_NAMES, isOverlayDevice } from '../overlay/profile.ts';
import { enumerate } from '../plain-text.ts';
import { once } from '../remember.ts';
import { formatDuration, formatTime } from '../time.ts';
import { doubtLines } from './doubts.ts';
import { sharedTraits } from './shared-traits.ts';

type Phase = ReportedIncident['phase'];

/** How many entries an incident carries, whatever the cluster's size. Nobody is paged for a suspected
 * one, and a cluster that loses packets at random has thousands of them. */
export const ENTRIES_PER_INCIDENT: Readonly<Record<Phase, number>> = {
  suspected: 3,
  open: 60,
  resolved: 60,
};

/** How many lines of evidence an incident carries. */
const EVIDENCE = 40;

/** How many nodes one line of evidence names. */
export const EVIDENCE_NAMES = 10;
const SIDE_NAMES = 40;

/** What an incident's evidence and fix are made of. */
interface Evidence {
  readonly judgement: Judgement;
  readonly facts: Facts;
  readonly latencies: readonly Latency[];
}

/** How a run reports each of its findings. A suspected one has no fix: a fix is what a page offers. */
export function incidentReports(
  evidence: Evidence,
): (finding: Finding, identity: ReportIdentity) => ReportedIncident {
  const { judgement, facts, latencies } = evidence;
  const { daemonSets, limits, site } = facts;
  const fixesOf = fixesIn(judgement, { daemonSets, limits, site, latencies });
  const waysOf = once(() => triedWays(judgement.matrix.settled) ?? []);
  return (finding, identity) => ({
    ...reportWithoutFix(finding, identity, { ...evidence, waysOf }),
    fix: identity.phase === 'suspected' ? [] : [...fixesOf(finding, identity.key)],
  });
}

function reportWithoutFix(
  finding: Finding,
  identity: ReportIdentity,
  whole: Evidence & { readonly waysOf: () => readonly TriedPair[] },
): Omit<ReportedIncident, 'fix'> {
  const { judgement, latencies, waysOf } = whole;
  const isPaged = identity.phase !== 'suspected';
  const changes = isPaged ? changesBefore(finding, identity.since, whole) : [];
  const instances = isPaged ? instancesOf(finding, judgement) : [];
  const accused = nodeOf(finding);
  const family = onlyFamilyOf(finding, judgement);
  const vtep = judgement.vteps.find(
    (one) => one.node === accused && (family === undefined || one.family === family),
  );
  return {
    key: identity.key,
    scope: finding.scope,
    cause: finding.cause,
    otherCauses: [...finding.otherCauses],
    severity: finding.severity,
    phase: identity.phase,
    since: formatTime(identity.since),
    ...notSeenAt(finding, identity, whole.facts),
    ...(identity.times === undefined ? {} : { times: identity.times }),
    subject: finding.subject,
    vtep:
      vtep === undefined
        ? undefined
        : {
            underlayIp: vtep.underlayIp,
            tunnelIp: vtep.tunnelIp,
            mac: vtep.mac,
            podCidr: vtep.podCidr,
          },
    ...groupedSubjects(finding),
    observers: finding.observers.toSorted(),
    checkedPeers: finding.checkedPeers,
    missingPeers: finding.missingPeers,
    ...(family === undefined ? {} : { family }),
    ...(finding.loss === undefined ? {} : { loss: finding.loss }),
    ...(finding.lossAt === undefined ? {} : { lossAt: finding.lossAt }),
    ...(finding.response === undefined ? {} : { response: { ...finding.response } }),
    entries: reportEntries(finding, identity.phase),
    evidence: [
      ...doubtLines(finding, judgement),
      ...(finding.evidence ?? []),
      ...sharedTraits(finding, judgement),
      ...sideLines(finding, judgement),
      ...columnLines(finding, judgement),
      ...undecidedLines(finding, judgement),
      ...wrongUnderlayLines(finding, judgement),
      ...flanneldLines(finding, judgement),
      ...triedLines(finding, waysOf()),
      ...latencyLines(latencies),
      ...verbatimOf(finding, judgement),
    ].slice(0, EVIDENCE),
    ...(changes.length === 0 ? {} : { changes: [...changes] }),
    ...(instances.length === 0 ? {} : { instances }),
  };
}

/** The family whose entries alone are wrong, of an overlay that has both. */
function onlyFamilyOf({ cells }: Finding, { vteps }: Judgement): Family | undefined {
  const [first, ...more] = new Set(
    cells.flatMap(({ entries }) => entries.map(({ wanted }) => wanted.family)),
  );
  const hasBoth = FAMILIES.every((family) => vteps.some((vtep) => vtep.family === family));
  return hasBoth && more.length === 0 ? first : undefined;
}

/** Whether packets between nodes whose tables are wrong are lost already: the kernel may still use what it has. */
function triedLines({ cells }: Finding, ways: readonly TriedPair[]): readonly string[] {
  if (cells.length === 0 || ways.length === 0) return [];
  const wrong = new Set(cells.map(({ observer, subject }) => `${observer} ${subject}`));
  const tried = ways.filter(
    ({ observer, subject }) =>
      wrong.has(`${observer} ${subject}`) || wrong.has(`${subject} ${observer}`),
  );
  const lost = tried.filter(({ path }) => path !== 'whole').length;
  if (tried.length === 0) return [];
  return [
    lost === 0
      ? `packets between these nodes still came back in ${tried.length} of ${tried.length} tries`
      : `packets between these nodes were lost in ${lost} of ${tried.length} tries`,
  ];
}

/** Of a host that lost all others, and that they lost: its fix may not bring them back. */
function columnLines({ scope, name, cells }: Finding, { profile }: Judgement): readonly string[] {
  const lost = scope === 'observer' ? cells.filter(({ subject }) => subject === name).length : 0;
  return lost === 0
    ? []
    : [
        `${lost} other nodes hold no entry for ${name} either. If they still hold none after its fix, restart ${AGENT_NAMES[profile.agent]} on them, too.`,
      ];
}

/** How many hosts a report gives with their managed-node ids. */
const INSTANCES = 50;

/** The hosts on which something is to be done come first. */
function instancesOf(finding: Finding, { members }: Judgement) {
  const ids = new Map(members.map(({ node, observed }) => [node, observed?.host.instanceId]));
  const isAtSubject = CAUSE_RULES[finding.cause].fix.at === 'subject';
  const nodes = isAtSubject
    ? [...accusedIn(finding), ...finding.observers]
    : [...finding.observers, ...accusedIn(finding)];
  return [...new Set(nodes)].slice(0, INSTANCES).flatMap((node) => {
    const id = ids.get(node);
    return id !== undefined && isManagedNodeId(id) ? [{ node, id }] : [];
  });
}

/**
 * The last run before the fault was first seen that read all hosts which show it: what happened between these
 * two runs may be its cause.
 */
function notSeenAt(
  finding: Finding,
  { since, notSeenAt: known }: ReportIdentity,
  { now, roster }: Facts,
): Pick<ReportedIncident, 'notSeenAt'> {
  if (known !== undefined || since !== now) return known === undefined ? {} : { notSeenAt: known };
  const lastSeen = new Map(roster.map((entry) => [entry.node, entry.lastSeen]));
  const shown = finding.cells.map(({ observer }) => observer);
  const hosts = new Set(shown.length > 0 ? shown : accusedIn(finding));
  const seen = [...hosts].map((node) => lastSeen.get(node) ?? -Infinity);
  const last = Math.min(...seen);
  return Number.isFinite(last) && last < now ? { notSeenAt: formatTime(last) } : {};
}

/** What happened so shortly before a fault was seen may be its cause. */
const BEFORE_SECONDS = 600;

/** How many lines of what changed, and how many hosts are looked at for them. */
const CHANGES = 6;
const CHANGED_HOSTS = 200;

/** `flannel started on node2 3 min 20 s before`: boots, starts of flannel, new nodes. */
function changesBefore(
  finding: Finding,
  since: number,
  { judgement: { members }, facts: { now } }: Evidence,
): readonly string[] {
  const concerned = new Set([...accusedIn(finding), ...finding.observers].slice(0, CHANGED_HOSTS));
  const lasted = (now - since) / 1000;
  const events = members
    .filter(({ node }) => concerned.has(node))
    .flatMap(({ node, observed, listed }) => {
      const { uptimeSeconds, flanneldSeconds } = observed?.host ?? {};
      return [
        { what: 'booted', node, ago: (uptimeSeconds ?? Infinity) - lasted },
        { what: 'started flannel', node, ago: (flanneldSeconds ?? Infinity) - lasted },
        {
          what: 'joined the cluster',
          node,
          ago: (since - (listed?.createdAt ?? -Infinity)) / 1000,
        },
      ].filter(({ ago }) => ago >= 0 && ago <= BEFORE_SECONDS);
    });
  return [...groupBy(events, ({ what }) => what)]
    .map(([what, alike]) => {
      const latest = Math.min(...alike.map(({ ago }) => ago));
      const when =
        alike.length === 1 ? formatDuration(latest) : `up to ${formatDuration(BEFORE_SECONDS)}`;
      return `${enumerate(
        alike.map(({ node }) => node),
        EVIDENCE_NAMES,
      )} ${what} ${when} before`;
    })
    .slice(0, CHANGES);
}

/** How many nodes of a group a report names. */
const GROUP_NAMES = 20;

function groupedSubjects(finding: Finding): Pick<ReportedIncident, 'subjects'> {
  const isOfSubjects =
    (finding.scope === 'group' && !finding.name.endsWith('/observers')) ||
    (finding.scope === 'cluster' && isKind(finding.cause, 'node'));
  return isOfSubjects ? { subjects: accusedIn(finding).toSorted().slice(0, GROUP_NAMES) } : {};
}

function reportEntries({ cells }: Finding, phase: Phase): ReportedEntry[] {
  return cells
    .flatMap(({ observer, subject, entries }) =>
      entries.map(({ wanted, found }) => ({ observer, subject, wanted, found })),
    )
    .slice(0, ENTRIES_PER_INCIDENT[phase])
    .map(({ observer, subject, wanted, found }) => ({
      observer,
      subject,
      table: wanted.table === 'direct' ? 'route' : wanted.table,
      device: wanted.device ?? '',
      family: wanted.family,
      expected: textOf(wanted),
      found,
    }));
}

/** Which nodes are on which side of a partition. */
function sideLines({ cause }: Finding, { matrix }: Judgement): readonly string[] {
  if (!isKind(cause, 'sides')) return [];
  const unheld = new Map([...matrix.rows].map(([observer, row]) => [observer, row.unheld]));
  const sides = sidesOf(unheld);
  if (sides === undefined) return [];
  return [sides.one, sides.other].map(
    (side, at) => `${at === 0 ? 'one side' : 'the other'}: ${enumerate(side, SIDE_NAMES)}`,
  );
}

/** How to find out who is right, where nobody knows it. */
function undecidedLines(finding: Finding, { vteps, profile }: Judgement): readonly string[] {
  if (finding.isUndecided !== true || isKind(finding.cause, 'node')) return [];
  const subjects = new Set(finding.cells.map(({ subject }) => subject));
  const known = vteps
    .filter(({ node, underlayIp }) => subjects.has(node) && underlayIp !== undefined)
    .map(({ node, underlayIp }) => `${node} ${underlayIp}`);
  return [
    `own devices and earlier runs have ${enumerate(known, EVIDENCE_NAMES)}`,
    ...WHOSE_UNDERLAY[profile.agent],
  ];
}

const WHOSE_UNDERLAY: Readonly<Record<Agent, readonly string[]>> = {
  flannel: [
    'annotation flannel.alpha.coreos.com/public-ip has the same: the other nodes are wrong; restart flannel there',
    'annotation has what the other nodes hold: they are right (NAT, public-ip-overwrite)',
  ],
  calico: [
    'annotation projectcalico.org/IPv4Address (IPv6Address) has the same: the other nodes are wrong; restart calico-node there',
    'annotation has what the other nodes hold: it is wrong where no interface of the node has that address; restart calico-node on the node',
  ],
};

/** On which of the nodes whose tables are wrong nothing would set an entry again. */
function flanneldLines(finding: Finding, { members, profile }: Judgement): readonly string[] {
  const { without } = flanneldOn(members, profile);
  const concerned = new Set([...accusedIn(finding), ...finding.observers]);
  const nodes = [...without].filter((node) => concerned.has(node)).toSorted();
  return nodes.length === 0 ? [] : [`no flanneld runs on ${enumerate(nodes, EVIDENCE_NAMES)}`];
}

/** Of the nodes that others lost those whose hosts do not have the address that their peers are given. */
function wrongUnderlayLines(finding: Finding, { members }: Judgement): readonly string[] {
  if (CAUSE_RULES[finding.cause].contradicts !== 'underlay') return [];
  const accused = new Set(accusedIn(finding));
  return FAMILIES.flatMap((family) => [...wrongUnderlays(members, family)])
    .filter(([node]) => accused.has(node))
    .slice(0, EVIDENCE_NAMES)
    .map(
      ([node, address]) =>
        `the annotation of ${node} has ${address}, which no interface of ${node} has: ${node} is wrong, not the others`,
    );
}

/** The slowest first, since users notice it. What answers quickly is left out. */
function latencyLines(latencies: readonly Latency[]): readonly string[] {
  const notable = latencies.filter(
    ({ outcome, seconds }) => outcome !== 'answered' || seconds >= 1,
  );
  const inOrder = notable.toSorted((one, two) => two.seconds - one.seconds);
  return [...groupBy(inOrder, failureOf).values()].flatMap((alike) => {
    const [slowest] = alike;
    const requests = [...new Set(alike.map(({ request }) => pagedRequestText(request)))];
    return slowest === undefined
      ? []
      : [describeLatency(slowest, enumerate(requests, EVIDENCE_NAMES))];
  });
}

/** What is alike of requests that one API server did not answer: they are one line, with the longest time. */
function failureOf(latency: Latency): string {
  const { node, outcome, detail, askedAt, request } = latency;
  const isOwn = outcome === 'answered' || request.kind === 'api';
  const alone = isOwn ? pagedRequestText(request) : '';
  return [node, outcome, detail, askedAt, alone].join('\0');
}

/** `master1: kubectl get nodes took 45.1 s`; of what is silent, that it is, and for how long. */
export function describeLatency(
  latency: Latency,
  request = pagedRequestText(latency.request),
): string {
  const { node, outcome, seconds, detail, askedAt } = latency;
  const asked = askedAt === undefined ? '' : `, asked at ${formatTime(askedAt).slice(11, 19)} UTC`;
  const took = `${formatDuration(seconds)}${asked}`;
  const because = detail === '' ? '' : ` (${detail})`;
  switch (outcome) {
    case 'answered':
      return `${node}: ${request} took ${took}${because}`;
    case 'failed':
      return `${node}: ${request} failed after ${took}${because}`;
    case 'no-answer':
      return `${node}: no answer yet from ${request} after ${took}`;
  }
}

/** The words of `ip` and `bridge` in an entry's line. */
const WORDS: ReadonlySet<string> = new Set(
  (
    'dev lladdr dst via self master permanent onlink proto static kernel boot metric scope link global src ' +
    'pref medium extern_learn offload router proxy sticky dynamic used probes ref cache mtu table ' +
    'PERMANENT REACHABLE STALE DELAY PROBE FAILED INCOMPLETE NOARP NONE'
  ).split(' '),
);

/** Whether a line says nothing but addresses, numbers and these words: a host could write anything in it. */
function isPrinted(line: string): boolean {
  return line
    .split(/\s+/)
    .every((word) => WORDS.has(word) || isOverlayDevice(word) || /^[0-9a-f.:/]+$/.test(word));
}

/** The lines that the second look brought back, as `ip` and `bridge` print them on the observers. */
function verbatimOf(finding: Finding, { members, vteps }: Judgement): readonly string[] {
  const observers = new Set(finding.observers);
  const own = vteps.filter(({ node }) => finding.subject === undefined || node === finding.subject);
  const isOwn = isAboutOneOf(own);
  const lines = members
    .filter(({ node }) => observers.has(node))
    .flatMap(({ node, observed }) =>
      (observed?.verbatim ?? [])
        // The same second look may have asked for the entries of other findings too.
        .filter(isOwn)
        .map(({ line }) => ({ node, line: line.trim() }))
        .filter(({ line }) => isPrinted(line)),
    );
  return [...groupBy(lines, ({ line }) => line)].map(([line, alike]) => {
    const names = alike.map(({ node }) => node);
    return `${enumerate(names, EVIDENCE_NAMES)} ${names.length === 1 ? 'holds' : 'hold'}: ${line}`;
  });
}
