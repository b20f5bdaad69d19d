import { describe, expect, test } from 'vitest';
import type { Report } from '../../../../shared/contract/report.ts';
import type { PacketHistory } from '../../../../shared/core/overlay/packets.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { cutOff, NOTHING, trying, WHOLE } from '../../../support/packets.ts';

const TEN = cluster(10).listed();

/** A first run, which remembers nothing but what `packets` says of every node. */
async function reported(sees: Cluster, packets?: PacketHistory): Promise<Report> {
  const roster = sees.names.map((node) => ({
    node,
    vteps: [sees.vtepOf(node)],
    master: false,
    lastSeen: NOW,
    devices: [],
    packets,
  }));
  return reportOf(await run(sees.facts(packets === undefined ? {} : { roster }), [], recorded([])));
}

/** What keeps a report from calling the cluster healthy. */
function unansweredIn({ problems }: Report): readonly string[] {
  return problems
    .map(({ message }) => message)
    .filter((message) => message.includes('was answered, nor one to'));
}

/** Every device has received something while its host tried others. */
function receiving(sees: Cluster): Cluster {
  return sees.names.reduce(
    (sofar, node) =>
      sofar.answer(node, (answer) => ({
        ...answer,
        packets: answer.packets && {
          ...answer.packets,
          traffic: answer.packets.traffic.map((one) => ({ ...one, received: 9 })),
        },
      })),
    sees,
  );
}

/** These tests are lost from and to these nodes. */
const without =
  (lost: Partial<typeof WHOLE>, ...nodes: readonly string[]) =>
  (observer: string, subject: string) =>
    nodes.includes(observer) || nodes.includes(subject) ? { ...WHOLE, ...lost } : undefined;

describe('a node that has never answered anybody, and that nobody ever answered', () => {
  test('keeps the cluster from being called healthy, opens nothing, and is named with what to do', async () => {
    const report = await reported(trying(TEN, cutOff('node2')));
    expect(report.verdict).toBe('unjudged');
    expect(report.incidents).toEqual([]);
    expect(report.checked?.unchecked).toEqual([
      { node: 'node2', reason: 'no packet from or to it was answered' },
    ]);
    const ip = TEN.vtepOf('node2').tunnelIp;
    expect(unansweredIn(report)).toEqual([
      'no packet from node2 over the overlay was answered, nor one to it: they are lost, or firewalls drop these ' +
        'tests both ways. On node2, run "tcpdump -ni any udp port 8472 or udp port 4789" while another node runs ' +
        `"ping ${ip}"`,
    ]);
  });

  test('is said of large packets alone, with a size that its device carries', async () => {
    const report = await reported(trying(TEN, without({ full: 'lost' }, 'node2')));
    expect(report.verdict).toBe('unjudged');
    expect(unansweredIn(report)[0]).toContain('no large packet from node2');
    expect(unansweredIn(report)[0]).toContain('"ping -M do -s 1422 ');
  });

  test('is one sentence for several nodes', async () => {
    const [message, ...more] = unansweredIn(await reported(trying(TEN, cutOff('node2', 'node6'))));
    expect(message).toContain('no packet from node2 and node6 over the overlay was answered');
    expect(message).toContain('nor one to them');
    expect(more).toEqual([]);
  });
});

describe('a cluster in which nothing was ever answered is not called healthy', () => {
  test.for([2, 3, 10])('of %d nodes', async (size) => {
    const report = await reported(trying(cluster(size).listed(), () => NOTHING));
    expect(report.verdict).toBe('unjudged');
    expect(report.problems.map(({ message }) => message).join()).toContain(
      'no packet that nodes sent each other over the overlay was answered, and no overlay device received one',
    );
  });

  test('one of three nodes', async () => {
    const report = await reported(trying(cluster(3).listed(), cutOff('master1')));
    expect(report.verdict).toBe('unjudged');
    expect(unansweredIn(report)[0]).toContain('no packet from master1');
  });

  test('where large packets alone are lost', async () => {
    const report = await reported(trying(TEN, () => ({ ...WHOLE, full: 'lost' })));
    expect(report.verdict).toBe('unjudged');
    expect(report.problems.map(({ message }) => message).join()).toContain('"ping -M do -s 1422 ');
  });
});

describe('nothing is said', () => {
  test.for<[string, Cluster]>([
    [
      'of a node that drops ICMP and answers connections',
      trying(TEN, without({ small: 'lost', full: 'lost' }, 'node2')),
    ],
    [
      'of a node whose firewall lets no test in, and whose own are answered',
      trying(TEN, (_, subject) => (subject === 'node2' ? NOTHING : undefined)),
    ],
    [
      'where firewalls drop every test, and devices receive it',
      receiving(trying(TEN, () => NOTHING)),
    ],
    [
      'of a node whose lost entries explain it',
      trying(TEN.lose('neighbour', { subject: 'node2' }), cutOff('node2')),
    ],
  ])('%s', async ([, sees]) => {
    expect(unansweredIn(await reported(sees))).toEqual([]);
  });

  test('of a node that has answered before: its loss is an incident', async () => {
    const known = {
      answers: ['small', 'full', 'tcp'],
      isAnswered: ['small', 'full', 'tcp'],
    } as const;
    expect(unansweredIn(await reported(trying(TEN, cutOff('node2')), known))).toEqual([]);
  });
});
