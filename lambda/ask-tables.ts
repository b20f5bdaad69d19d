import { MAX_PAGES, pageOf } from '../shared/contract/probe.ts';
import type { RosterEntry } from '../shared/core/facts.ts';
import type { Observation } from '../shared/core/overlay.ts';
import { joinPages } from '../shared/core/parse/join-pages.ts';
import { type Asked, askHosts } from './ask-hosts.ts';
import { aFewAtATime } from './shell/ssm/a-few-at-a-time.ts';
import type { Waiting } from './shell/ssm/collect.ts';
import { FETCHES } from './shell/ssm/invocations.ts';
import type { RunCommand } from './shell/ssm/run-command.ts';

/** Managed nodes that one command can name. */
const HOSTS = 50;

/** Commands under way at a time: an agent carries out five documents at once, and one of them may be
 * a master's latency. */
const COMMANDS_AT_A_TIME = 4;

/**
 * Asks hosts for their tables in full, in pages that each fit an answer of 24,000 bytes: one command
 * a page, and a call for each host and page to fetch it. Hosts that are too many for this are left
 * for another run, and are unknown in this one. Never throws.
 */
export async function askTables(
  ssm: RunCommand,
  wanted: { readonly instanceIds: readonly string[]; readonly pages: number },
  circumstances: { readonly waiting: Waiting; readonly roster: readonly RosterEntry[] },
): Promise<Asked> {
  const pages = Math.min(Math.max(wanted.pages, 1), MAX_PAGES);
  const hosts = Math.min(HOSTS, Math.floor(FETCHES / pages));
  const instanceIds = wanted.instanceIds.slice(0, hosts);
  const leftOut = wanted.instanceIds.slice(hosts);
  const names = new Map(circumstances.roster.map(({ instanceId, node }) => [instanceId, node]));
  const unknown = (instanceId: string, reason: string): Observation => {
    return { kind: 'unknown', instanceId, node: names.get(instanceId), reason, error: '_OTHER' };
  };

  const numbers = instanceIds.length === 0 ? [] : [...Array(pages).keys()];
  const targets = [{ Key: 'InstanceIds', Values: instanceIds }];
  const asked = await aFewAtATime(numbers, COMMANDS_AT_A_TIME, async (page) =>
    askHosts(ssm, { action: 'tables', targets, wanted: pageOf(page, pages) }, circumstances),
  );
  const byPage = asked.map(
    ({ observations }) => new Map(observations.map((one) => [instanceIdOf(one), one])),
  );
  const joined = instanceIds.map((instanceId) =>
    byPage
      .map((page, at) => page.get(instanceId) ?? unknown(instanceId, `no page ${at + 1}/${pages}`))
      .reduce(joinPages),
  );
  const reason = `its tables were not asked for in full: ${hosts} hosts in ${pages} pages each are enough for a run`;
  return {
    observations: [...joined, ...leftOut.map((instanceId) => unknown(instanceId, reason))],
    problems: asked.flatMap(({ problems }) => problems),
  };
}

function instanceIdOf(observation: Observation): string | undefined {
  return observation.kind === 'unknown' ? observation.instanceId : observation.host.instanceId;
}
