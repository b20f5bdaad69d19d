import type { Checked, Problem, Report, ReportedLatency } from '../../contract/report.ts';
import { VERSION } from '../../contract/version.ts';
import type { Facts } from '../facts.ts';
import { isManagedNodeId } from '../fix/remote.ts';
import { type Latency, requestText } from '../latency.ts';
import type { Decision } from './run.ts';
import { formatTime } from '../time.ts';
import { checkedBy } from '../report/checked.ts';
import type { Contradiction } from '../report/contradictions.ts';
import type { Member } from '../members/member.ts';
import { isWindowsPeer } from '../members/windows.ts';
import { withAdvice } from '../silence.ts';
import { coverageOf, type OptionalIntegrations } from '../report/coverage.ts';
import { overlayOf } from '../report/overlay.ts';
import { triedPacketsIn } from '../report/tried-packets.ts';

/** What came to light after the decision, while it was carried out. */
interface Aftermath {
  readonly problems?: readonly Problem[];
  /** What the function was deployed with; a capture has no coverage. */
  readonly integrations?: OptionalIntegrations;
}

/** The document of one run. It is made once, at the run's end. */
export function reportOf(decision: Decision, after: Aftermath = {}): Report {
  const { facts, judgement, reported, latencies } = decision;
  const { members, matrix, problems } = judgement;
  const { problems: later = [], integrations } = after;
  const observed = members.filter(({ node }) => matrix.rows.has(node));
  const unknown = members.filter(
    (member) => !matrix.rows.has(member.node) && !isWindowsPeer(member),
  );
  const { checked, isEnough, contradictions } = checkedBy(facts, judgement);
  const packets = triedPacketsIn(judgement);
  const overlay = overlayOf(facts, judgement);
  const standing = reported.filter(({ phase }) => phase !== 'resolved');
  return {
    version: VERSION,
    cluster: facts.cluster,
    ...(facts.site === undefined ? {} : { site: facts.site }),
    at: formatTime(facts.now),
    verdict: standing.length > 0 ? 'incident' : isEnough ? 'healthy' : 'unjudged',
    ...(overlay === undefined ? {} : { overlay }),
    checked,
    ...(packets === undefined ? {} : { packets }),
    hosts: {
      observed: observed.map(({ node }) => node),
      unknown: unknown.map(({ node }) => node),
      ...(facts.site === undefined ? {} : { ids: idsOf(observed) }),
    },
    incidents: [...reported],
    problems: [
      ...problems,
      ...goneProblems(facts, members),
      ...uncheckedProblems(facts, checked, contradictions),
      ...later,
    ],
    latencies: latencies.map(reportLatency),
    ...(integrations === undefined ? {} : { coverage: coverageOf(facts, judgement, integrations) }),
  };
}

function idsOf(members: readonly Member[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    members.flatMap(({ node, observed }) => {
      const id = observed?.host.instanceId ?? '';
      return isManagedNodeId(id) ? [[node, id]] : [];
    }),
  );
}

function reportLatency(latency: Latency): ReportedLatency {
  const { node, request, outcome, seconds, detail, askedAt } = latency;
  const asked = askedAt === undefined ? {} : { askedAt: formatTime(askedAt) };
  return { node, request: requestText(request), outcome, seconds, detail, ...asked };
}

/** Nodes that are still there, and whose instances are not. */
function goneProblems({ gone }: Facts, members: readonly Member[]): readonly Problem[] {
  return members.flatMap(({ node, observed, remembered }) => {
    const id = remembered?.instanceId;
    if (observed !== undefined || id === undefined || gone?.has(id) !== true) return [];
    return [{ where: node, message: withAdvice(`no command reached ${id}`, 'gone') }];
  });
}

/** Why the cluster cannot be called healthy, whether or not there is an incident. */
function uncheckedProblems(
  { cluster }: Facts,
  { reason }: Checked,
  contradictions: readonly Contradiction[],
): readonly Problem[] {
  const messages = new Set(contradictions.map(({ message }) => message));
  if (reason !== undefined && contradictions.length === 0) messages.add(reason);
  return [...messages].map((message) => ({ where: cluster, message }));
}
