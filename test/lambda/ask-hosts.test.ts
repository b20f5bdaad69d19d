import { describe, expect, test } from 'vitest';
import { askHosts, type HostCommand } from '../../lambda/ask-hosts.ts';
import { absentMachine, instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { nthNode } from '../support/addressing.ts';
import { envelope } from '../support/envelope.ts';
import { EVERYBODY, says, watched, deadlineIn, farOff } from './systems/ssm/watched.ts';
import type { Watched } from './systems/ssm/watched.ts';

const COMMAND = { action: 'tables', targets: EVERYBODY } as const;
const SOON_MS = 3000;

const TABLES = envelope(
  'tables',
  'host node1\nboot b-1 1000.00\ninstall canal\nflanneld 900\nagent 3\nmaster -\ntools iproute2 5.4\n' +
    'D flannel.1 3 UP 1450 32:a3:2f:8e:fb:2f 1 192.168.1.143 8472\nA flannel.1 10.68.3.0/32\n',
);

/** What earlier runs know of node 2. */
const ROSTER = [
  {
    node: 'node2',
    instanceId: instanceIdOf(2),
    vteps: [nthNode(4)],
    master: false,
    lastSeen: 0,
    devices: [],
  },
] as const;

async function ask(
  { runCommand }: Watched,
  command: HostCommand = COMMAND,
): ReturnType<typeof askHosts> {
  const waiting = {
    until: deadlineIn(SOON_MS),
    deadline: farOff(),
    givenUp: new Set<string>(),
  };
  return askHosts(runCommand, command, { waiting, roster: ROSTER });
}

describe('a host that', () => {
  test('answers is known by what it says, under its managed-node id', async () => {
    const made = watched({ nodes: 1 });
    says(made.ssm, 1, TABLES);
    expect(await ask(made)).toMatchObject({
      observations: [
        { kind: 'tables', host: { node: 'node1', instanceId: instanceIdOf(1), install: 'canal' } },
      ],
      problems: [],
    });
  });

  test('is silent is unknown, under the name that earlier runs know', async () => {
    const made = watched({ nodes: 2 });
    says(made.ssm, 1, TABLES);
    made.ssm.behaveNode(instanceIdOf(2), { kind: 'offline' });
    const { observations } = await ask(made);
    expect(observations[1]).toEqual({
      kind: 'unknown',
      instanceId: instanceIdOf(2),
      node: 'node2',
      reason: 'no answer yet (Delayed)',
      error: 'timeout',
    });
  });

  test('is slow is unknown, and the next run waits for it again', async () => {
    const made = watched({ nodes: 1 });
    const machine = { ...absentMachine(1), answer: () => TABLES };
    made.ssm.register({ machine, tags: { cluster: 'lab' } });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'late', milliseconds: 60_000 });
    expect((await ask(made)).observations).toEqual([
      {
        kind: 'unknown',
        instanceId: instanceIdOf(1),
        node: undefined,
        reason: 'no answer yet (InProgress)',
        error: 'timeout',
        isSlow: true,
      },
    ]);
  });

  test('ran the script twice, since its agent was restarted, is known by the last whole answer', async () => {
    const made = watched({ nodes: 3 });
    const later = envelope('tables', 'host node1\nboot b-1 1060.00\n');
    says(made.ssm, 1, TABLES + later);
    says(made.ssm, 2, TABLES.slice(0, 150) + later);
    says(made.ssm, 3, later + TABLES.slice(0, 150));
    const { observations } = await ask(made);
    expect(
      observations.map((one) => (one.kind === 'tables' ? one.host.uptimeSeconds : one.kind)),
    ).toEqual([1060, 1060, 1060]);
  });

  test('cannot be reached is unknown, with the service’s own word', async () => {
    const made = watched({ nodes: 1 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'refused', status: 'AccessDenied' });
    expect((await ask(made)).observations).toEqual([
      {
        kind: 'unknown',
        instanceId: instanceIdOf(1),
        node: undefined,
        reason: 'the command ended as AccessDenied',
        error: 'access_denied',
      },
    ]);
  });

  test('answered the last run is waited for until it has joined the command', async () => {
    const behaviour = { lateTargets: { share: 0.5, milliseconds: 1500 } };
    const made = watched({ nodes: 2, behaviour });
    says(made.ssm, 1, TABLES);
    says(made.ssm, 2, TABLES);
    expect((await ask(made)).observations).toHaveLength(2);
  });

  test('is no longer registered is unknown, and the others are asked', async () => {
    const made = watched({ nodes: 1 });
    says(made.ssm, 1, TABLES);
    const targets = [{ Key: 'InstanceIds', Values: [1, 2].map(instanceIdOf) }];
    expect(await ask(made, { action: 'tables', targets })).toMatchObject({
      observations: [
        { kind: 'tables', host: { node: 'node1' } },
        {
          kind: 'unknown',
          instanceId: instanceIdOf(2),
          node: 'node2',
          reason: expect.stringMatching(/^it is no longer registered with Systems Manager; /),
          silence: 'gone',
          error: 'undeliverable',
        },
      ],
      problems: [],
    });
  });

  test('is no longer registered is unknown also where it is the only one', async () => {
    const made = watched({ nodes: 1 });
    const targets = [{ Key: 'InstanceIds', Values: [instanceIdOf(2)] }];
    expect(await ask(made, { action: 'tables', targets })).toMatchObject({
      observations: [{ kind: 'unknown', node: 'node2', error: 'undeliverable' }],
      problems: [],
    });
  });

  test('answers nonsense is unknown, and keeps the name that earlier runs know', async () => {
    const made = watched({ nodes: 2 });
    says(made.ssm, 1, TABLES);
    says(made.ssm, 2, TABLES.replace('10.68.3.0', '10.68.4.0'));
    expect((await ask(made)).observations[1]).toMatchObject({
      kind: 'unknown',
      node: 'node2',
      error: 'bad_output',
    });
  });
});

describe('a service that', () => {
  const REFUSED = {
    kind: 'refused',
    error: { type: 'InternalServerError', message: 'out of order', status: 500 },
  } as const;

  test('refuses the command is a problem, and no host is known', async () => {
    const made = watched({ nodes: 1 });
    made.ssm.gate.fail({ operation: 'SendCommand', fault: REFUSED });
    expect(await ask(made)).toMatchObject({
      observations: [],
      problems: [
        {
          where: 'Systems Manager',
          message: 'asking the hosts for tables: InternalServerError: out of order',
        },
      ],
    });
  });

  test('finds nobody is a problem that says what to look at', async () => {
    const made = watched({ nodes: 0 });
    expect(await ask(made)).toMatchObject({
      observations: [],
      problems: [
        { where: 'Systems Manager', message: expect.stringMatching(/^no host was asked: .*tag/) },
      ],
    });
  });

  test('cannot list the answers does not pass for one that finds nobody', async () => {
    const made = watched({ nodes: 1 });
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault: REFUSED });
    expect(await ask(made)).toMatchObject({
      observations: [],
      problems: [
        {
          where: 'Systems Manager',
          message: "listing the hosts' answers, page 1: InternalServerError: out of order",
        },
      ],
    });
  });
});
