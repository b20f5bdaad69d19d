import type { Limits } from '../shared/contract/settings.ts';
import type { Facts, RosterEntry } from '../shared/core/facts.ts';
import { type Judgement, judge } from '../shared/core/judge.ts';
import type { Observation } from '../shared/core/overlay.ts';
import { nodesToRead, readingOf } from '../shared/core/to-read.ts';
import { askTables } from './ask-tables.ts';
import { type Deadline, deadlineIn, earlier, nearer } from './deadline.ts';
import type { Run } from './run.ts';
import { log } from './shell/log.ts';
import { FETCHES } from './shell/ssm/invocations.ts';

/** What one host holds may tell what another's digest means, and that again what a third one's does. */
const ROUNDS = 3;

/** What it takes of a run. */
export interface ReadingRun {
  readonly shell: Pick<Run['shell'], 'ssm'>;
  readonly settings: Pick<Run['settings'], 'cluster' | 'limits'>;
  readonly deadline: Deadline;
}

export interface Judged {
  readonly facts: Facts;
  readonly judgement: Judgement;
}

/**
 * Judges the facts, and reads in full those few hosts whose digests say too little, or of whose peers
 * nobody else tells. A healthy run reads none.
 */
export async function readInFull(
  run: ReadingRun,
  facts: Facts,
  roster: readonly RosterEntry[],
): Promise<Judged> {
  let known: Judged = { facts, judgement: judge(facts) };
  const asked = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const nodes = nodesToRead(known.judgement, asked);
    if (nodes.length === 0) break;
    for (const node of nodes) asked.add(node);
    const read = await readNodes(run, nodes, { known, roster });
    known = { facts: read, judgement: judge(read) };
  }
  return known;
}

async function readNodes(
  { shell, settings, deadline: whole }: ReadingRun,
  wanted: readonly string[],
  { known, roster }: { readonly known: Judged; readonly roster: readonly RosterEntry[] },
): Promise<Facts> {
  const { facts, judgement } = known;
  const { nodes, pages } = readingOf(wanted, judgement, FETCHES);
  const hosts = new Map(
    judgement.members.map(({ node, observed }) => [node, observed?.host.instanceId]),
  );
  const instanceIds = nodes.map((node) => hosts.get(node)).filter((id) => id !== undefined);
  log('tables.asked', { cluster: settings.cluster, hosts: instanceIds.length, pages });
  const deadline = beforeSecondLook(whole, settings.limits);
  const until = nearer(deadlineIn(settings.limits.answerSeconds * 1000), deadline);
  const { observations, problems } = await askTables(
    shell.ssm,
    { instanceIds, pages },
    { waiting: { until, deadline, givenUp: new Set() }, roster },
  );
  return {
    ...facts,
    observations: withTables(facts.observations, observations),
    problems: [...facts.problems, ...problems],
  };
}

/** How long the second look takes beside its wait: it is asked, answered and listed. */
const SECOND_LOOK_MS = 6000;

/** A host that keeps its tables back must not take the time of the look that comes before a page. */
function beforeSecondLook(deadline: Deadline, { secondLookSeconds }: Limits): Deadline {
  return earlier(deadline, secondLookSeconds * 1000 + SECOND_LOOK_MS);
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
    return whole === undefined || one.kind !== 'digest' ? one : { ...whole, digest: one.digest };
  });
}
