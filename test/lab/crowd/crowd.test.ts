import { describe, expect, test } from 'vitest';
import { createCrowd } from '../../../lab/crowd/crowd.ts';
import { crowdHosts, macOf } from '../../../lab/crowd/host.ts';
import { ACTIONS } from '../../../shared/contract/probe.ts';
import { openAnswer } from '../../../shared/core/parse/answer.ts';
import { parseHostAnswer } from '../../../shared/core/parse/host-answer.ts';
import { parseMasterAnswer } from '../../../shared/core/parse/latency-answer.ts';
import { account, invocations, outputOf } from '../aws/ssm/account.ts';

function parameters(Action: string, Wanted = ''): ReadonlyMap<string, string> {
  return new Map(Object.entries({ Action, Wanted }));
}

describe('the hosts of a crowd', () => {
  const hosts = crowdHosts(10_000, 3);

  test.for([
    'name',
    'instanceId',
    'underlayIp',
    'tunnelIp',
    'podCidr',
    'vtepMac',
    'bootId',
  ] as const)('differ in their %s', (key) => {
    expect(new Set(hosts.map((host) => host[key])).size).toBe(hosts.length);
  });

  test('have MACs of one station, administered locally, another for each device', () => {
    for (const { vtepMac } of hosts) expect(vtepMac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
    expect(macOf(7, 1)).not.toBe(macOf(7));
    expect(macOf(7, 1)).toBe(macOf(7, 1));
  });

  test('are managed nodes as Systems Manager names them', () => {
    for (const { instanceId } of hosts) expect(instanceId).toMatch(/^mi-\w{17}$/);
  });
});

describe('a crowd', () => {
  test.for(ACTIONS)('answers %s, complete', (action) => {
    const [master] = createCrowd({ size: 30, masters: 1 }).hosts;
    const wanted = action === 'entries' ? '10.128.7.0' : '';
    const text = master?.answer(parameters(action, wanted)) ?? '';
    expect(openAnswer(action, text).kind).toBe('payload');
  });

  test('answers what the function understands', () => {
    const { hosts } = createCrowd({ size: 30, masters: 1 });
    const [master] = hosts;
    const instanceId = master?.instanceId ?? '';
    const digest = parseHostAnswer('digest', {
      instanceId,
      text: master?.answer(parameters('digest')) ?? '',
    });
    expect(digest).toMatchObject({
      kind: 'digest',
      host: { node: 'master1', kubeconfig: '/etc/kubernetes/admin.conf' },
    });
    const text = master?.answer(parameters('latency')) ?? '';
    const { value, problems } = parseMasterAnswer('latency', { node: 'master1', text });
    expect(problems).toEqual([]);
    expect(value.latencies.map(({ outcome }) => outcome)).toEqual(['answered', 'answered']);
  });

  test('refuses what the script has no action for', () => {
    const [host] = createCrowd({ size: 2 }).hosts;
    expect(() => host?.answer(parameters('reboot'))).toThrow('The script has no action reboot.');
  });

  test('suffers its faults from now on, and is well again without them', () => {
    const crowd = createCrowd({ size: 30 });
    const held = () => crowd.hosts[7]?.answer(parameters('tables')).match(/^N /gm)?.length ?? 0;
    expect(held()).toBe(29);
    crowd.suffer({ kind: 'lost-everywhere', subject: 3, tables: ['neighbour'] });
    expect(held()).toBe(28);
    crowd.suffer({ kind: 'flushed', observer: 7, tables: ['neighbour'] });
    expect(held()).toBe(0);
    crowd.suffer();
    expect(held()).toBe(29);
  });

  test('loses about the share of entries that it is told to, the same in each run', () => {
    const lost = (seed: number): string => {
      const crowd = createCrowd({ size: 100 });
      crowd.suffer({ kind: 'random-losses', share: 0.1, seed });
      return crowd.hosts.map((host) => host.answer(parameters('tables'))).join('');
    };
    const entries = lost(1).match(/^[NFR] /gm)?.length ?? 0;
    expect(entries / (3 * 100 * 99)).toBeCloseTo(0.9, 1);
    expect(lost(1).match(/^N .*$/gm)).toEqual(lost(1).match(/^N .*$/gm));
    expect(lost(2).match(/^N .*$/gm)).not.toEqual(lost(1).match(/^N .*$/gm));
  });

  test('has no host beyond its size to befall', () => {
    const crowd = createCrowd({ size: 5 });
    expect(() => crowd.suffer({ kind: 'old-mac', subject: 5 })).toThrow(
      'A crowd of 5 has no host 5.',
    );
  });
});

test('a host of a crowd answers Systems Manager, late or never like any other', async () => {
  const crowd = createCrowd({ size: 3 });
  const nodes = crowd.hosts.map((machine) => ({ machine, tags: {} }));
  const made = await account('', { nodes });
  const [first, second, third] = crowd.hosts.map(({ instanceId }) => instanceId);
  made.ssm.behaveNode(second ?? '', { kind: 'late', milliseconds: 50 });
  made.ssm.behaveNode(third ?? '', { kind: 'offline' });
  const id = await made.send({ Parameters: { Action: ['entries'], Wanted: ['a.b'] } });
  const answers = await invocations(
    made,
    id,
    ({ InstanceId, Status }) => InstanceId === third || Status === 'Success',
  );
  const outputs = new Map(answers.map((one) => [one.InstanceId, outputOf(one)]));
  for (const instanceId of [first, second]) {
    expect(outputs.get(instanceId)).toMatch(/^vtepwatch 1 begin entries\nhost node\d\n/);
  }
  expect(outputs.get(third)).toBe('');
});
