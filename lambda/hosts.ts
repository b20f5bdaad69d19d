import type { Limits } from '../shared/contract/settings.ts';
import type { RosterEntry } from '../shared/core/facts.ts';
import type { Answers, Hosts } from '../shared/core/run/hosts.ts';
import type { SecondLook } from '../shared/core/run/second-look.ts';
import type { Reading } from '../shared/core/run/reading.ts';
import { askHosts, collectSpan } from './ask-hosts.ts';
import { askTables } from './ask-tables.ts';
import { type Deadline, earlier, sleep, within } from './deadline.ts';
import type { LatencyRound } from './latency-round.ts';
import type { Invocation } from './invocation.ts';
import { log } from './systems/log.ts';

/** What the hosts' side takes of an invocation. */
interface HostsOfInvocation {
  readonly systems: Pick<Invocation['systems'], 'ssm' | 'telemetry'>;
  readonly settings: Pick<Invocation['settings'], 'cluster' | 'limits'>;
  readonly deadline: Deadline;
}

/** What earlier questions of this run, and earlier runs, left for its later ones. */
interface Known {
  readonly roster: readonly RosterEntry[];
  readonly latency: LatencyRound;
}

/** The hosts of a deployed cluster, reached through Systems Manager. */
export function hostsBehind(invocation: HostsOfInvocation, { roster, latency }: Known): Hosts {
  return {
    tables: async (reading) => await readInFull(invocation, reading, roster),
    again: async (look) => {
      const attributes = { 'vtepwatch.host.count': look.instanceIds.length };
      return await invocation.systems.telemetry.span(
        'vtepwatch.second_look',
        attributes,
        async () => await lookAgain(invocation, look, roster),
      );
    },
    latencies: async () => (await latency.read(within(EVIDENCE_MS, invocation.deadline))).latencies,
  };
}

/** How long the masters' figures may hold up the verdict: a page is better with them, and goes out without. */
const EVIDENCE_MS = 2000;

async function readInFull(
  { systems, settings, deadline: whole }: HostsOfInvocation,
  reading: Reading,
  roster: readonly RosterEntry[],
): Promise<Answers> {
  const { cluster, limits } = settings;
  log('tables.asked', { cluster, hosts: reading.instanceIds.length, pages: reading.pages });
  const deadline = beforeSecondLook(whole, limits);
  const until = within(limits.answerSeconds * 1000, deadline);
  const waiting = { until, deadline, givenUp: NOBODY };
  return await collectSpan(systems.telemetry, 'tables', async () =>
    askTables(systems.ssm, reading, { waiting, roster }),
  );
}

const NOBODY: ReadonlySet<string> = new Set();

/** How long the second look takes besides its wait: to be sent, answered and listed. */
const SECOND_LOOK_MS = 6000;

/** A host that withholds its tables must not use up the time of the look that comes before a page. */
function beforeSecondLook(deadline: Deadline, { secondLookSeconds }: Limits): Deadline {
  return earlier(deadline, secondLookSeconds * 1000 + SECOND_LOOK_MS);
}

async function lookAgain(
  { systems, settings, deadline }: HostsOfInvocation,
  { instanceIds, wanted, apartSeconds }: SecondLook,
  roster: readonly RosterEntry[],
): Promise<Answers> {
  const { cluster, limits } = settings;
  log('second-look', { cluster, hosts: instanceIds.length, wanted });
  await sleep(apartSeconds * 1000, deadline);
  const targets = [{ Key: 'InstanceIds', Values: [...instanceIds] }];
  const until = within(limits.answerSeconds * 1000, deadline);
  const waiting = { until, deadline, givenUp: NOBODY };
  const command = { action: 'entries', targets, wanted } as const;
  return await collectSpan(systems.telemetry, command.action, async () =>
    askHosts(systems.ssm, command, { waiting, roster }),
  );
}
