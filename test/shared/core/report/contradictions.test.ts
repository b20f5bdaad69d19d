import { describe, expect, test } from 'vitest';
import { renderReport } from '../../../../cli/render/report.ts';
import type { Report } from '../../../../shared/contract/report.ts';
import type { IpAddress } from '../../../../shared/core/overlay/addresses.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { run } from '../../../../shared/core/run/run.ts';
import type { Device, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { ip } from '../../../support/addressing.ts';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { FIGURES } from '../telemetry/sample-run.ts';

async function reported(seen: Cluster): Promise<Report> {
  return reportOf(await run(seen.facts(), [], recorded([])));
}

async function firstLineOf(seen: Cluster): Promise<string> {
  return renderReport(await reported(seen)).split('\n')[0] ?? '';
}

type Answer = Extract<Observation, { kind: 'tables' }>;

function withDevices(edit: (own: Device) => readonly Device[]): (answer: Answer) => Answer {
  return (answer) => ({
    ...answer,
    tables: { ...answer.tables, devices: answer.tables.devices?.flatMap(edit) },
  });
}

const vni = (number: number) => withDevices((own) => [{ ...own, vni: number, port: 8472 }]);

describe('a setting of one device that is not that of the others', () => {
  test('is a cause: its pairs are checked, and the incident names its node', async () => {
    const report = await reported(cluster(6).answer('node1', vni(7)));
    expect(report.verdict).toBe('incident');
    expect(report.checked).toMatchObject({ nodes: 6, of: 6, pairs: { checked: 30, all: 30 } });
    expect(report.incidents.map(({ key }) => key)).toEqual(['prod/subject/node1/vxlan-mismatch']);
  });

  test('is the cluster’s where no setting is that of more nodes', async () => {
    const report = await reported(cluster(2).answer('master1', vni(7)));
    expect(report.incidents.map(({ key }) => key)).toEqual(['prod/cluster/vxlan-mismatch']);
  });

  test('is none where the host has the usual device too', async () => {
    const both = withDevices((own) => [{ ...own, name: 'flannel.7', vni: 7, up: false }, own]);
    expect((await reported(cluster(6).answer('node1', both))).verdict).toBe('healthy');
  });

  test('is nothing that a host shows which answered in no run', async () => {
    const report = await reported(cluster(6).answer('node1', vni(7)).silence('node1'));
    expect(report.verdict).toBe('healthy');
  });
});

const LAST_SUCCESS = 'vtepwatch.check.last_success.timestamp';

function metricsOf(report: Report): readonly string[] {
  return pointsOf(report, FIGURES).map(({ metric }) => metric);
}

/** flannel has published this address for these nodes, and their peers were programmed with it. */
function published(address: IpAddress, nodes: readonly string[], overwrite?: IpAddress): Cluster {
  const six = cluster(6);
  const macs = new Set(nodes.map((node) => six.vtepOf(node).mac));
  const programmed = six.names.reduce(
    (seen, observer) =>
      seen.answer(observer, (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          fdb: answer.tables.fdb?.map((one) =>
            macs.has(one.mac) ? { ...one, destination: address } : one,
          ),
          ownAddresses: new Set(['127.0.0.1', six.vtepOf(observer).underlayIp ?? '']),
        },
      })),
    six,
  );
  return programmed.listed((node) => ({
    ...node,
    annotated: node.annotated.map((one) =>
      nodes.includes(node.name) ? { ...one, publicIp: address, overwrite } : one,
    ),
  }));
}

describe('an underlay IP that two nodes have', () => {
  const both = published(ip('10.0.2.15'), ['node1', 'node2'], ip('10.0.2.15'));

  test('is a cause: its incident names both', async () => {
    const report = await reported(both);
    expect(report.incidents.map(({ key }) => key)).toEqual([
      'prod/subject/node1/duplicate-underlay',
    ]);
    expect(report.incidents[0]?.evidence).toContain(
      'node1 and node2 have one host address (underlay IP): 10.0.2.15',
    );
  });

  test('is none where one of them does not answer: it may be a host that is gone', async () => {
    expect((await reported(both.silence('node2'))).verdict).toBe('healthy');
  });
});

describe('an underlay IP that no interface of its host has', () => {
  test('is no reason to alert that nothing was checked', async () => {
    expect(metricsOf(await reported(published(ip('203.0.113.7'), ['node1'])))).toContain(
      LAST_SUCCESS,
    );
    const silent = cluster(6).listed().silence('node1', 'node2', 'node3', 'master3');
    expect(metricsOf(await reported(silent))).not.toContain(LAST_SUCCESS);
  });

  const nat = ip('203.0.113.7');

  test('is a contradiction', async () => {
    expect(await firstLineOf(published(nat, ['node1']))).toMatch(
      /could not judge; the other nodes send packets for node1 to 203\.0\.113\.7, which no interface/,
    );
  });

  test('is none where a person has set it for flannel to publish', async () => {
    expect((await reported(published(nat, ['node1'], nat))).verdict).toBe('healthy');
  });
});

test('an underlay IP among the pods of a node is a contradiction', async () => {
  const six = cluster(6).listed();
  const { podCidr = '' } = six.vtepOf('node2');
  const inside = ip(podCidr.replace(/0\/24$/, '77'));
  const seen = six.names.reduce(
    (all, observer) =>
      all.answer(observer, (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          fdb: answer.tables.fdb?.map((one) =>
            one.mac === six.vtepOf('node1').mac ? { ...one, destination: inside } : one,
          ),
          devices: answer.tables.devices?.map((one) =>
            observer === 'node1' ? { ...one, local: inside } : one,
          ),
        },
      })),
    six.listed((node) =>
      node.name === 'node1'
        ? { ...node, annotated: node.annotated.map((one) => ({ ...one, publicIp: inside })) }
        : node,
    ),
  );
  const report = await reported(seen);
  expect(report).toMatchObject({ verdict: 'unjudged', incidents: [] });
  expect(report.checked?.reason).toBe(
    `the underlay IP ${inside} of node1 lies in the pod CIDR ${podCidr} of node2, so packets for it go into the tunnel: the pod network and the hosts' own network must not overlap`,
  );
});

describe('without a node list', () => {
  /** A host sends from an address of its own, and the others to another one. */
  function sentElsewhere(nodes: readonly string[], address: IpAddress): Cluster {
    const six = cluster(6);
    const macs = new Set(nodes.map((node) => six.vtepOf(node).mac));
    return six.names.reduce(
      (seen, observer) =>
        seen.answer(observer, (answer) => ({
          ...answer,
          tables: {
            ...answer.tables,
            fdb: answer.tables.fdb?.map((one) =>
              macs.has(one.mac) ? { ...one, destination: address } : one,
            ),
            ownAddresses: new Set(['127.0.0.1', six.vtepOf(observer).underlayIp ?? '']),
          },
        })),
      six,
    );
  }

  test('an address that all others send to and no interface of the host has is a contradiction', async () => {
    expect(await firstLineOf(sentElsewhere(['node1'], ip('192.168.56.77')))).toMatch(
      /could not judge; the other nodes send packets for node1 to 192\.168\.56\.77, which no interface/,
    );
  });

  test('a public address is that of a NAT', async () => {
    const report = await reported(sentElsewhere(['node1'], ip('203.0.113.7')));
    expect(report.verdict).toBe('healthy');
  });

  /** The cluster without what was read of a node, of which each other host lacks some entries. */
  async function unread(node: string, lost: Cluster): Promise<Report> {
    const facts = lost.facts();
    const observations = facts.observations.filter(
      (one) => one.kind !== 'tables' || one.host.node !== node,
    );
    return reportOf(await run({ ...facts, observations }, [], recorded([])));
  }

  const without = (table: 'neighbours' | 'fdb'): Cluster => {
    const six = cluster(6);
    const { mac } = six.vtepOf('node1');
    return six.names.reduce(
      (seen, observer) =>
        seen.answer(observer, (answer) => ({
          ...answer,
          tables: {
            ...answer.tables,
            neighbours: answer.tables.neighbours?.filter(
              (one) => table !== 'neighbours' || one.mac !== mac,
            ),
            fdb: answer.tables.fdb?.filter((one) => table !== 'fdb' || one.mac !== mac),
          },
        })),
      six,
    );
  };

  test.for(['neighbours', 'fdb'] as const)(
    'routes to a node that was not read lead nowhere where its entry in the %s is gone',
    async (table) => {
      const { verdict, incidents, checked } = await unread('node1', without(table));
      expect({ verdict, incidents }).toEqual({ verdict: 'unjudged', incidents: [] });
      expect(checked?.reason).toMatch(
        /a route leads to the tunnel IP \S+ of a node that is not known/,
      );
    },
  );

  test('a node that was not read and is held whole is no contradiction', async () => {
    expect((await unread('node1', cluster(6))).verdict).toBe('healthy');
  });
});
