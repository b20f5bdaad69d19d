import { describe, expect, onTestFinished, test } from 'vitest';
import { type Crowd, createCrowd } from '../../lab/crowd/crowd.ts';
import type { CrowdFault } from '../../lab/crowd/faults.ts';
import { type Ssm, startSsm } from '../../lab/aws/ssm/ssm.ts';
import { askTables } from '../../lambda/ask-tables.ts';
import { type RunCommand, runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { clientOf } from '../lab/aws/ssm/account.ts';
import { DOCUMENT } from './systems/ssm/watched.ts';
import { deadlineIn, farOff } from '../support/deadlines.ts';

interface Asking {
  readonly crowd: Crowd;
  readonly ssm: Ssm;
  readonly runCommand: RunCommand;
}

async function crowdOf(size: number, ...faults: readonly CrowdFault[]): Promise<Asking> {
  const crowd = createCrowd({ size });
  crowd.suffer(...faults);
  const ssm = await startSsm({
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: crowd.hosts.map((machine) => ({ machine, tags: {} })),
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
  });
  onTestFinished(() => ssm.close());
  const client = clientOf(ssm.url);
  onTestFinished(() => client.destroy());
  return { crowd, ssm, runCommand: runCommand(client, DOCUMENT) };
}

interface Wanted {
  readonly hosts: number;
  readonly pages: number;
  readonly until?: number;
}

async function ask({ crowd, runCommand: ssm }: Asking, { hosts, pages, until = 20_000 }: Wanted) {
  const instanceIds = crowd.hosts.slice(0, hosts).map(({ instanceId }) => instanceId);
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
    const asking = await crowdOf(900, {
      kind: 'lost-everywhere',
      subject: 7,
      tables: ['neighbour'],
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
    expect(asking.crowd.hosts.filter(({ tunnelIp }) => !held.has(tunnelIp))).toMatchObject([
      { name: 'node1' },
      { name: 'node8' },
    ]);
  });

  test('costs a command and a list a page, and a call for each host and page', async () => {
    const asking = await crowdOf(900);
    await ask(asking, { hosts: 4, pages: 3 });
    expect(asking.ssm.gate.count('SendCommand')).toBe(3);
    expect(asking.ssm.gate.count('ListCommandInvocations')).toBe(3);
    expect(asking.ssm.gate.count('GetCommandInvocation')).toBe(12);
  });

  test('fits 15,000 entries of random addresses into twelve pages', async () => {
    const asking = await crowdOf(5000);
    const { observations } = await ask(asking, { hosts: 1, pages: 12 });
    expect(observations.map(sizesOf)).toEqual([[4999, 4999, 4999]]);
  });

  test('leaves out hosts beyond a hundred calls, and says so', async () => {
    const asking = await crowdOf(60);
    const { observations, problems } = await ask(asking, { hosts: 30, pages: 4 });
    expect(observations).toHaveLength(30);
    expect(observations.filter(({ kind }) => kind === 'tables')).toHaveLength(25);
    expect(observations[25]).toMatchObject({
      kind: 'unknown',
      instanceId: asking.crowd.hosts[25]?.instanceId,
      reason: expect.stringContaining('25 hosts in 4 pages each are enough for a run'),
    });
    const left = asking.crowd.hosts.slice(25, 30).map(({ instanceId }) => instanceId);
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
    const asking = await crowdOf(60);
    const { observations } = await ask(asking, { hosts, pages: 1 });
    expect(observations).toHaveLength(hosts);
    expect(observations.filter(({ kind }) => kind === 'tables')).toHaveLength(read);
    expect(asking.ssm.gate.count('SendCommand')).toBe(Math.min(hosts, 1));
  });

  test('a page that does not come makes its host unknown, and no other', async () => {
    const asking = await crowdOf(600);
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
    const asking = await crowdOf(600);
    const fault = {
      kind: 'refused',
      error: { type: 'InternalServerError', message: 'no', status: 500 },
    } as const;
    asking.ssm.gate.fail({ operation: 'SendCommand', fault, skip: 1, times: 1 });
    const { observations, problems } = await ask(asking, { hosts: 1, pages: 2 });
    expect(observations).toMatchObject([{ kind: 'unknown', reason: 'no page 2/2' }]);
    expect(problems).toMatchObject([
      { message: 'asking the hosts for tables: InternalServerError: no' },
      { message: `${asking.crowd.hosts[0]?.instanceId}: no page 2/2` },
    ]);
  });

  test('a host that was terminated is unknown, and the others are read', async () => {
    const asking = await crowdOf(60);
    const gone = asking.crowd.hosts[1]?.instanceId ?? '';
    asking.ssm.deregister(gone);
    const { observations, problems } = await ask(asking, { hosts: 3, pages: 2 });
    expect(observations.map(({ kind }) => kind)).toEqual(['tables', 'unknown', 'tables']);
    const message = `${gone}: it is no longer registered with Systems Manager`;
    expect(problems).toEqual([{ where: 'tables in full', message }]);
  });

  test('a host that is silent is unknown when the time is up', async () => {
    const asking = await crowdOf(60);
    const silent = asking.crowd.hosts[1]?.instanceId ?? '';
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
