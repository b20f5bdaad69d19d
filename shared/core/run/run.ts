import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { Problem, ReportedIncident } from '../../contract/report.ts';
import { type Confirmed, confirm } from './confirm.ts';
import type { Facts, RosterEntry } from '../facts.ts';
import { isOfApi } from '../diagnose/causes.ts';
import { advance } from '../incident/advance.ts';
import { remind } from '../incident/reminding.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { subjectsOf } from '../incident/footprint.ts';
import type { Announcement } from '../incident/step.ts';
import type { Incident } from '../incident/incident.ts';
import { type Judgement, judge } from '../judge.ts';
import type { Latency, RememberedApi } from '../latency.ts';
import type { Observation } from '../overlay/vtep.ts';
import { refusedIn } from '../fix/refused-entries.ts';
import { type Page, pageOf } from '../page/page.ts';
import { incidentReports } from '../report/incident-report.ts';
import { nextRoster } from '../members/roster.ts';
import { withApis } from './control-plane.ts';
import { suspectsIn } from './suspects.ts';
import { dueForSecondLook, secondLookOf } from './second-look.ts';
import { nodesToRead, readingOf } from './reading.ts';
import type { Answers, Hosts } from './hosts.ts';

/** All that a run does to the world, as data, with what it was decided from. */
export interface Decision {
  readonly incidents: readonly Incident[];
  readonly roster: readonly RosterEntry[];
  readonly announcements: readonly Announcement[];
  /** Why each incident of this run is what it is, by its key. */
  readonly reasons: ReadonlyMap<string, IncidentReason>;
  readonly pages: readonly Page[];
  /** Pages about what is still open, each for the channels that want to be reminded of it now. */
  readonly reminders: readonly { readonly page: Page; readonly channels: readonly string[] }[];
  /** Every incident of this run, the resolved ones included. */
  readonly reported: readonly ReportedIncident[];
  readonly facts: Facts;
  readonly judgement: Judgement;
  readonly latencies: readonly Latency[];
  /** Tunnel IPs that more hosts try in the next run. */
  readonly suspects: readonly string[];
  /** What the next run remembers of the masters' API servers, as far as it is known now. */
  readonly apis: readonly RememberedApi[];
}

/**
 * One run, from the facts to the decision. `open` are the incidents that the last run left. The order
 * is the same wherever a run takes place: in the function, over a capture, in the benchmark and in
 * tests, which differ in the hosts behind the port.
 */
export async function run(
  facts: Facts,
  open: readonly Incident[],
  hosts: Hosts,
): Promise<Decision> {
  const first = await judgeInFull(facts, hosts);
  const confirmed = await lookAgain(first, open, hosts);
  const latencies = await hosts.latencies();
  return decide({ ...first, ...confirmed, latencies }, open);
}

interface JudgedFacts {
  readonly facts: Facts;
  readonly judgement: Judgement;
}

/** What one host holds can explain another's digest, and that again a third one's. */
const READINGS = 3;

/**
 * Judges the facts. Hosts whose digests say too little are read in full, and so are a few witnesses
 * where only the peers know a VTEP; then the run judges again. A healthy run reads none.
 */
async function judgeInFull(facts: Facts, hosts: Hosts): Promise<JudgedFacts> {
  let known: JudgedFacts = { facts, judgement: judge(facts) };
  const asked = new Set<string>();
  for (let reading = 0; reading < READINGS; reading++) {
    const nodes = nodesToRead(known.judgement, asked);
    if (nodes.length === 0) break;
    for (const node of nodes) asked.add(node);
    const answers = await hosts.tables(readingOf(nodes, known.judgement));
    const read: Facts = {
      ...known.facts,
      observations: withTables(known.facts.observations, answers.observations),
      problems: [...known.facts.problems, ...answers.problems],
    };
    known = { facts: read, judgement: judge(read) };
  }
  return known;
}

/** A host whose tables did not come is still known by its digest. */
function withTables(
  before: readonly Observation[],
  read: readonly Observation[],
): readonly Observation[] {
  const tables = new Map(
    read.flatMap((one) => (one.kind === 'tables' ? [[one.host.instanceId, one] as const] : [])),
  );
  return before.map((one) => {
    const whole = one.kind === 'digest' ? tables.get(one.host.instanceId) : undefined;
    return whole === undefined || one.kind !== 'digest'
      ? one
      : { ...whole, digest: one.digest, packets: one.packets };
  });
}

/** A second look comes before every page, in the same run. */
async function lookAgain(
  { facts, judgement }: JudgedFacts,
  open: readonly Incident[],
  hosts: Hosts,
): Promise<Confirmed> {
  const due = dueForSecondLook(facts, judgement, open);
  // Before there is a list, a host that has left or an invented one cannot be known.
  if (due.length === 0 || facts.nodes.kind === 'unread')
    return { judgement, confirms: () => false };
  const look = secondLookOf(due, judgement, facts.limits);
  const answers = await hosts.again(look);
  if (answers === 'recorded') return { judgement, confirms: () => true };
  const unread = (answers.unread ?? NOBODY)
    .union(terminated(judgement))
    .difference(vouchedFor(facts, open));
  const confirmed = confirm(judgement, due, { ...look, ...answers, unread });
  const problems = [...confirmed.judgement.problems, ...problemsOf(answers)];
  return { ...confirmed, judgement: { ...confirmed.judgement, problems } };
}

const NOBODY: ReadonlySet<string> = new Set();

/** Nodes whose instance is gone: a list that still has them may be older than their removal, though it was read again. */
function terminated({ members }: Judgement): ReadonlySet<string> {
  return new Set(
    members.flatMap(({ node, isDeregistered }) => (isDeregistered === true ? [node] : [])),
  );
}

/** A list may come from the cache of an API server that is behind. */
const LIST_LAG_MS = 60_000;

/**
 * Nodes that a list had long after an earlier run first suspected that all entries for them are gone: they have
 * not been removed, though the second look could not read the list again.
 */
function vouchedFor({ nodes, now }: Facts, open: readonly Incident[]): ReadonlySet<string> {
  const age = nodes.kind === 'read' ? (nodes.origin?.ageSeconds ?? 0) * 1000 : Infinity;
  return new Set(
    open
      .filter(
        ({ phase, since, reported: { cause } }) =>
          phase === 'suspected' &&
          CAUSE_RULES[cause].isLikeLeaving === true &&
          since + LIST_LAG_MS <= now - age,
      )
      .flatMap(({ footprint }) => subjectsOf(footprint)),
  );
}

/** Why the second look did not see everything: a page may wait for the next run because of it. */
function problemsOf({ observations, problems }: Answers): readonly Problem[] {
  const silent = observations.flatMap((one) =>
    one.kind === 'unknown'
      ? [{ where: one.node ?? one.instanceId, message: `second look: ${one.reason}` }]
      : [],
  );
  return [...problems, ...silent];
}

/** What a run decides from. */
type Grounds = JudgedFacts & Confirmed & Pick<Decision, 'latencies'>;

function decide(grounds: Grounds, open: readonly Incident[]): Decision {
  const { facts, confirms, latencies } = grounds;
  const { cluster, now, limits, runbook, site } = facts;
  const { secondLookSeconds } = limits;
  const where = { cluster, now, runbook, site, secondLookSeconds };
  const refused = refusedIn(grounds.judgement, grounds.judgement.findings);
  const roster = nextRoster(facts, grounds.judgement);
  const { judgement, apis } = withApis({ ...grounds, roster, open });
  const isListed = facts.nodes.kind !== 'unread';
  const advanced = advance(open, judgement.findings, {
    cluster,
    masters: new Set([
      ...roster.filter(({ master }) => master).map(({ node }) => node),
      ...judgement.members.flatMap(({ node, listed }) =>
        listed?.isControlPlane === true ? node : [],
      ),
    ]),
    now,
    limits,
    matrix: judgement.matrix,
    // Two measurements running are the second look at an API server.
    confirmed: (finding) => (isOfApi(finding.cause) ? isListed : confirms(finding)),
    report: incidentReports({ ...grounds, judgement }),
  });
  const pages = advanced.announcements.flatMap(({ kind, pages: isPaged, ...announced }) =>
    isPaged && kind !== 'updated' ? [pageOf({ kind, ...announced }, where)] : [],
  );
  const paged = new Set(pages.map(({ key }) => key));
  const { incidents, reminders } = remind(advanced.incidents, paged, { now, limits });
  return {
    incidents,
    roster,
    announcements: advanced.announcements,
    reasons: advanced.reasons,
    pages,
    reminders: reminders.map(({ incident, channels }) => ({
      page: pageOf({ kind: 'reminder', incident }, where),
      channels,
    })),
    reported: advanced.reported,
    facts,
    judgement: { ...judgement, problems: [...judgement.problems, ...refused] },
    latencies,
    suspects: suspectsIn(judgement),
    apis,
  };
}
