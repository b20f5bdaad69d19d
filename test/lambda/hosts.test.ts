import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { simulateCluster } from '../../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { createSsm } from '../../lab/aws/ssm/ssm.ts';
import { askHosts } from '../../lambda/ask-hosts.ts';
import { remaining } from '../../lambda/deadline.ts';
import { hostsBehind } from '../../lambda/hosts.ts';
import type { NodeListOfRun } from '../../lambda/node-list.ts';
import { latencyRound } from '../../lambda/latency-round.ts';
import { createRecorder } from '../../lambda/systems/telemetry/recorder.ts';
import { runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import type { Facts } from '../../shared/core/facts.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { run } from '../../shared/core/run/run.ts';
import { clientWithoutSockets } from './systems/ssm/without-sockets.ts';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { DOCUMENT, EVERYBODY, clock, deadlineIn, farOff, watched } from './systems/ssm/watched.ts';

/** A digest that nothing explains. */
function garbled(one: Observation): Observation {
  if (one.kind !== 'digest') return one;
  const sums = one.digest.sums.map((_, at) => (at * 7_654_321 + 12_345) % 1_073_741_789);
  return { ...one, digest: { ...one.digest, sums } };
}

/** Nobody reports the nodes. */
const NO_NODE_LIST: NodeListOfRun = {
  nodes: { kind: 'not-configured' },
  list: undefined,
  masters: {},
  problems: [],
};

test('a host that keeps its tables back takes nothing of the time of the second look', async () => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const cluster = simulateCluster(simulatedHosts(6));
  const ssm = createSsm({
    time: clock,
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: cluster.hosts.map((machine) => ({ machine, tags: { cluster: 'lab' } })),
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
  });
  onTestFinished(() => ssm.close());
  const client = clientWithoutSockets(ssm, clock);
  onTestFinished(() => client.destroy());
  const commands = runCommand(client, DOCUMENT);
  const waiting = { until: deadlineIn(20_000), deadline: farOff(), givenUp: new Set<string>() };
  const command = { action: 'digest', targets: EVERYBODY } as const;
  const { observations } = await askHosts(commands, command, { waiting, roster: [] });
  const hostile = cluster.hosts[1]?.instanceId ?? '';
  ssm.behaveNode(hostile, { kind: 'offline' });

  const limits = limitsSchema.parse({ secondLookSeconds: 5, graceSeconds: 0 });
  const deadline = deadlineIn(16_000);
  const hosts = hostsBehind(
    {
      // Without a started SDK the recorder records nothing.
      systems: {
        ssm: commands,
        telemetry: { ...createRecorder('vtepwatch-lab', clock), flushEvents: async () => [] },
        kubernetes: { kind: 'not-configured' },
      },
      settings: { cluster: 'lab', limits },
      deadline,
    },
    {
      roster: [],
      latency: latencyRound(commands, []),
      answeredBy: new Map(),
      firstPollMs: 1000,
      nodeList: NO_NODE_LIST,
    },
  );
  const facts: Facts = {
    cluster: 'lab',
    now: Date.now(),
    limits,
    nodes: { kind: 'not-configured' },
    listedNames: [],
    daemonSets: [],
    observations: observations.map((one) =>
      one.kind === 'digest' && one.host.instanceId === hostile ? garbled(one) : one,
    ),
    roster: [],
    problems: [],
  };
  const { judgement } = await run(facts, [], hosts);
  expect(ssm.gate.count('SendCommand')).toBeGreaterThan(1);
  expect(judgement.matrix.unexplained).toEqual([['node2']]);
  expect(remaining(deadline)).toBeGreaterThan(limits.secondLookSeconds * 1000);
});

describe('the second look waits until ten seconds after', () => {
  /** How long after the first answers the second look was sent, where they were read so long ago. */
  async function sentAfter(readingMs: number, known: 'known' | 'unknown'): Promise<number> {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const made = watched({ nodes: 3 });
    const answeredAt = clock.now();
    const instanceIds = [1, 2, 3].map(instanceIdOf);
    const answeredBy = new Map(instanceIds.map((id) => [id, answeredAt]));
    await clock.pause(readingMs);
    const hosts = hostsBehind(
      {
        systems: {
          ssm: made.runCommand,
          telemetry: { ...createRecorder('vtepwatch-lab', clock), flushEvents: async () => [] },
          kubernetes: { kind: 'not-configured' },
        },
        settings: { cluster: 'lab', limits: limitsSchema.parse({}) },
        deadline: farOff(),
      },
      {
        roster: [],
        latency: latencyRound(made.runCommand, []),
        answeredBy: known === 'known' ? answeredBy : new Map(),
        firstPollMs: 1000,
        nodeList: NO_NODE_LIST,
      },
    );
    await hosts.again({ instanceIds, subjects: new Set(), wanted: '', apartSeconds: 10 });
    const sent = made.ssm.gate.calls.find(({ operation }) => operation === 'SendCommand');
    return (sent?.at ?? Infinity) - answeredAt;
  }

  test('the hosts’ own answers, and not after they were read and judged', async () => {
    expect(await sentAfter(7000, 'known')).toBe(10_000);
  });

  test('and no longer, where reading them took more than that', async () => {
    expect(await sentAfter(12_000, 'known')).toBe(12_000);
  });

  test('now, where it is not known when a host answered', async () => {
    expect(await sentAfter(7000, 'unknown')).toBe(17_000);
  });
});
