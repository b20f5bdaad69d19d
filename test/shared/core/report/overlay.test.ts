import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { overlayLine, overlayName } from '../../../../cli/render/overlay.ts';
import { renderReport } from '../../../../cli/render/report.ts';
import type { Report } from '../../../../shared/contract/report.ts';
import type { Facts } from '../../../../shared/core/facts.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { FIELD, replayed } from '../../../cli/replay/replayed.ts';
import { cluster } from '../../../support/cluster.ts';

async function reportFrom(facts: Facts): Promise<Report> {
  return reportOf(await run(facts, [], recorded([])));
}

describe('the overlay of a report', () => {
  test.for([
    ['arp-n-healthy', 'flannel overlay', /^flannel VXLAN; VNI 1.*; leases in Kubernetes; IPv4$/],
    [
      'etcd-backed-flannel-other-pod-cidrs',
      'flannel overlay, leases in etcd',
      /; leases in an etcd of its own; IPv4$/,
    ],
    ['calico-cross-subnet', 'Calico overlay, CrossSubnet', /^Calico VXLAN; VNI 4096, port 4789; /],
    [
      'directrouting-one-direct-route-lost',
      'flannel overlay, DirectRouting',
      /; some nodes route to each other directly, without VXLAN$/,
    ],
  ] as const)('of the capture %s: %s', async ([name, words, line]) => {
    const { overlay } = await replayed(path.join(FIELD, name));
    if (overlay === undefined) throw new Error('no overlay was found');
    expect(overlayName(overlay)).toBe(words);
    expect(overlayLine(overlay)).toMatch(line);
  });

  test.for(['wireguard-native', 'cilium-with-flannels-annotations'] as const)(
    'of the capture %s: none',
    async (name) => {
      expect((await replayed(path.join(FIELD, name))).overlay).toBeUndefined();
    },
  );

  test('what installed flannel on most hosts', async () => {
    const mixed = cluster(3)
      .listed()
      .answer('node1', (answer) => ({ ...answer, host: { ...answer.host, install: 'k3s' } }));
    expect((await reportFrom(mixed.facts())).overlay).toMatchObject({
      agent: 'flannel',
      install: 'canal',
      leases: 'kubernetes',
      families: ['ipv4'],
      direct: false,
      windows: [],
    });
  });
});

describe('a Windows node', () => {
  const windows = ['node1', 'node2', 'node3'];
  const seen = cluster(6)
    .listed((node) =>
      windows.includes(node.name)
        ? {
            ...node,
            annotated: node.annotated.map((one) => ({
              ...one,
              mac: `0e:2a:${one.mac?.slice(6)}`,
            })),
          }
        : node,
    )
    .silence(...windows);
  const held = windows.reduce((sofar, name) => {
    const mac = `0e:2a:${sofar.vtepOf(name).mac?.slice(6)}`;
    return sofar.names
      .filter((observer) => !windows.includes(observer))
      .reduce(
        (on, observer) =>
          on.answer(observer, (answer) => ({
            ...answer,
            tables: {
              ...answer.tables,
              neighbours: answer.tables.neighbours?.map((one) =>
                one.ip === sofar.vtepOf(name).tunnelIp ? { ...one, mac } : one,
              ),
              fdb: answer.tables.fdb?.map((one) =>
                one.mac === sofar.vtepOf(name).mac ? { ...one, mac } : one,
              ),
            },
          })),
        sofar,
      );
  }, seen);

  test('whose peers hold it does not keep a cluster from being healthy, and is named', async () => {
    const report = await reportFrom(held.facts());
    expect(renderReport(report).split('\n')[0]).toBe(
      'cluster prod: healthy; canal overlay; 3 of 6 nodes checked; not checked: node1 (runs Windows), node2 (runs Windows), node3 (runs Windows)',
    );
    expect(report.overlay?.windows).toEqual(windows);
    expect(report.hosts.unknown).toEqual([]);
  });

  test('that its peers have lost is an incident like any other', async () => {
    const { incidents } = await reportFrom(held.lose('route', { subject: 'node2' }).facts());
    expect(incidents.map(({ cause, subject }) => [cause, subject])).toEqual([
      ['route-missing', 'node2'],
    ]);
  });
});
