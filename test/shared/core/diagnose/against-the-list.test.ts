import { describe, expect, test } from 'vitest';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { settled } from '../../../support/digested.ts';
import { findings } from '../../../support/findings.ts';
import { announced, decided, decisions } from '../../../support/runs.ts';

const six = cluster(6);

function unannounced(seen: Cluster): Cluster {
  return seen.listed((node: ClusterNode) =>
    node.name === 'node1' ? { ...node, annotated: [] } : node,
  );
}

/** Without what these observers hold of the node. */
function without(seen: Cluster, { observer }: { readonly observer?: string }): Cluster {
  return (['neighbour', 'fdb', 'route'] as const).reduce<Cluster>(
    (rest, table) => rest.lose(table, { subject: 'node1', ...(observer && { observer }) }),
    seen,
  );
}

describe('a node without flannel’s annotations', () => {
  test('is a warning that pages nobody, as long as its peers hold it', async () => {
    const [first] = await decisions([{ sees: unannounced(six) }]);
    expect(findings(unannounced(six))).toEqual([
      'subject node1/annotation-missing annotation-missing 5/5 warning',
    ]);
    expect(first && announced(first)).toEqual(['opened subject/node1/annotation-missing']);
  });

  test('names the loss where half of the peers or more lack all of it, and pages', async () => {
    const dropped = unannounced(without(six, {}));
    expect(findings(dropped)).toEqual([
      'subject node1 annotation-missing 5/5 critical or never-programmed',
    ]);
    const { reported, pages } = await decided(dropped.facts());
    expect(reported[0]?.fix.map(({ kind, hosts }) => `${kind} ${hosts.join()}`)).toEqual([
      'restart node1',
    ]);
    const [page] = pages;
    expect(page?.text).toContain(
      'node1 (192.168.1.3, tunnel IP 10.68.3.0) is unreachable from 5 of 5 nodes',
    );
    expect(page?.text).toContain('node1 has no annotation flannel.alpha.coreos.com/backend-data');
    expect(page?.text).toContain(
      "annotation-missing: Flannel's annotations are missing on the node object of node1, so flannel sets no entries for it",
    );
    expect(page?.text).not.toContain('It may also be');
  });

  test('pages once peers lose it, and ends once it has its annotations', async () => {
    const run = await decisions([
      { sees: unannounced(six) },
      { sees: unannounced(without(six, {})) },
      { sees: unannounced(without(six, {})) },
      { sees: unannounced(six) },
      { sees: six.listed() },
      { sees: six.listed() },
    ]);
    expect(run.map((decision) => announced(decision))).toEqual([
      ['opened subject/node1/annotation-missing'],
      ['opened! subject/node1'],
      [],
      [],
      [],
      ['resolved subject/node1/annotation-missing', 'resolved! subject/node1'],
    ]);
  });

  test('is a state of its own beside what a few peers lost', () => {
    expect(findings(unannounced(without(six, { observer: 'node2' })))).toEqual([
      'subject node1/annotation-missing annotation-missing 5/5 warning',
      'pair node2:node1 never-programmed 1/5 warning',
    ]);
  });

  test('is nothing that is known where its host is silent, or no node is annotated', () => {
    expect(findings(unannounced(six).silence('node1'))).toEqual([]);
    expect(findings(six.listed((node) => ({ ...node, annotated: [] })))).toEqual([]);
  });
});

/** The device of node1 with a tunnel IP that nobody else has for it. */
function withOtherTunnelIp(seen: Cluster): Cluster {
  return seen.answer('node1', (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((own) => ({
        ...own,
        addresses: [cidr('10.68.200.0/32')],
      })),
    },
  }));
}

describe('a device with the tunnel IP of another pod CIDR', () => {
  const drifted = withOtherTunnelIp(six.listed());

  test('is critical, and its fix is on its node alone', async () => {
    expect(findings(drifted)).toEqual([
      'subject node1/tunnel-ip-drift tunnel-ip-drift 5/5 critical',
    ]);
    const { reported } = await decided(drifted.facts());
    expect(reported[0]?.fix.map(({ kind, hosts }) => `${kind} ${hosts.join()}`)).toEqual([
      'restart node1',
    ]);
  });

  test('explains what the peers lack of its node, which is no second fault', () => {
    const lost = drifted
      .lose('neighbour', { subject: 'node1' })
      .lose('route', { subject: 'node1' });
    expect(findings(lost)).toEqual(['subject node1/tunnel-ip-drift tunnel-ip-drift 5/5 critical']);
  });

  test('explains nothing of an observer that lost its own tables', () => {
    const lost = drifted
      .lose('neighbour', { subject: 'node1' })
      .lose('neighbour', { observer: 'node2' });
    expect(findings(lost)).toEqual([
      'subject node1/tunnel-ip-drift tunnel-ip-drift 5/5 critical',
      'observer node2 neighbours-flushed 5/5 critical',
    ]);
  });

  test('keeps its name while its node is silent and the peers lack it still', async () => {
    const lost = drifted
      .lose('neighbour', { subject: 'node1' })
      .lose('route', { subject: 'node1' });
    const made = await decisions([{ sees: lost }, { sees: lost.silence('node1') }]);
    expect(made.map(({ reported }) => reported.map(({ key, cause }) => `${key} ${cause}`))).toEqual(
      [
        ['prod/subject/node1/tunnel-ip-drift tunnel-ip-drift'],
        ['prod/subject/node1/tunnel-ip-drift tunnel-ip-drift'],
      ],
    );
  });
});

describe('without a node list, a device with another tunnel IP than all others hold', () => {
  const drifted = withOtherTunnelIp(six);

  test('is critical, and nothing says who is wrong: the page asks for the pod CIDR', async () => {
    expect(findings(drifted)).toEqual([
      'subject node1/tunnel-ip-drift tunnel-ip-drift 5/5 critical',
    ]);
    const { reported } = await decided(drifted.facts());
    expect(reported[0]?.fix).toEqual([
      {
        kind: 'look',
        hosts: ['node1'],
        runs: 'anywhere',
        commands: [`kubectl get --raw /api/v1/nodes/node1 | grep -o '"podCIDRs":[^]]*'`],
        condition:
          'Does its pod CIDR give the tunnel IP of flannel.1? If so, restart flannel on the other nodes. If not, restart it on node1.',
      },
    ]);
  });

  test('is found by the digests of all and the tables of a few', async () => {
    const { reported } = await settled(drifted.facts());
    expect(reported.map(({ cause, subject, fix }) => [cause, subject, fix[0]?.kind])).toEqual([
      ['tunnel-ip-drift', 'node1', 'look'],
    ]);
  });

  test('accuses nobody on the word of one host, where no other showed its tables', () => {
    const lying = (['neighbours', 'fdb', 'routes'] as const).reduce(
      (seen, table) => six.names.slice(1).reduce((one, name) => one.hide(table, name), seen),
      drifted,
    );
    expect(findings(lying).join('; ')).not.toContain('tunnel-ip-drift');
  });

  test('is no drift where some hold the new one: these are late', () => {
    const renewed = drifted.answer('node2', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        neighbours: answer.tables.neighbours?.map((entry) =>
          entry.ip === six.vtepOf('node1').tunnelIp ? { ...entry, ip: ip('10.68.200.0') } : entry,
        ),
      },
    }));
    expect(findings(renewed).join('; ')).not.toContain('tunnel-ip-drift');
  });
});
