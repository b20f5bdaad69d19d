import { describe, expect, test } from 'vitest';
import { type Agents, explainSilence, learnAgents } from '../../../../lambda/systems/ssm/agents.ts';
import { inventory } from '../../../../lambda/systems/ssm/inventory.ts';
import type { RosterEntry } from '../../../../shared/core/facts.ts';
import type { Observation } from '../../../../shared/core/overlay/vtep.ts';
import { SILENCES } from '../../../../shared/core/silence.ts';
import { instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { EVERYBODY, watched, type Watched, farOff, until } from './watched.ts';

/** 2026-11-23T09:00:00Z */
const NOW = 1_795_424_400_000;
const MINUTE_MS = 60_000;

function answered(number: number): Observation {
  const host = { node: `node${number}`, instanceId: instanceIdOf(number) };
  return { kind: 'tables', host, tables: {}, verbatim: [], unread: [] };
}

function silent(number: number): Observation {
  const reason = 'no answer yet (Delayed)';
  return { kind: 'unknown', instanceId: instanceIdOf(number), reason, error: 'timeout' };
}

function node(number: number, ping: string): Agents['nodes'][number] {
  return { instanceId: instanceIdOf(number), name: `node${number}`, ping, lastPing: NOW };
}

interface Known {
  readonly agents?: Agents;
  readonly observations: readonly Observation[];
  readonly roster?: readonly RosterEntry[];
}

function learn({ client }: Watched, { agents, observations, roster = [] }: Known) {
  const known = { agents, observations, roster, targets: EVERYBODY, now: NOW };
  return learnAgents(inventory(client), known, farOff());
}

function calls({ ssm }: Watched): number {
  return ssm.gate.count('DescribeInstanceInformation');
}

describe('learnAgents', () => {
  test('reads the whole inventory first, and keeps only what explains silence', async () => {
    const made = watched({ nodes: 60 });
    const observations = [silent(1), answered(2)];
    expect(await learn(made, { observations })).toEqual({
      agents: {
        listedAt: NOW,
        nodes: [expect.objectContaining({ instanceId: instanceIdOf(1), ping: 'Online' })],
        gone: [],
      },
      troubles: [],
    });
    expect(calls(made)).toBe(2);
  });

  test('finds agents that are lost, also of hosts that no command reached', async () => {
    const made = watched({ nodes: 3, secondMilliseconds: 1 });
    made.ssm.behaveNode(instanceIdOf(3), { kind: 'offline' });
    const { nodes } = await until(async () => {
      const { agents } = await learn(made, { observations: [answered(1), answered(2)] });
      return agents.nodes.length > 0 ? agents : undefined;
    });
    expect(nodes).toMatchObject([{ instanceId: instanceIdOf(3), ping: 'ConnectionLost' }]);
  });

  test('reads it again after an hour', async () => {
    const made = watched({ nodes: 60 });
    const agents = { listedAt: NOW - 60 * MINUTE_MS, nodes: [], gone: [] };
    const learnt = await learn(made, { agents, observations: [answered(1)] });
    expect(learnt.agents.listedAt).toBe(NOW);
    expect(calls(made)).toBe(2);
  });

  test('asks nothing within the hour while all answer', async () => {
    const made = watched({ nodes: 60 });
    const agents = { listedAt: NOW - MINUTE_MS, nodes: [], gone: [] };
    expect(await learn(made, { agents, observations: [answered(1)] })).toEqual({
      agents,
      troubles: [],
    });
    expect(calls(made)).toBe(0);
  });

  test('asks for silent hosts alone, in one call, when answers drop', async () => {
    const made = watched({ nodes: 120 });
    const agents = { listedAt: NOW - MINUTE_MS, nodes: [node(1, 'ConnectionLost')], gone: [] };
    const observations = [...Array(100).keys()].map((index) => silent(index + 1));
    const learnt = await learn(made, { agents, observations });
    expect(learnt.agents.listedAt).toBe(agents.listedAt);
    expect(learnt.agents.nodes.map(({ name }) => name)).toEqual(
      [...Array(51).keys()].map((index) => `node${index + 1}`),
    );
    expect(calls(made)).toBe(1);
  });

  test('does not ask again for an agent that is lost, and forgets it when its host answers', async () => {
    const made = watched({ nodes: 2 });
    const nodes = [node(1, 'ConnectionLost'), node(2, 'ConnectionLost')];
    const agents = { listedAt: NOW - MINUTE_MS, nodes, gone: [] };
    const learnt = await learn(made, { agents, observations: [silent(1), answered(2)] });
    expect(learnt.agents.nodes).toEqual([nodes[0]]);
    expect(calls(made)).toBe(0);
  });

  test('forgets nobody when the inventory cannot be read', async () => {
    const made = watched({ nodes: 2 });
    const error = { type: 'AccessDeniedException', message: 'no', status: 400 };
    const fault = { kind: 'refused', error } as const;
    made.ssm.gate.fail({ operation: 'DescribeInstanceInformation', fault });
    const agents = { listedAt: NOW - 90 * MINUTE_MS, nodes: [node(1, 'ConnectionLost')], gone: [] };
    expect(await learn(made, { agents, observations: [silent(1)] })).toEqual({
      agents: { listedAt: NOW, nodes: agents.nodes, gone: [] },
      troubles: ['reading the inventory, page 1: AccessDeniedException: no'],
    });
  });
});

describe('a host that the roster knows and the command did not reach', () => {
  const roster = [1, 2].map((number) => ({
    node: `node${number}`,
    instanceId: instanceIdOf(number),
    vteps: [],
    master: false,
    lastSeen: NOW,
    devices: [],
  }));
  const agents = { listedAt: NOW - MINUTE_MS, nodes: [], gone: [] };

  test('is gone where the inventory does not have it any more, and is asked about once', async () => {
    const made = watched({ nodes: 1 });
    const first = await learn(made, { agents, observations: [answered(1)], roster });
    expect(first.agents.gone).toEqual([instanceIdOf(2)]);
    const known = { agents: first.agents, observations: [answered(1)], roster };
    expect((await learn(made, known)).agents.gone).toEqual([instanceIdOf(2)]);
    expect(calls(made)).toBe(1);
  });

  test('is gone by the hourly inventory, too', async () => {
    const made = watched({ nodes: 1 });
    const { agents: learnt } = await learn(made, { observations: [answered(1)], roster });
    expect(learnt.gone).toEqual([instanceIdOf(2)]);
  });

  test('is not gone where it is registered, and no longer gone once it answers', async () => {
    const made = watched({ nodes: 2 });
    const registered = await learn(made, { agents, observations: [answered(1)], roster });
    expect(registered.agents.gone).toEqual([]);
    const before = { ...agents, gone: [instanceIdOf(2)] };
    const all = [answered(1), answered(2)];
    const back = await learn(made, { agents: before, observations: all, roster });
    expect(back.agents.gone).toEqual([]);
  });
});

describe('explainSilence', () => {
  const agents = {
    listedAt: NOW,
    nodes: [node(1, 'ConnectionLost'), node(2, 'Online'), node(3, 'ConnectionLost')],
    gone: [],
  };

  test('says of a silent host what its agent does', () => {
    const well = [answered(5), answered(6), answered(7)];
    const reasons = explainSilence([...well, silent(1), silent(2), silent(4)], agents).flatMap(
      (one) => (one.kind === 'unknown' ? [one.reason] : []),
    );
    const { disconnected, stuck } = SILENCES;
    const lost = `ConnectionLost since 2026-11-23T09:00:00.000Z; ${disconnected.advice}`;
    expect(reasons).toEqual([
      `no answer yet (Delayed); its agent (node1) is ${lost}`,
      `no answer yet (Delayed); its agent (node2) is Online all the same; ${stuck.advice}`,
      'no answer yet (Delayed)',
      `no command reached it; its agent (node3) is ${lost}`,
    ]);
  });

  test('accuses no agent that is Online where most hosts are silent: then the service has failed', () => {
    const most = [answered(5), silent(1), silent(2), silent(4)];
    const [, lost, online] = explainSilence(most, agents);
    expect(lost).toMatchObject({ silence: 'disconnected' });
    expect(online).toEqual(silent(2));
  });

  test('says nothing of a host that answered, or whose answer could not be read', () => {
    const unread = { ...silent(3), error: 'bad_output' } as const;
    const observations = [answered(1), answered(2), unread];
    expect(explainSilence(observations, agents)).toEqual(observations);
  });

  test('leaves a reason as it is that says what happened on the host', () => {
    const full = { ...silent(2), silence: 'disk-full' } as const;
    const failed = {
      ...silent(2),
      reason: 'the command ended as Failed: no',
      error: '_OTHER',
    } as const;
    const slow = { ...silent(2), isSlow: true } as const;
    expect(explainSilence([full], agents)[0]).toEqual(full);
    expect(explainSilence([slow], agents)[0]).toEqual(slow);
    expect(explainSilence([failed], agents)[0]).toEqual(failed);
  });

  test('changes nothing where nothing is known', () => {
    expect(explainSilence([silent(1)], undefined)).toEqual([silent(1)]);
  });

  test('never takes the agent’s name for the node’s', () => {
    const [, unreached] = explainSilence([silent(1)], agents);
    expect(unreached).not.toHaveProperty('node');
  });
});
