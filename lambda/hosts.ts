import type { Limits } from '../shared/contract/settings.ts';
import type { RosterEntry } from '../shared/core/facts.ts';
import type { LaterNames } from '../shared/core/nodes/agree.ts';
import type { Observation } from '../shared/core/overlay/vtep.ts';
import type { Hosts, SecondLookAnswers } from '../shared/core/run/hosts.ts';
import type { PacketLook, SecondLook } from '../shared/core/run/second-look.ts';
import type { Reading } from '../shared/core/run/reading.ts';
import { askHosts, collectSpan, type TimedAnswers } from './ask-hosts.ts';
import { askNodes } from './ask-kubernetes.ts';
import { askTables } from './ask-tables.ts';
import { type Deadline, earlier, sleep, within } from './deadline.ts';
import type { LatencyRound } from './latency-round.ts';
import type { Invocation } from './invocation.ts';
import { askForNamesAgain, namesInKubernetes, type NodeListOfRun } from './node-list.ts';
import { log } from './systems/log.ts';
import type { Waiting } from './systems/ssm/collect.ts';

/** What the hosts' side takes of an invocation. */
interface HostsOfInvocation {
  readonly systems: Pick<Invocation['systems'], 'ssm' | 'telemetry' | 'kubernetes'>;
  readonly settings: Pick<Invocation['settings'], 'cluster' | 'limits'>;
  readonly deadline: Deadline;
  /** Where the function logs; a command line keeps its output for the result. */
  readonly note?: typeof log;
}

/** What earlier questions of this run, and earlier runs, left for its later ones. */
interface Known {
  readonly roster: readonly RosterEntry[];
  readonly latency: LatencyRound;
  /** By managed-node id: by when the host had given its first answer, epoch milliseconds. */
  readonly answeredBy: TimedAnswers['answeredBy'];
  /** When to poll first after a command, milliseconds. */
  readonly firstPollMs: number;
  readonly nodeList: NodeListOfRun;
}

/** The hosts of a deployed cluster, reached through Systems Manager. */
export function hostsBehind(invocation: HostsOfInvocation, known: Known): Hosts {
  const lastAnswers = new Map(known.answeredBy);
  return {
    tables: async (reading) => {
      const { answeredBy, ...answers } = await readInFull(invocation, reading, known);
      for (const [instanceId, at] of answeredBy) lastAnswers.set(instanceId, at);
      return answers;
    },
    again: async (look) => {
      const attributes = { 'vtepwatch.host.count': look.instanceIds.length };
      return await invocation.systems.telemetry.span(
        'vtepwatch.second_look',
        attributes,
        async () => await lookAgain(invocation, look, { ...known, answeredBy: lastAnswers }),
      );
    },
    latencies: async () =>
      (await known.latency.read(within(EVIDENCE_MS, invocation.deadline))).latencies,
  };
}

/** How long the masters' figures may hold up the verdict: a page is better with them, and goes out without. */
const EVIDENCE_MS = 2000;

async function readInFull(
  { systems, settings, deadline: whole, note = log }: HostsOfInvocation,
  reading: Reading,
  { roster, firstPollMs }: Known,
): ReturnType<typeof askTables> {
  const { cluster, limits } = settings;
  note('tables.asked', { cluster, hosts: reading.instanceIds.length, pages: reading.pages });
  const deadline = beforeSecondLook(whole, limits);
  const until = within(limits.answerSeconds * 1000, deadline);
  const waiting = { until, deadline, givenUp: NOBODY, firstPollMs };
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
  { systems, settings, deadline, note = log }: HostsOfInvocation,
  { instanceIds, wanted, packets, apartSeconds }: SecondLook,
  { roster, nodeList, answeredBy, firstPollMs }: Known,
): Promise<SecondLookAnswers> {
  const { cluster, limits } = settings;
  note('second-look', { cluster, hosts: instanceIds.length, wanted });
  // Each host is asked so long after its own last answer: listing and judging took some of that time.
  const now = deadline.clock.now();
  const asked = [...instanceIds, ...(packets?.instanceIds ?? [])];
  const last = Math.max(...asked.map((instanceId) => answeredBy.get(instanceId) ?? now));
  await sleep(Math.max(0, last + apartSeconds * 1000 - now), deadline);
  const targets = [{ Key: 'InstanceIds', Values: [...instanceIds] }];
  const until = within(limits.answerSeconds * 1000, deadline);
  const waiting = { until, deadline, givenUp: NOBODY, firstPollMs };
  const command = { action: 'entries', targets, wanted } as const;
  const lookingAtEntries = collectSpan(systems.telemetry, command.action, async () =>
    askHosts(systems.ssm, command, { waiting, roster }),
  );
  const [answers, retried, names] = await Promise.all([
    lookingAtEntries,
    // A lost packet changes a neighbour entry: entries come first.
    packets === undefined
      ? undefined
      : lookingAtEntries.then(async () => tryAgain(systems, packets, { waiting, roster })),
    namesAgain(systems, nodeList, until),
  ]);
  return { ...answers, ...names, ...(retried === undefined ? {} : { retried }) };
}

/** Hosts send packets again to the peers that had lost them. */
async function tryAgain(
  { ssm, telemetry }: HostsOfInvocation['systems'],
  { instanceIds, wanted }: PacketLook,
  circumstances: { readonly waiting: Waiting; readonly roster: readonly RosterEntry[] },
): Promise<readonly Observation[]> {
  const targets = [{ Key: 'InstanceIds', Values: [...instanceIds] }];
  const command = { action: 'packets', targets, wanted } as const;
  const { observations } = await collectSpan(telemetry, command.action, async () =>
    askHosts(ssm, command, circumstances),
  );
  return observations;
}

/** What the node list says in a second look, if there is a list. */
async function namesAgain(
  { ssm, kubernetes }: HostsOfInvocation['systems'],
  { nodes, list, masters }: NodeListOfRun,
  until: Deadline,
): Promise<Partial<LaterNames>> {
  if (nodes.kind !== 'read') return {};
  if (nodes.origin?.source === 'kubeconfig') {
    return namesInKubernetes(nodes.after, await askNodes(kubernetes, until));
  }
  return list === undefined ? {} : await askForNamesAgain(ssm, { list, masters }, until);
}
