import { MAX_PAGES, tablesPage } from '../shared/contract/probe.ts';
import type { Problem } from '../shared/contract/report.ts';
import type { RosterEntry } from '../shared/core/facts.ts';
import type { Observation } from '../shared/core/overlay/vtep.ts';
import { PAGES_IN_ALL, type Reading } from '../shared/core/run/reading.ts';
import { groupBy } from '../shared/core/group.ts';
import { enumerate } from '../shared/core/plain-text.ts';
import { joinPages } from '../shared/core/parse/host-answer.ts';
import type { Answers } from '../shared/core/run/hosts.ts';
import { askHosts, type TimedAnswers } from './ask-hosts.ts';
import { mapConcurrently } from './systems/ssm/map-concurrently.ts';
import type { Waiting } from './systems/ssm/collect.ts';
import type { RunCommand } from './systems/ssm/run-command.ts';

/** Managed nodes that one command can name. */
const HOSTS = 50;

/** Commands in progress at a time: all pages of 5,000 nodes. An agent runs five documents at once
 * and queues the others. */
const COMMANDS_AT_A_TIME = 12;

/**
 * Asks hosts for their tables in full, in pages that each fit an answer of 24,000 bytes: one command
 * a page, and one call for each host and page. Hosts beyond the bound are left for another run and
 * are unknown in this one. Never throws.
 */
export async function askTables(
  ssm: RunCommand,
  wanted: Reading,
  circumstances: { readonly waiting: Waiting; readonly roster: readonly RosterEntry[] },
): Promise<Answers & Pick<TimedAnswers, 'answeredBy'>> {
  const pages = Math.min(Math.max(wanted.pages, 1), MAX_PAGES);
  const hosts = Math.min(HOSTS, Math.floor(PAGES_IN_ALL / pages));
  const instanceIds = wanted.instanceIds.slice(0, hosts);
  const leftOut = wanted.instanceIds.slice(hosts);
  const names = new Map(circumstances.roster.map(({ instanceId, node }) => [instanceId, node]));
  const unknown = (instanceId: string, reason: string): Observation => {
    return { kind: 'unknown', instanceId, node: names.get(instanceId), reason, error: '_OTHER' };
  };

  const numbers = instanceIds.length === 0 ? [] : [...Array(pages).keys()];
  const targets = [{ Key: 'InstanceIds', Values: instanceIds }];
  const asked = await mapConcurrently(numbers, COMMANDS_AT_A_TIME, async (page) =>
    askHosts(ssm, { action: 'tables', targets, wanted: tablesPage(page, pages) }, circumstances),
  );
  const byPage = asked.map(
    ({ observations }) => new Map(observations.map((one) => [instanceIdOf(one), one])),
  );
  const joined = instanceIds.map((instanceId) =>
    byPage
      .map((page, at) => page.get(instanceId) ?? unknown(instanceId, `no page ${at + 1}/${pages}`))
      .reduce(joinPages),
  );
  const reason = `not asked for: ${hosts} hosts in ${pages} pages each are enough for a run`;
  const observations = [...joined, ...leftOut.map((instanceId) => unknown(instanceId, reason))];
  return {
    observations,
    problems: [...asked.flatMap(({ problems }) => problems), ...notRead(observations)],
    answeredBy: lastPages(asked),
  };
}

/** By when each host had answered its last page. */
function lastPages(pages: readonly TimedAnswers[]): TimedAnswers['answeredBy'] {
  const latest = new Map<string, number>();
  for (const [instanceId, at] of pages.flatMap(({ answeredBy }) => [...answeredBy])) {
    latest.set(instanceId, Math.max(at, latest.get(instanceId) ?? at));
  }
  return latest;
}

/** How many hosts a problem names. */
const NAMED_HOSTS = 10;

/** Why tables did not come, once for all hosts with the same reason. */
function notRead(observations: readonly Observation[]): readonly Problem[] {
  const unknown = observations.filter((one) => one.kind === 'unknown');
  return [...groupBy(unknown, ({ reason }) => reason)].map(([reason, hosts]) => {
    const names = hosts.map(({ node, instanceId }) => node ?? instanceId);
    return { where: 'tables in full', message: `${enumerate(names, NAMED_HOSTS)}: ${reason}` };
  });
}

function instanceIdOf(observation: Observation): string | undefined {
  return observation.kind === 'unknown' ? observation.instanceId : observation.host.instanceId;
}
