import type { Report, ReportedIncident } from '../../contract/report.ts';
import type { Facts } from '../facts.ts';
import type { Judgement } from '../judge.ts';
import { formatTime } from '../time.ts';

/** The document of one run. */
export function reportOf(
  facts: Facts,
  judgement: Judgement,
  incidents: readonly ReportedIncident[],
): Report {
  const { members, matrix, problems } = judgement;
  const observed = members.filter(({ node }) => matrix.rows.has(node));
  const unknown = members.filter(({ node }) => !matrix.rows.has(node));
  const covered = members.length > 0 && observed.length >= facts.limits.quorum * members.length;
  const standing = incidents.filter(({ phase }) => phase !== 'resolved');
  return {
    cluster: facts.cluster,
    at: formatTime(facts.now),
    verdict: standing.length > 0 ? 'incident' : covered ? 'healthy' : 'unjudged',
    hosts: {
      observed: observed.map(({ node }) => node),
      unknown: unknown.map(({ node }) => node),
    },
    incidents: [...incidents],
    problems: [...problems, ...(covered ? [] : [tooFew(facts, observed.length, members.length)])],
    latencies: [...facts.latencies],
  };
}

function tooFew(facts: Facts, observed: number, all: number): Report['problems'][number] {
  const wanted = Math.max(1, Math.ceil(facts.limits.quorum * all));
  return {
    where: facts.cluster,
    message: `${observed} of ${all} nodes could be read; ${wanted} are needed to call the cluster healthy`,
  };
}
