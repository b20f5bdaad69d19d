import type { Facts, RosterEntry } from '../shared/core/facts.ts';
import { type Judgement, judge } from '../shared/core/judge.ts';
import type { Observation } from '../shared/core/overlay.ts';
import { nodesToRead, pagesFor } from '../shared/core/to-read.ts';
import { askTables } from './ask-tables.ts';
import { deadlineIn, nearer } from './deadline.ts';
import type { Run } from './run.ts';
import { log } from './shell/log.ts';

/** What one host holds may tell what another's digest means, and that again what a third one's does. */
const ROUNDS = 3;

export interface Judged {
  readonly facts: Facts;
  readonly judgement: Judgement;
}

/**
 * Judges the facts, and reads in full those few hosts whose digests say too little, or of whose peers
 * nobody else tells. A healthy run reads none.
 */
export async function readInFull(
  run: Run,
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
  { shell, settings, deadline }: Run,
  nodes: readonly string[],
  { known, roster }: { readonly known: Judged; readonly roster: readonly RosterEntry[] },
): Promise<Facts> {
  const { facts, judgement } = known;
  const hosts = new Map(
    judgement.members.map(({ node, observed }) => [node, observed?.host.instanceId]),
  );
  const instanceIds = nodes.map((node) => hosts.get(node)).filter((id) => id !== undefined);
  const pages = pagesFor(nodes, judgement);
  log('tables.asked', { cluster: settings.cluster, hosts: instanceIds.length, pages });
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
