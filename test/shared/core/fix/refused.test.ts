import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { refusedIn } from '../../../../shared/core/fix/refused-entries.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import { parseIp } from '../../../../shared/core/overlay/addresses.ts';
import type { Device } from '../../../../shared/core/overlay/vtep.ts';
import { cidr as cidrOf } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { fixed, fixesOf, guarded, typed } from '../../../support/fixes.ts';

const SIX = cluster(6).listed();

describe('what two nodes claim is put nowhere: one of them may want the other’s packets', () => {
  const { tunnelIp = '', mac = '' } = SIX.vtepOf('master1');
  const claiming = (base: Cluster, changes: Partial<Device>): Cluster =>
    base.answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, ...changes })),
      },
    }));

  test.for([
    ['its tunnel IP', claiming(cluster(6), { addresses: [cidrOf(`${tunnelIp}/32`)] })],
    ['its VTEP MAC', claiming(cluster(6), { mac })],
    ['its VTEP MAC, beside a list of nodes', claiming(SIX, { mac })],
  ] as const)('%s', ([, claimed]) => {
    expect(judge(claimed.facts()).findings).not.toEqual([]);
    const commands = typed(claimed);
    expect(
      commands.filter((command) => /(ip (neigh|route)|bridge fdb) replace/.test(command)),
    ).toEqual([]);
    expect(commands).not.toEqual([]);
  });

  test('and the entries of others are put back all the same', () => {
    const claimed = claiming(cluster(6), { mac }).lose('route', {
      observer: 'node2',
      subject: 'node1',
    });
    const { podCidr, tunnelIp: via } = claimed.vtepOf('node1');
    const command = `ip route replace ${podCidr} via ${via} dev flannel.1 onlink`;
    expect(typed(claimed)).toContain(`node2$ ${guarded(claimed.vtepOf('node1'), command)}`);
  });
});

/** What a problem says of each kind of refusal. */
const WORDS = {
  special: 'of a kind',
  length: 'another length',
  network: 'outside',
  contested: 'another node claims',
} as const;

describe('one host alone gives no command', () => {
  const withDevice = (base: Cluster, node: string, changes: Partial<Device>): Cluster =>
    base.answer(node, (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, ...changes })),
      },
    }));
  const everyTable = (base: Cluster, subject: string): Cluster =>
    base.lose('neighbour', { subject }).lose('fdb', { subject }).lose('route', { subject });

  test('whose device contradicts the permanent entries of all its peers', () => {
    const claiming = withDevice(cluster(6), 'node3', { mac: 'b2:1f:9c:08:64:ee' });
    expect(judge(claiming.facts()).findings.map(({ cause }) => cause)).toContain('mac-mismatch');
    expect(entryCommands(claiming)).toEqual([]);
    expect(fixed(claiming).map(({ kind }) => kind)).toEqual(['look', 'look', 'restart', 'restart']);
  });

  test('of which no peer holds anything, without a node list; with one there are commands', () => {
    expect(entryCommands(everyTable(cluster(6), 'node3'))).toEqual([]);
    expect(entryCommands(everyTable(SIX, 'node3'))).toHaveLength(5);
  });

  test('nor do peers alone, where the node itself is silent and no list knows it', () => {
    const roster = nextRoster(cluster(6).facts(), judge(cluster(6).facts()));
    const silent = cluster(6)
      .silence('node3')
      .lose('neighbour', { subject: 'node3', observer: 'node1' });
    const judgement = judge(silent.facts({ roster }));
    expect(judgement.findings).toHaveLength(1);
    const kinds = judgement.findings.flatMap(fixesOf(judgement)).map(({ kind }) => kind);
    expect(kinds).toEqual(['restart']);
  });

  test.for([
    ['the default route', '0.0.0.0/0', 'special'],
    ['the metadata service', '169.254.169.254/32', 'special'],
    ["the hosts' own network", '192.168.0.0/16', 'length'],
    ["half of another node's pods", '10.68.1.128/25', 'length'],
    ["another node's pods", '10.68.1.0/24', 'contested'],
    ['a network beside the pod network', '10.99.1.0/24', 'network'],
    ["the hosts' own network in the right length", '192.168.1.0/24', 'network'],
  ] as const)('nor does the list for a pod CIDR that is %s', ([, text, kind]) => {
    const podCidr = cidrOf(text);
    const claimed = cluster(6).listed((node) =>
      node.name === 'node3' ? { ...node, podCidrs: [podCidr] } : node,
    );
    const tunnel = cidrOf(`${text.split('/')[0] ?? ''}/32`);
    const lost = everyTable(withDevice(claimed, 'node3', { addresses: [tunnel] }), 'node3');
    expect(judge(lost.facts()).findings).not.toEqual([]);
    const commands = entryCommands(lost);
    expect(commands.filter((command) => command.includes(podCidr))).toEqual([]);
    expect(commands).toEqual([]);
    expect(refusals(lost).join()).toContain(WORDS[kind]);
  });

  test.for([['ff:ff:ff:ff:ff:ff'], ['01:00:5e:00:00:01'], ['00:00:00:00:00:00']] as const)(
    'nor does the list for the MAC %s',
    ([mac]) => {
      const listed = cluster(6).listed((node) =>
        node.name === 'node3'
          ? { ...node, annotated: node.annotated.map((one) => ({ ...one, mac })) }
          : node,
      );
      const lost = everyTable(withDevice(listed, 'node3', { mac }), 'node3');
      expect(entryCommands(lost)).toEqual([]);
    },
  );

  test.for([['0.0.0.0'], ['127.0.0.1'], ['169.254.0.9'], ['224.0.0.1'], ['255.255.255.255']])(
    'nor does the list for the public IP %s',
    ([text = '']) => {
      const publicIp = parseIp(text);
      const listed = cluster(6).listed((node) =>
        node.name === 'node3'
          ? { ...node, annotated: node.annotated.map((one) => ({ ...one, publicIp })) }
          : node,
      );
      const lost = everyTable(withDevice(listed, 'node3', { local: publicIp }), 'node3');
      expect(entryCommands(lost)).toEqual([]);
    },
  );

  test.for([
    ['the default route', '0.0.0.0/0', 'special'],
    ["the hosts' own network", '172.16.0.0/12', 'length'],
    ["half of another node's pods", '10.68.1.128/25', 'length'],
    ['a network beside the pod network', '10.99.1.0/24', 'network'],
  ] as const)('a pod CIDR that is %s is reported before anything is wrong', ([, text, kind]) => {
    const podCidr = cidrOf(text);
    const healthy = cluster(6).listed((node) =>
      node.name === 'node3' ? { ...node, podCidrs: [podCidr] } : node,
    );
    expect(refusedIn(judge(healthy.facts()), [])).toEqual([
      { where: 'node3', message: expect.stringContaining(WORDS[kind]) },
    ]);
  });

  test('a healthy cluster has none, and of very many the first are reported', () => {
    expect(refusedIn(judge(SIX.facts()), [])).toEqual([]);
    const odd = cluster(30).listed((node) => ({
      ...node,
      podCidrs: [cidrOf('127.0.0.0/24')],
    }));
    const refused = refusedIn(judge(odd.facts()), []);
    expect(refused).toHaveLength(11);
    expect(refused.at(-1)?.message).toBe('no command puts the entries of 20 more nodes back');
  });

  test('a tunnel IP that two nodes have is reported of both', () => {
    const { tunnelIp = '' } = cluster(6).vtepOf('node1');
    const claiming = withDevice(cluster(6), 'node3', { addresses: [cidrOf(`${tunnelIp}/32`)] });
    const refused = refusedIn(judge(claiming.facts()), []);
    expect(refused.map(({ where }) => where)).toEqual(['node1', 'node3']);
  });

  test('and what it claims takes no command from the node that the list knows by it', () => {
    const { tunnelIp = '', mac } = cluster(6).vtepOf('node1');
    const claiming = withDevice(SIX, 'node3', {
      mac,
      addresses: [cidrOf(`${tunnelIp}/32`)],
    });
    const lost = claiming.lose('route', { observer: 'node2', subject: 'node1' });
    const replaced = `ip route replace 10.68.3.0/24 via ${tunnelIp} dev flannel.1 onlink`;
    expect(entryCommands(lost)).toContain(
      `node2$ ${guarded(cluster(6).vtepOf('node1'), replaced)}`,
    );
    expect(entryCommands(lost).filter((command) => command.includes('192.168.1.5'))).toEqual([]);
  });
});

function entryCommands(damaged: Cluster): readonly string[] {
  return typed(damaged).filter((command) => /(ip (neigh|route)|bridge fdb) replace/.test(command));
}

function refusals(damaged: Cluster): readonly string[] {
  const judgement = judge(damaged.facts());
  return refusedIn(judgement, judgement.findings).map(
    ({ where, message }) => `${where} ${message.replace(/^[^:]*: /, '')}`,
  );
}
