import { describe, expect, test } from 'vitest';
import type { Facts, RosterEntry } from '../../../../shared/core/facts.ts';
import { losesPackets } from '../../../../shared/core/diagnose/lost-packets.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import type { Reply } from '../../../../shared/core/overlay/packets.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { cutOff, HEARD, NOTHING, trying, WHOLE } from '../../../support/packets.ts';

const TEN = cluster(10).listed();
const TWELVE = cluster(12).names;

/** What every node remembers: all have answered each other in every test, or in none. */
function rosterOf(whole: Cluster, packets: RosterEntry['packets'] = HEARD): Facts['roster'] {
  return whole.names.map((node) => {
    return {
      node,
      vteps: [whole.vtepOf(node)],
      master: false,
      lastSeen: NOW,
      devices: [],
      packets,
    };
  });
}

/** `master1: 6 of 6, all`, a line for each finding. */
function found(sees: Cluster, roster = rosterOf(sees)): readonly string[] {
  return judge(sees.facts({ roster })).findings.map(
    ({ cause, scope, subject, missingPeers, checkedPeers, loss }) =>
      `${cause} ${scope === 'subject' ? subject : scope}: ${missingPeers} of ${checkedPeers}, ${loss ?? 'all'}`,
  );
}

/** What the next run remembers. */
function rosterAfter(sees: Cluster, roster: Facts['roster']): Pick<Facts, 'roster'> {
  const facts = sees.facts({ roster });
  return { roster: nextRoster(facts, judge(facts)) };
}

function evidence(sees: Cluster): readonly string[] {
  return judge(sees.facts({ roster: rosterOf(sees) })).findings.flatMap(
    (one) => one.evidence ?? [],
  );
}

test('where everything comes back nothing is found', () => {
  expect(found(trying(TEN, () => undefined))).toEqual([]);
});

test('of a node whose losses others explain it is not known whether it is well', () => {
  const sees = trying(TEN, cutOff('node2', 'node3', 'node4'));
  const { present, known } = losesPackets(
    judge(sees.facts({ roster: rosterOf(sees) })).matrix.settled,
  );
  expect([...present.keys()].toSorted()).toEqual(['node2', 'node3', 'node4']);
  // It tried these three alone.
  expect(known.has('node1')).toBe(false);
  expect(known.has('node7')).toBe(true);
});

test('a node of which all is lost is found though it tried none that answers: its device received nothing', () => {
  const others = TEN.names.filter((node) => node !== 'node6' && node !== 'node7');
  expect(found(trying(TEN, cutOff(...others))).map((line) => line.split(':')[0])).toEqual([
    'overlay-blackhole cluster',
  ]);
});

test('a node that answers no ICMP is found where its port answers nobody and it hears nobody', () => {
  const roster = rosterOf(TEN).map((one) =>
    one.node === 'node2' ? { ...one, packets: { ...HEARD, answers: ['tcp' as const] } } : one,
  );
  expect(found(trying(TEN, cutOff('node2')), roster)).toEqual([
    'overlay-blackhole node2: 6 of 6, all',
  ]);
  const closed = trying(TEN, (_, subject) => (subject === 'node2' ? NOTHING : undefined));
  expect(found(closed, roster)).toEqual([]);
});

test('where all hosts are silent nothing is known, and where they send nothing all are well', () => {
  const known = (sees: Cluster): number =>
    losesPackets(judge(sees.facts({ roster: rosterOf(sees) })).matrix.settled).known.size;
  expect(known(TEN.silence(...TEN.names))).toBe(0);
  expect(known(TEN)).toBe(10);
});

test('in a cluster of three, one lost pair accuses neither of the two', () => {
  const sees = trying(cluster(3).listed(), (...pair) =>
    pair.includes('master3') ? undefined : NOTHING,
  );
  expect(found(sees)).toEqual([]);
});

describe('in a cluster of two', () => {
  const two = cluster(2).listed();

  test('what is lost in both directions is a fault of the cluster', () => {
    expect(found(trying(two, () => NOTHING))).toEqual(['overlay-blackhole cluster: 2 of 2, all']);
  });

  test('what is lost in one direction accuses neither', () => {
    const sees = trying(two, (observer) => (observer === 'master1' ? NOTHING : undefined));
    expect(found(sees)).toEqual([]);
  });
});

test('where hosts try nothing, nothing is found', () => {
  expect(found(TEN)).toEqual([]);
});

test('a node with which nobody can exchange packets is lost', () => {
  expect(found(trying(TEN, cutOff('node2')))).toEqual(['overlay-blackhole node2: 6 of 6, all']);
});

test('two such nodes are two findings', () => {
  expect(found(trying(TEN, cutOff('node2', 'node6')))).toEqual([
    'overlay-blackhole node2: 6 of 6, all',
    'overlay-blackhole node6: 6 of 6, all',
  ]);
});

test('in a cluster of three, only the node is lost that the others do not reach', () => {
  expect(found(trying(cluster(3).listed(), cutOff('master2')))).toEqual([
    'overlay-blackhole master2: 2 of 2, all',
  ]);
});

test('where nothing comes back from anybody, the cluster is lost', () => {
  expect(found(trying(TEN, () => NOTHING))).toEqual(['overlay-blackhole cluster: 10 of 10, all']);
});

test('a lone lost pair accuses nobody', () => {
  const one = trying(TEN, (observer, subject) =>
    observer === 'node1' && subject === 'node2' ? NOTHING : undefined,
  );
  expect(found(one)).toEqual([]);
});

describe('what is lost', () => {
  test('with the device that is larger than its underlay, which is no second fault', () => {
    const large = { ...WHOLE, full: 'lost' } as const;
    const sees = trying(TEN, (...pair) => (pair.includes('node2') ? large : undefined)).answer(
      'node2',
      (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          devices: answer.tables.devices?.map((own) => ({
            ...own,
            mtu: 1450,
            underlay: { device: 'eth0', mtu: 1400 },
          })),
        },
      }),
    );
    expect(found(sees)).toEqual(['overlay-blackhole node2: 6 of 6, large-packets']);
  });

  test('large packets alone', () => {
    const large = { ...WHOLE, full: 'lost' } as const;
    const sees = trying(TEN, (...pair) => (pair.includes('node2') ? large : undefined));
    expect(found(sees)).toEqual(['overlay-blackhole node2: 6 of 6, large-packets']);
  });

  test('connections that one host begins, whoever answers: its card sums up checksums wrongly', () => {
    const tcp = { ...WHOLE, tcp: 'lost' } as const;
    const sees = trying(TEN, (observer) => (observer === 'node2' ? tcp : undefined));
    expect(found(sees)).toEqual(['overlay-blackhole node2: 3 of 6, connections']);
  });

  test('connections that one host begins, where all others try it because it is suspected', () => {
    const { tunnelIp } = TEN.vtepOf('node2');
    const sees = trying(TEN, (observer) =>
      observer === 'node2' ? { ...WHOLE, tcp: 'lost' } : undefined,
    );
    const suspected = TEN.names.reduce(
      (sofar, name) =>
        sofar.answer(name, (answer) => {
          const tried = answer.packets?.tried ?? [];
          const isKnown = name === 'node2' || tried.some(({ ip }) => ip === tunnelIp);
          if (answer.packets === undefined || tunnelIp === undefined || isKnown) return answer;
          return {
            ...answer,
            packets: { ...answer.packets, tried: [...tried, { ip: tunnelIp, replies: WHOLE }] },
          };
        }),
      sees,
    );
    expect(found(suspected)).toEqual(['overlay-blackhole node2: 3 of 6, connections']);
  });

  test('connections, though some of those whom it tries answer no ICMP, or are too busy for it', () => {
    const roster = rosterOf(TEN).map((one) =>
      one.node === 'node3' ? { ...one, packets: { ...HEARD, answers: ['tcp' as const] } } : one,
    );
    const sees = trying(TEN, (observer, subject) => {
      if (observer === 'node2')
        return subject === 'node4'
          ? { ...WHOLE, full: 'lost', tcp: 'lost' }
          : { ...WHOLE, tcp: 'lost' };
      return subject === 'node3' ? { ...WHOLE, small: 'lost', full: 'lost' } : undefined;
    });
    const deaf = trying(TEN, (observer, subject) =>
      observer === 'node2' && subject === 'node3' ? NOTHING : undefined,
    );
    expect(found(sees, roster)).toEqual(['overlay-blackhole node2: 2 of 4, connections']);
    expect(found(deaf, roster)).toEqual([]);
  });

  test('connections to one host alone are a closed port', () => {
    const tcp = { ...WHOLE, tcp: 'lost' } as const;
    const sees = trying(TEN, (_observer, subject) => (subject === 'node2' ? tcp : undefined));
    expect(found(sees)).toEqual([]);
  });
});

describe('what says nothing', () => {
  const hardened = (count: number): Cluster => {
    const strict = new Set(TEN.names.slice(0, count));
    // What a node asks for itself still comes back.
    return trying(TEN, (_observer, subject) => (strict.has(subject) ? NOTHING : undefined));
  };

  test.for([1, 3, 5, 8, 9])(
    'a firewall that lets no more tests in, on %i of ten nodes',
    (count) => {
      expect(found(hardened(count))).toEqual([]);
    },
  );

  test('a firewall that lets no more tests in, on every node: their devices receive packets', () => {
    const all = trying(TEN, () => NOTHING);
    const sees = TEN.names.reduce(
      (sofar, node) =>
        sofar.answer(node, (answer) => ({
          ...answer,
          packets: answer.packets && {
            ...answer.packets,
            traffic: [{ device: 'flannel.1', received: 12, sent: 30 }],
          },
        })),
      all,
    );
    expect(found(sees)).toEqual([]);
  });

  test('a host that is too busy to hear of answers, or that lies', () => {
    expect(found(trying(TEN, (observer) => (observer === 'node2' ? NOTHING : undefined)))).toEqual(
      [],
    );
  });

  test('a host of which each try ends in another way', () => {
    const ends = [
      NOTHING,
      { ...WHOLE, full: 'lost' },
      { ...WHOLE, tcp: 'lost' },
      undefined,
    ] as const;
    const sees = trying(TEN, (observer, subject) => {
      if (observer !== 'node2' && subject !== 'node2') return undefined;
      return ends[(TEN.names.indexOf(observer) + TEN.names.indexOf(subject)) % ends.length];
    });
    expect(found(sees)).toEqual([]);
  });

  test('a host of which one connection was answered, and the others not', () => {
    const sees = trying(TEN, (observer, subject) =>
      observer === 'node2' && subject !== 'node3' ? { ...WHOLE, tcp: 'lost' } : undefined,
    );
    expect(found(sees)).toEqual([]);
  });

  test('connections that a host loses whose own were accepted: a rule of its own', () => {
    const tcp = { ...WHOLE, tcp: 'lost' } as const;
    const { tunnelIp } = TEN.vtepOf('node2');
    const sees = trying(TEN, (observer) => (observer === 'node2' ? tcp : undefined)).answer(
      'node1',
      (answer) => ({
        ...answer,
        packets: answer.packets && {
          ...answer.packets,
          tried: answer.packets.tried.map((one) =>
            one.ip === tunnelIp ? { ...one, isConnected: true as const } : one,
          ),
        },
      }),
    );
    expect(found(sees)).toEqual([]);
  });

  test.for([3, 6, 10])('a port that %i of ten nodes have closed', (count) => {
    const closed = new Set(TEN.names.slice(0, count));
    const sees = trying(TEN, (_observer, subject) =>
      closed.has(subject) ? { ...WHOLE, tcp: 'lost' } : undefined,
    );
    expect(found(sees)).toEqual([]);
  });

  test('that one host alone says that a node has answered', () => {
    const never = { answers: [], isAnswered: [...HEARD.isAnswered] };
    const sees = trying(TEN, (observer, subject) =>
      subject === 'node2' && observer !== 'node1' ? NOTHING : undefined,
    );
    const { roster } = rosterAfter(sees, rosterOf(sees, never));
    expect(roster.find(({ node }) => node === 'node2')?.packets?.answers).toEqual([]);
  });

  test.for<[string, Partial<Record<'small' | 'full' | 'tcp', Reply>>]>([
    ['ICMP that is filtered, where TCP is answered', { small: 'lost', full: 'lost' }],
    ['a port that is rejected, where ICMP is whole', { tcp: 'unreachable' }],
    ['a host without tools', { small: 'untried', full: 'untried', tcp: 'untried' }],
  ])('%s', ([, replies]) => {
    const sees = trying(TEN, (...pair) =>
      pair.includes('node2') ? { ...WHOLE, ...replies } : undefined,
    );
    expect(found(sees)).toEqual([]);
  });

  test('a test that never was answered', () => {
    const never = { answers: [], isAnswered: [] };
    expect(found(trying(TEN, cutOff('node2')), rosterOf(TEN, never))).toEqual([]);
  });

  test('a host that is silent itself', () => {
    expect(found(trying(TEN, cutOff('node2')).silence('node2'))).toEqual([]);
  });

  test('pairs whose tables are wrong: they are a fault of their own', () => {
    const sees = trying(TEN, cutOff('node2')).lose('neighbour', { subject: 'node2' });
    expect(found(sees)).toEqual(['neighbour-missing node2: 9 of 9, all']);
  });
});

test('what another state of the node explains is no second fault', () => {
  const other = trying(TEN, cutOff('node2')).answer('node2', (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, port: 4789 })),
    },
  }));
  expect(found(other)).toEqual(['vxlan-mismatch node2: 9 of 9, all']);
});

describe('what narrows it', () => {
  test('where nothing arrives, the counters of the device say so', () => {
    const sees = trying(TEN, cutOff('node2')).answer('node2', (answer) => ({
      ...answer,
      packets: answer.packets && {
        ...answer.packets,
        traffic: [{ device: 'flannel.1', received: 0, sent: 16 }],
      },
    }));
    expect(evidence(sees)).toContain(
      'flannel.1 on node2 received 0 packets and sent 16 meanwhile: nothing arrives there',
    );
  });

  test('what the kernel knows of the way', () => {
    const sees = trying(TEN, (...pair) =>
      pair.includes('node2') ? { ...WHOLE, full: 'too-big' } : undefined,
    ).answer('node2', (answer) => ({
      ...answer,
      packets: answer.packets && {
        ...answer.packets,
        tried: answer.packets.tried.map((one) => ({ ...one, pathMtu: 1350 })),
      },
    }));
    expect(evidence(sees)).toContain(
      'the kernel of node2 knows that the way carries only 1350 bytes',
    );
  });

  test('where all that is lost leads from one zone to another', () => {
    const far = new Set(['node5', 'node6', 'node7']);
    const zoned = cluster(10).listed((node) => ({
      ...node,
      zone: far.has(node.name) ? 'eu-1b' : 'eu-1a',
    }));
    const sees = trying(zoned, (observer, subject) =>
      far.has(observer) === far.has(subject) ? undefined : NOTHING,
    );
    expect(evidence(sees)).toContain('only between zones: all tries within one zone came back');
    expect(found(sees)).toEqual([
      'overlay-blackhole node5: 4 of 6, all',
      'overlay-blackhole node6: 4 of 6, all',
      'overlay-blackhole node7: 4 of 6, all',
    ]);
  });

  test('one of three zones is apart from the others, though one packet is dropped by chance', () => {
    const zoned = cluster(12).listed((node) => ({
      ...node,
      zone: ['a', 'b', 'c'][Math.floor(TWELVE.indexOf(node.name) / 4)],
    }));
    const isOfB = (node: string): boolean => Math.floor(TWELVE.indexOf(node) / 4) === 1;
    const sees = trying(zoned, (observer, subject) => {
      if (observer === 'master1' && subject === 'master2') return NOTHING;
      return isOfB(observer) === isOfB(subject) ? undefined : NOTHING;
    });
    expect(found(sees).map((line) => line.split(':')[0])).toEqual(
      TWELVE.filter(isOfB).map((node) => `overlay-blackhole ${node}`),
    );
  });
});
