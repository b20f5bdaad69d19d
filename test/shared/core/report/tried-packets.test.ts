import { describe, expect, test } from 'vitest';
import { coverageLines } from '../../../../cli/render/coverage.ts';
import type { Report } from '../../../../shared/contract/report.ts';
import { judge } from '../../../../shared/core/judge.ts';
import type { Reply } from '../../../../shared/core/overlay/packets.ts';
import { triedPacketsIn } from '../../../../shared/core/report/tried-packets.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { HEARD, NOTHING, trying, WHOLE } from '../../../support/packets.ts';

const TEN = cluster(10).listed();

function packetsOf(sees: Cluster): Report['packets'] {
  const roster = sees.names.map((node) => ({
    node,
    vteps: [sees.vtepOf(node)],
    master: false,
    lastSeen: NOW,
    devices: [],
    packets: HEARD,
  }));
  return triedPacketsIn(judge(sees.facts({ roster })));
}

function line(packets: Report['packets']): string | undefined {
  const coverage = { outside: [], masters: [], channels: [], gaps: [] };
  return coverageLines({ hosts: { observed: [], unknown: [] }, packets }, coverage).find((one) =>
    one.startsWith('packets '),
  );
}

describe('the report says of packets', () => {
  test('nothing where none was sent', () => {
    expect(packetsOf(TEN)).toBeUndefined();
    expect(line(undefined)).toBe('packets        none sent');
  });

  test('how many ways came back', () => {
    const packets = packetsOf(trying(TEN, () => undefined));
    expect(packets).toEqual({ ways: 30, lost: 0, lostWays: [], untried: [] });
    expect(line(packets)).toBe('packets        30 of 30 ways came back');
  });

  test('which were lost, those that accuse no node included', () => {
    const large = { ...WHOLE, full: 'lost' } as const;
    const sees = trying(TEN, (observer, subject) => {
      if (observer === 'node1' && subject === 'node2') return NOTHING;
      return observer === 'node4' && subject === 'node5' ? large : undefined;
    });
    const packets = packetsOf(sees);
    expect(packets?.lostWays).toEqual([
      { observer: 'node1', subject: 'node2' },
      { observer: 'node4', subject: 'node5', loss: 'large-packets' },
    ]);
    expect(line(packets)).toBe(
      'packets        28 of 30 ways came back; lost: node1 to node2 and node4 to node5 (large-packets alone)',
    );
  });

  test.for<[string, Partial<Record<'small' | 'full' | 'tcp', Reply>>, string]>([
    [
      'no ping',
      { small: 'untried', full: 'untried' },
      'node1 (small, full: ping is not there, or may send nothing)',
    ],
    [
      'nothing that connects',
      { tcp: 'untried' },
      'node1 (tcp: there is neither bash with timeout nor nc, or a rule of this host forbids the connection)',
    ],
  ])('which hosts have %s', ([, replies, said]) => {
    const sees = trying(TEN, (observer) =>
      observer === 'node1' ? { ...WHOLE, ...replies } : undefined,
    );
    expect(line(packetsOf(sees))).toContain(`; not tried: ${said}`);
  });

  test('which hosts have no way to anybody', () => {
    const sees = trying(TEN, () => undefined).answer('node1', (answer) => ({
      ...answer,
      packets: undefined,
    }));
    expect(packetsOf(sees)?.untried).toEqual([
      {
        node: 'node1',
        tests: ['small', 'full', 'tcp'],
        reason: 'it has no route over the overlay to a peer',
      },
    ]);
  });
});
