import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../../shared/core/overlay/addresses.ts';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import { decided, decisions, remembered } from '../../../support/runs.ts';

const six = cluster(6);

/** The peers of these nodes were programmed with this address. */
function programmed(address: string, nodes: readonly string[]): Cluster {
  const given = parseIp(address);
  const macs = new Set(nodes.map((node) => six.vtepOf(node).mac));
  return six.names.reduce(
    (seen, observer) =>
      seen.answer(observer, (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          fdb: answer.tables.fdb?.map((one) =>
            macs.has(one.mac) ? { ...one, destination: given ?? one.destination } : one,
          ),
          ownAddresses: new Set(['127.0.0.1', six.vtepOf(observer).underlayIp ?? '']),
        },
      })),
    six,
  );
}

/** flannel has also published it for them. */
function published(
  address: string,
  nodes: readonly string[],
  edit: (node: ClusterNode) => ClusterNode = (node) => node,
): Cluster {
  const given = parseIp(address);
  return programmed(address, nodes).listed((node) =>
    nodes.includes(node.name)
      ? edit({ ...node, annotated: node.annotated.map((one) => ({ ...one, publicIp: given })) })
      : node,
  );
}

const OLD = '192.168.1.99';
const old = published(OLD, ['node1']);

describe('an annotation with an address that no interface of its node has', () => {
  test('is a fault of that node', () => {
    expect(findings(old)).toEqual(['subject node1 underlay-moved 5/5 critical']);
  });

  test('restarts flannel on that node alone, and puts no entry back', async () => {
    const { reported } = await decided(old.facts());
    const [incident] = reported;
    expect(incident?.fix.map(({ kind, hosts }) => `${kind} ${hosts.join()}`)).toEqual(
      incident?.fix.map(() => 'restart node1'),
    );
    expect(incident?.evidence).toContain(
      `the annotation of node1 has ${OLD}, which no interface of node1 has: node1 is wrong, not the others`,
    );
  });

  test('stays a fault while the node is silent, whose address nobody can know then', async () => {
    let before = await decided(old.facts());
    for (const minutes of [5, 10, 15]) {
      const facts = old
        .silence('node1')
        .facts({ now: NOW + minutes * 60_000, roster: before.roster });
      before = await decided(facts, before.incidents);
      expect(remembered(before)).toEqual(['subject/node1 open']);
    }
  });

  test('is over when the node publishes its own', async () => {
    const well = published(six.vtepOf('node1').underlayIp ?? '', []);
    const made = await decisions([old, well, well].map((sees) => ({ sees })));
    expect(made.map((one) => remembered(one).join()).at(-1)).toBe('');
  });
});

describe('such an annotation is no fault', () => {
  const overwritten = (node: ClusterNode): ClusterNode => ({
    ...node,
    annotated: node.annotated.map((one) => ({ ...one, overwrite: one.publicIp })),
  });

  test.for<readonly [string, Cluster]>([
    ['where a person has set it', published(OLD, ['node1'], overwritten)],
    ['where it is public, as that of a NAT', published('203.0.113.7', ['node1'])],
    ['where not all addresses of the host are known', withoutLoopback(old)],
  ])('%s', ([_where, sees]) => {
    expect(findings(sees)).toEqual([]);
  });

  test('where most nodes are given such an address', () => {
    const most = ['node1', 'node2', 'node3', 'master2'];
    expect(findings(published(OLD, most)).filter((one) => one.includes('underlay-moved'))).toEqual(
      [],
    );
  });

  test('where no node list shows whether a person has set it', () => {
    expect(findings(programmed(OLD, ['node1']))).not.toContain(
      'subject node1 underlay-moved 5/5 critical',
    );
  });
});

function withoutLoopback(sees: Cluster): Cluster {
  return sees.answer('node1', (answer) => ({
    ...answer,
    tables: { ...answer.tables, ownAddresses: new Set([six.vtepOf('node1').underlayIp ?? '']) },
  }));
}
