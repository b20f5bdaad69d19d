import { describe, expect, test } from 'vitest';
import type { Report } from '../../../../shared/contract/report.ts';
import { TABLES } from '../../../../shared/contract/causes.ts';
import type { Facts } from '../../../../shared/core/facts.ts';
import type { IpAddress } from '../../../../shared/core/overlay/addresses.ts';
import type { ClusterNode, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import type { Decision } from '../../../../shared/core/run/run.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { decided } from '../../../support/runs.ts';

/** What one lying host can have people read, and type. */

type Answer = Extract<Observation, { kind: 'tables' }>;

const SIX = cluster(6);

async function seen(
  facts: Facts,
  deciding: (facts: Facts) => Promise<Decision> = decided,
): Promise<{ decision: Decision; report: Report }> {
  const decision = await deciding(facts);
  return { decision, report: reportOf(decision) };
}

/** Everything that a person reads, or types. */
function textOf({ decision, report }: { decision: Decision; report: Report }): string {
  return [
    ...decision.pages.map(({ text }) => text),
    ...report.incidents.flatMap(({ fix }) => fix.flatMap(({ commands }) => commands)),
    ...report.problems.map(({ message }) => message),
    ...(report.checked?.unchecked.map(({ reason }) => reason) ?? []),
  ].join('\n');
}

/** A host of a name of its own that holds all of the others, and one route more. */
function invented(route: string): Facts {
  const facts = SIX.facts();
  const [first] = facts.observations;
  if (first?.kind !== 'tables') throw new Error('the hosts answered');
  const device = 'flannel.1';
  const gateway = ip('10.68.99.0');
  const liar: Answer = {
    ...first,
    host: { ...first.host, node: 'aaa', instanceId: 'mi-99999999999999999' },
    tables: {
      devices: (first.tables.devices ?? []).map((own) => ({
        ...own,
        mac: '0a:00:00:00:00:99',
        local: ip('192.168.9.99'),
        addresses: [cidr('10.68.99.0/32')],
      })),
      neighbours: SIX.nodes.map(({ tunnelIp, mac }) => ({
        device,
        ip: tunnelIp,
        mac,
        permanent: true,
        state: 'PERMANENT',
      })),
      fdb: SIX.nodes.map(({ mac, underlayIp }) => ({ device, mac, destination: underlayIp })),
      routes: [
        ...SIX.nodes.map(({ podCidr, tunnelIp }) => ({
          device,
          destination: podCidr,
          gateway: tunnelIp,
        })),
        { device, destination: cidr(route), gateway },
      ],
    },
  };
  return { ...facts, observations: [liar, ...facts.observations] };
}

describe('a host that invents a node, where there is no list', () => {
  test.for(['0.0.0.0/0', '172.16.0.0/12', '169.254.169.254/32', '10.68.1.128/25', '10.68.99.0/24'])(
    'is a problem, pages nobody and gets nobody to type anything: %s',
    async (route) => {
      for (const deciding of [decided, settled]) {
        const told = await seen(invented(route), deciding);
        expect(told.decision.pages).toEqual([]);
        expect(told.report.incidents).toEqual([]);
        expect(told.report.verdict).toBe('unjudged');
        expect(told.report.checked).toMatchObject({ nodes: 6, of: 7, pairs: { checked: 30 } });
        expect(told.report.checked?.unchecked.map(({ node }) => node)).toEqual(['aaa']);
        expect(told.report.problems).toContainEqual({
          where: 'prod',
          message: expect.stringContaining('aaa answers, and no entry on another node leads to it'),
        });
        expect(textOf(told)).not.toMatch(
          /\b(?:ip (?:route|neigh|link) |bridge fdb |systemctl|delete)/,
        );
      }
    },
  );
});

describe('a host that has the addresses of another', () => {
  const victim = SIX.vtepOf('node1');
  const taking = (base: Cluster): Cluster =>
    base.answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((own) => ({
          ...own,
          mac: victim.mac,
          addresses: [cidr(`${victim.tunnelIp}/32`)],
        })),
      },
    }));

  /** The liar's kubelet writes what it likes into the annotations of its own node. */
  const annotating = (base: Cluster): Cluster =>
    taking(
      base.listed((node) =>
        node.name === 'node3'
          ? {
              ...node,
              annotated: [{ family: 'ipv4', mac: victim.mac, publicIp: victim.underlayIp }],
            }
          : // The owner is the younger node.
            { ...node, createdAt: NOW - 3_600_000 },
      ),
    ).answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((own) => ({ ...own, local: victim.underlayIp })),
        ownAddresses: new Set(['127.0.0.1', victim.underlayIp ?? '']),
      },
    }));

  test.for([
    ['the list knows', taking(SIX.listed()), []],
    ['earlier runs know', taking(SIX), ['roster']],
    ['earlier runs know, though the liar has annotated itself', annotating(SIX), ['roster']],
  ] as const)('accuses itself alone, where %s whose they are', async ([, lying, known]) => {
    const roster = known.length === 0 ? [] : (await seen(SIX.facts())).decision.roster;
    const told = await seen(lying.facts({ roster }));
    expect(told.report.incidents.map(({ subject }) => subject)).toEqual(['node3']);
    expect(told.report.verdict).toBe('incident');
    const steps = told.report.incidents.flatMap(({ fix }) => fix);
    const changing = steps.filter(({ kind }) => kind !== 'look' && kind !== 'restart');
    expect(changing.flatMap(({ hosts }) => hosts).filter((host) => host !== 'node3')).toEqual([]);
    expect(textOf(told)).not.toMatch(/(ip neigh|bridge fdb|ip route) replace|link delete/);
  });

  test('gets nobody to change anything, where nobody knows whose they are', async () => {
    const told = await seen(annotating(SIX).facts({ nodes: { kind: 'not-configured' } }));
    const steps = told.report.incidents.flatMap(({ fix }) => fix);
    expect(steps.map(({ kind }) => kind)).toEqual(['look']);
    expect(told.report.incidents[0]?.evidence.join()).toContain('node1 and node3 have one');
    expect(textOf(told)).not.toMatch(/(ip neigh|bridge fdb|ip route) replace|link (delete|set)/);
  });
});

test('a host that claims the name of a silent one is unknown, and nobody is paged', async () => {
  const facts = SIX.listed().silence('node1').facts();
  const other = SIX.facts().observations.at(-1);
  if (other?.kind !== 'tables') throw new Error('the hosts answered');
  const claim = {
    ...other,
    host: { ...other.host, node: 'node1', instanceId: 'mi-99999999999999999' },
  };
  const owner = SIX.nodes.find(({ node }) => node === 'node1')?.instanceId;
  const roster = [
    { node: 'node1', instanceId: owner, vteps: [], master: false, lastSeen: NOW, devices: [] },
  ];
  const { decision, report } = await seen({
    ...facts,
    roster,
    observations: [...facts.observations, claim],
  });
  expect(decision.pages).toEqual([]);
  expect(report.hosts.unknown).toEqual(['node1']);
  expect(report.problems).toContainEqual({
    where: 'node1',
    message: expect.stringContaining('mi-99999999999999999'),
  });
});

describe('a host that differs in its digest, so that it alone is read in full', () => {
  test.for([
    ['no list', SIX],
    ['a list', SIX.listed()],
  ] as const)('outweighs no digest of the others: %s', async ([, base]) => {
    const lying = base.change('fdb', { observer: 'node3', subject: 'node1' });
    for (const roster of [[], (await seen(base.facts())).decision.roster]) {
      const { report } = await seen(lying.facts({ roster }), settled);
      expect(report.incidents.map(({ key, observers }) => [key, observers])).toEqual([
        ['prod/pair/node3:node1', ['node3']],
      ]);
      const commands = report.incidents.flatMap(({ fix }) => fix.flatMap((one) => one.commands));
      const { underlayIp } = SIX.vtepOf('node1');
      for (const command of commands.filter((one) => one.startsWith('bridge'))) {
        expect(command).toContain(`dst ${underlayIp} `);
      }
    }
  });
});

describe('a host on which somebody claims the name of a master that has really lost its tables', () => {
  const lost = (base: Cluster): Cluster =>
    TABLES.reduce((damaged, table) => damaged.lose(table, { observer: 'master1' }), base);
  const claimed = (base: Cluster): Cluster =>
    lost(base).answer('node3', (answer) => ({
      ...answer,
      host: { ...answer.host, node: 'master1' },
    }));

  test.for([
    ['the list knows the owner by its address', SIX.listed()],
    ['earlier runs know the owner', SIX],
  ] as const)('hides nothing: %s', async ([, base]) => {
    const { roster } = (await seen(base.facts())).decision;
    const { decision, report } = await seen(claimed(base).facts({ roster }));
    expect(decision.pages.map(({ key }) => key)).toEqual(['prod/observer/master1']);
    expect(report.hosts.observed).toContain('master1');
  });
});

describe('what a kubelet or the API may say of a node', () => {
  const of = (name: string, edit: (node: ClusterNode) => ClusterNode): Cluster =>
    SIX.listed((node) => (node.name === name ? edit(node) : node));
  const annotated =
    (change: { readonly mac?: string; readonly publicIp?: IpAddress }) =>
    (node: ClusterNode): ClusterNode => ({
      ...node,
      annotated: node.annotated.map((one) => ({ ...one, ...change })),
    });

  test.for([
    ['0.0.0.0/0', of('node2', (node) => ({ ...node, podCidrs: [cidr('0.0.0.0/0')] }))],
    ['172.16.0.0/12', of('node2', (node) => ({ ...node, podCidrs: [cidr('172.16.0.0/12')] }))],
    ['dst 0.0.0.0', of('node2', annotated({ publicIp: ip('0.0.0.0') }))],
    ['dst ::', of('node2', annotated({ publicIp: ip('::') }))],
    ['ff:ff:ff:ff:ff:ff', of('node2', annotated({ mac: 'ff:ff:ff:ff:ff:ff' }))],
  ] as const)('is in no command: %s', async ([value, base]) => {
    const lost = TABLES.reduce((damaged, table) => damaged.lose(table, { subject: 'node2' }), base);
    const { report, decision } = await seen(lost.facts());
    const typed = [
      ...report.incidents.flatMap(({ fix }) => fix.flatMap(({ commands }) => commands)),
      ...decision.pages.flatMap(({ text }) => text.split('\nFix\n')[1]?.split('\nWhy\n')[0] ?? ''),
    ].join('\n');
    expect(typed).not.toContain(value);
    expect(report.problems.map(({ where }) => where)).toContain('node2');
  });
});
