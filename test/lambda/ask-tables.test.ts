import { describe, expect, onTestFinished, test } from 'vitest';
import { createSsm, type SsmAccount } from '../../lab/aws/ssm/ssm.ts';
import { type SimulatedCluster, simulateCluster } from '../../lab/machines/simulated/cluster.ts';
import type { SimulatedDamage } from '../../lab/machines/simulated/conditions.ts';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { askTables } from '../../lambda/ask-tables.ts';
import { type RunCommand, runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { clientWithoutSockets } from './systems/ssm/without-sockets.ts';
import { DOCUMENT, clock, deadlineIn, farOff } from './systems/ssm/watched.ts';

interface Asking {
  readonly cluster: SimulatedCluster;
  readonly ssm: SsmAccount;
  readonly runCommand: RunCommand;
}

async function clusterOf(size: number, ...damages: readonly SimulatedDamage[]): Promise<Asking> {
  const cluster = simulateCluster(simulatedHosts(size));
  cluster.inflict(...damages);
  const ssm = createSsm({
    time: clock,
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: cluster.hosts.map((machine) => ({ machine, tags: {} })),
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
  });
  onTestFinished(() => ssm.close());
  const client = clientWithoutSockets(ssm, clock);
  onTestFinished(() => client.destroy());
  return { cluster, ssm, runCommand: runCommand(client, DOCUMENT) };
}

interface Wanted {
  readonly hosts: number;
  readonly pages: number;
  readonly until?: number;
}

async function ask({ cluster, runCommand: ssm }: Asking, { hosts, pages, until = 20_000 }: Wanted) {
  const instanceIds = cluster.hosts.slice(0, hosts).map(({ instanceId }) => instanceId);
  const waiting = { until: deadlineIn(until), deadline: farOff(), givenUp: new Set<string>() };
  return askTables(ssm, { instanceIds, pages }, { waiting, roster: [] });
}

function sizesOf(observation: Observation | undefined): readonly (number | undefined)[] {
  if (observation?.kind !== 'tables') throw new Error(JSON.stringify(observation));
  const { neighbours, fdb, routes } = observation.tables;
  return [neighbours?.length, fdb?.length, routes?.length];
}

describe('askTables', () => {
  test('joins the pages of each host to all that it holds', async () => {
    const asking = await clusterOf(900, {
      kind: 'lost',
      tables: ['neighbour'],
      on: 'all',
      of: ['node8'],
    });
    const { observations, problems } = await ask(asking, { hosts: 2, pages: 3 });
    expect(problems).toEqual([]);
    expect(observations.map(sizesOf)).toEqual([
      [898, 899, 899],
      [898, 899, 899],
    ]);
    const [first] = observations;
    if (first?.kind !== 'tables') throw new Error('unknown');
    const held = new Set<string>(first.tables.neighbours?.map(({ ip }) => ip));
    expect(asking.cluster.hosts.filter(({ tunnelIp }) => !held.has(tunnelIp))).toMatchObject([
      { name: 'node1' },
      { name: 'node8' },
    ]);
  });

  test('costs a command and a list a page, and a call for each host and page', async () => {
    const asking = await clusterOf(900);
    await ask(asking, { hosts: 4, pages: 3 });
    expect(asking.ssm.gate.count('SendCommand')).toBe(3);
    expect(asking.ssm.gate.count('ListCommandInvocations')).toBe(3);
    expect(asking.ssm.gate.count('GetCommandInvocation')).toBe(12);
  });

  test('fits 15,000 entries of random addresses into twelve pages', async () => {
    const asking = await clusterOf(5000);
    const { observations } = await ask(asking, { hosts: 1, pages: 12 });
    expect(observations.map(sizesOf)).toEqual([[4999, 4999, 4999]]);
  });

  test('leaves out hosts beyond a hundred calls, and says so', async () => {
    const asking = await clusterOf(60);
    const { observations, problems } = await ask(asking, { hosts: 30, pages: 4 });
    expect(observations).toHaveLength(30);
    expect(observations.filter(({ kind }) => kind === 'tables')).toHaveLength(25);
    expect(observations[25]).toMatchObject({
      kind: 'unknown',
      instanceId: asking.cluster.hosts[25]?.instanceId,
      reason: expect.stringContaining('25 hosts in 4 pages each are enough for a run'),
    });
    const left = asking.cluster.hosts.slice(25, 30).map(({ instanceId }) => instanceId);
    const named = `${left.slice(0, -1).join(', ')} and ${left.at(-1)}`;
    expect(problems).toEqual([
      {
        where: 'tables in full',
        message: `${named}: not asked for: 25 hosts in 4 pages each are enough for a run`,
      },
    ]);
  });

  test.for([
    [0, 'no host', 0],
    [60, 'more than one command can name', 50],
  ] as const)('asks %i hosts: %s', async ([hosts, , read]) => {
    const asking = await clusterOf(60);
    const { observations } = await ask(asking, { hosts, pages: 1 });
    expect(observations).toHaveLength(hosts);
    expect(observations.filter(({ kind }) => kind === 'tables')).toHaveLength(read);
    expect(asking.ssm.gate.count('SendCommand')).toBe(Math.min(hosts, 1));
  });

  test('a page that does not come makes its host unknown, and no other', async () => {
    const asking = await clusterOf(600);
    const fault = {
      kind: 'refused',
      error: { type: 'InternalServerError', message: 'no', status: 500 },
    } as const;
    asking.ssm.gate.fail({ operation: 'GetCommandInvocation', fault, skip: 3, times: 1 });
    const { observations } = await ask(asking, { hosts: 3, pages: 2 });
    expect(observations.filter(({ kind }) => kind === 'tables')).toHaveLength(2);
    expect(observations.filter(({ kind }) => kind === 'unknown')).toMatchObject([
      { reason: expect.stringMatching(/^fetching the whole answer: InternalServerError/) },
    ]);
  });

  test('a page that cannot be asked for is a problem, and leaves no host half known', async () => {
    const asking = await clusterOf(600);
    const fault = {
      kind: 'refused',
      error: { type: 'InternalServerError', message: 'no', status: 500 },
    } as const;
    asking.ssm.gate.fail({ operation: 'SendCommand', fault, skip: 1, times: 1 });
    const { observations, problems } = await ask(asking, { hosts: 1, pages: 2 });
    expect(observations).toMatchObject([{ kind: 'unknown', reason: 'no page 2/2' }]);
    expect(problems).toMatchObject([
      { message: 'asking the hosts for tables: InternalServerError: no' },
      { message: `${asking.cluster.hosts[0]?.instanceId}: no page 2/2` },
    ]);
  });

  test('a host that was terminated is unknown, and the others are read', async () => {
    const asking = await clusterOf(60);
    const gone = asking.cluster.hosts[1]?.instanceId ?? '';
    asking.ssm.deregister(gone);
    const { observations, problems } = await ask(asking, { hosts: 3, pages: 2 });
    expect(observations.map(({ kind }) => kind)).toEqual(['tables', 'unknown', 'tables']);
    const message = expect.stringContaining(
      `${gone}: it is no longer registered with Systems Manager; `,
    );
    expect(problems).toEqual([{ where: 'tables in full', message }]);
  });

  test('a host that is silent is unknown when the time is up', async () => {
    const asking = await clusterOf(60);
    const silent = asking.cluster.hosts[1]?.instanceId ?? '';
    asking.ssm.behaveNode(silent, { kind: 'offline' });
    const { observations, problems } = await ask(asking, { hosts: 2, pages: 2, until: 1500 });
    expect(observations).toMatchObject([
      { kind: 'tables' },
      { kind: 'unknown', instanceId: silent, reason: 'no answer yet (Delayed)' },
    ]);
    expect(problems).toEqual([
      { where: 'tables in full', message: `${silent}: no answer yet (Delayed)` },
    ]);
  });
});
