import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesLater } from '../../../../shared/core/nodes/agree.ts';
import {
  ageSeconds,
  isComplete,
  oldList,
  unlessExpired,
} from '../../../../shared/core/nodes/remembered-list.ts';
import { controlPlaneAmong, isOlder } from '../../../../shared/core/nodes/vote.ts';
import { agreeing, clusterOf, idOf, namesOn, node, runWith } from './masters.ts';

const CLUSTER = clusterOf(3, 60);
const NAMES = CLUSTER.map(({ name }) => name).toSorted();

/** What a lying master makes of a list: some nodes are gone, some are changed, some are invented. */
const lies = fc
  .record({
    gone: fc.subarray(NAMES),
    changed: fc.subarray(NAMES),
    invented: fc.nat({ max: 100 }),
    version: fc.constantFrom('1', '100', '99999999999999999999'),
  })
  .map(({ gone, changed, invented, version }) => ({
    version,
    nodes: [
      ...CLUSTER.filter(({ name }) => !gone.includes(name)).map((one) =>
        changed.includes(one.name) ? node(one.name, 9999, true) : one,
      ),
      ...Array.from({ length: invented }, (_, at) => node(`evil${at}`, at + 2000, true)),
    ],
  }));

describe('the first list', () => {
  test.for([1, 2, 3] as const)('of %i masters that agree is used at once', (masters) => {
    const nodes = clusterOf(masters, 60);
    const { list, unsettled, problems } = runWith(agreeing(masters, nodes));
    expect(isComplete(list)).toBe(true);
    expect(namesOn(list)).toEqual(nodes.map(({ name }) => name).toSorted());
    expect([...unsettled.keys()]).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('of two masters that differ is none', () => {
    const [one, two] = agreeing(2, clusterOf(2, 60));
    if (one === undefined || two === undefined) throw new Error('no masters');
    const { list } = runWith([one, { ...two, nodes: clusterOf(2, 61) }]);
    expect(isComplete(list)).toBe(false);
  });

  test('that calls no voter control plane is none', () => {
    const nodes = [node('boss', 1, true), node('master1', 2), node('node1', 3)];
    const { list, problems } = runWith(agreeing(1, nodes));
    expect(isComplete(list)).toBe(false);
    expect(problems.map(({ message }) => message)).toContain(
      'the first list is not used: too few masters are on it',
    );
  });

  test('counts with a host that only has a kubeconfig, and reports it', () => {
    const nodes = clusterOf(2, 5).map((one) =>
      one.name === 'master2' ? { ...one, isControlPlane: false } : one,
    );
    const { list, problems } = runWith(agreeing(2, nodes));
    expect(isComplete(list)).toBe(true);
    expect(problems).toEqual([
      {
        where: 'node list',
        message: 'it does not call control plane master2, which reported it',
      },
    ]);
    const later = runWith(agreeing(2, nodes), list);
    expect(later.vote.voters.map((one) => one.node)).toEqual(['master1']);
    expect(later.problems).toEqual([
      {
        where: 'master2',
        message:
          'it has an admin kubeconfig, and the node list does not call it control plane: its node list does not count',
      },
    ]);
  });

  test('of a cluster that labels no node counts where its masters are on it', () => {
    const nodes = clusterOf(3, 5).map((one) => ({ ...one, isControlPlane: false }));
    expect(isComplete(runWith(agreeing(3, nodes)).list)).toBe(true);
  });
});

describe('a list that is remembered', () => {
  const first = runWith(agreeing(3, CLUSTER)).list;

  test('never changes by one lying master of three', () => {
    fc.assert(
      fc.property(lies, fc.nat({ max: 2 }), (lie, at) => {
        const masters = agreeing(3, CLUSTER, '101').map((master, place) =>
          place === at ? { ...master, ...lie } : master,
        );
        const { list, unsettled } = runWith(masters, first, 2000);
        expect(list.buckets).toEqual(first.buckets);
        expect([...unsettled.keys()]).toEqual([]);
        // Nor is it made to look newer than it is.
        expect(isOlder('101', list.version)).toBe(false);
        expect(namesOn(runWith(agreeing(3, CLUSTER, '102'), list).list)).toEqual(NAMES);
      }),
      { numRuns: 50 },
    );
  });

  test('never changes by one of two that lies, and what differs is unknown', () => {
    const two = runWith(agreeing(2, clusterOf(2, 60))).list;
    const [honest] = agreeing(2, clusterOf(2, 60), '101');
    fc.assert(
      fc.property(lies, (lie) => {
        if (honest === undefined) return;
        const liar = { ...honest, node: 'master2', ...lie };
        const { list, unsettled } = runWith([honest, liar], two, 2000);
        // An answer that is older than the list does not count, and so makes nothing unknown.
        const told = new Map(lie.nodes.map((one) => [one.name, one.uid]));
        const differing = clusterOf(2, 60).filter(
          ({ name, uid }) => lie.version !== '1' && told.get(name) !== uid,
        );
        expect(differing.filter(({ name }) => !unsettled.has(name))).toEqual([]);
        expect(list.buckets).toEqual(two.buckets);
      }),
    );
  });

  test('follows a change on which the masters agree, and on nothing else', () => {
    const later = [...CLUSTER.slice(0, -1), node('new', 200)];
    const { list, unsettled } = runWith(agreeing(3, later, '120'), first, 2000);
    expect(namesOn(list)).toEqual(later.map(({ name }) => name).toSorted());
    expect([...unsettled.keys()]).toEqual([]);
    expect(ageSeconds(list, 2000)).toBe(0);
  });

  test('follows one master of one', () => {
    const one = runWith(agreeing(1, clusterOf(1, 9))).list;
    expect(namesOn(runWith(agreeing(1, clusterOf(1, 8), '101'), one).list)).toHaveLength(9);
  });

  test('does not follow an answer from an old cache', () => {
    const masters = agreeing(3, CLUSTER.slice(0, -1), '99');
    const { list, vote } = runWith(masters, first, 2000);
    expect(vote.ballots).toEqual([]);
    expect(list).toEqual({ ...first, olderRuns: 1 });
  });

  test('stands, and nothing is unknown, where too few masters answer', () => {
    const [one, ...others] = agreeing(3, clusterOf(3, 10), '101');
    if (one === undefined) throw new Error('no master');
    const silent = others.map((master) => ({ ...master, isSilent: true }));
    const { list, unsettled } = runWith([one, ...silent], first, 2000);
    expect(list.buckets).toEqual(first.buckets);
    expect([...unsettled.keys()]).toEqual([]);
  });

  test('converges once the masters agree, whatever they said before', () => {
    fc.assert(
      fc.property(lies, lies, (one, two) => {
        const [first1, second1, third1] = agreeing(3, CLUSTER, '101');
        if (first1 === undefined || second1 === undefined || third1 === undefined) return;
        const masters = [
          first1,
          { ...second1, ...one, version: '101' },
          { ...third1, ...two, version: '101' },
        ];
        const { list } = runWith(masters, first, 2000);
        const later = agreeing(3, CLUSTER, '102');
        expect(namesOn(runWith(later, list, 3000).list)).toEqual(NAMES);
      }),
      { numRuns: 50 },
    );
  });

  test('stands where the masters report one on which they are not, and what differs is unknown', () => {
    const without = CLUSTER.filter(({ name }) => !/master|node7$/.test(name));
    const { list, unsettled, problems } = runWith(agreeing(3, without, '120'), first, 2000);
    expect(namesOn(list)).toEqual(NAMES);
    expect([...unsettled.keys()]).toEqual(expect.arrayContaining(['master1', 'master2', 'node7']));
    expect(problems).toContainEqual({
      where: 'node list',
      message: 'it is not used: none of the masters that reported it is on it',
    });
    expect(namesOn(runWith(agreeing(3, CLUSTER, '121'), list, 3000).list)).toEqual(NAMES);
  });

  describe('whose masters were all replaced at once', () => {
    const HOUR = 3_600_000;
    const others = ['new1', 'new2'];
    const after = [
      ...others.map((name, at) => node(name, at + 400, true)),
      ...CLUSTER.filter(({ name }) => !name.startsWith('master')),
    ];
    const replacing = (nodes: typeof after, version = '120') =>
      others.map((name) => ({ node: name, nodes, version }));

    test('stands for an hour: anybody may leave a kubeconfig on a host', () => {
      const { list, vote, problems } = runWith(
        replacing(after),
        first,
        first.answeredAt + HOUR - 1,
      );
      expect(vote.voters).toEqual([]);
      expect(namesOn(list)).toEqual(NAMES);
      expect(problems.map(({ where }) => where)).toEqual(others);
    });

    test('is that of the new ones after that, who count alone from then on', () => {
      const { list, problems } = runWith(replacing(after), first, first.answeredAt + HOUR);
      expect(namesOn(list)).toEqual(after.map(({ name }) => name).toSorted());
      expect(problems).toContainEqual({
        where: 'node list',
        message:
          'none of its masters was there for an hour: it is that of new1 and new2 from now on',
      });
      const stranger = { node: 'node1', nodes: CLUSTER, version: '130' };
      const next = runWith([...replacing(after, '121'), stranger], list, list.answeredAt + 1000);
      expect(next.vote.voters.map((one) => one.node)).toEqual(others);
      expect(next.vote.strangers.map((one) => one.node)).toEqual(['node1']);
    });

    test('stands where they report one on which they are not', () => {
      const { list } = runWith(replacing(after.slice(2)), first, first.answeredAt + HOUR);
      expect(namesOn(list)).toEqual(NAMES);
    });

    test('stands while one of its masters is there, though silent', () => {
      const silent = { node: 'master1', nodes: CLUSTER, version: '100', isSilent: true };
      const seen = [silent, ...replacing(after)];
      const { list, vote } = runWith(seen, first, first.answeredAt + HOUR);
      expect(vote.voters.map((one) => one.node)).toEqual(['master1']);
      expect(namesOn(list)).toEqual(NAMES);
    });
  });

  test('follows masters that call all but one of them a worker', () => {
    const demoted = CLUSTER.map((one) =>
      /master[12]/.test(one.name) ? { ...one, isControlPlane: false } : one,
    );
    const { list, vote } = runWith(agreeing(3, [...demoted, node('new', 300)], '120'), first, 2000);
    expect(vote.ballots).toHaveLength(3);
    expect(namesOn(list)).toContain('new');
    const later = runWith(agreeing(3, [...demoted, node('newer', 301)], '121'), list, 3000);
    expect(later.vote.voters.map((one) => one.node)).toEqual(['master3']);
    expect(namesOn(later.list)).toContain('newer');
  });

  test('takes of two copies that differ the nodes on which they agree, and says so', () => {
    const later = [...CLUSTER, node('a', 300), node('b', 301)];
    const sends = later.map((one) => (one.name === 'b' ? node('b', 999) : one));
    const masters = agreeing(3, later, '120').map((master, at) =>
      at === 1 ? { ...master, sends } : master,
    );
    const { list, unsettled, problems } = runWith(masters, first, 2000);
    expect(namesOn(list)).toContain('a');
    expect(namesOn(list)).not.toContain('b');
    expect(unsettled.has('b')).toBe(true);
    expect(problems).toContainEqual({ where: 'node list', message: 'the masters differ about b' });
  });

  test('that is newer than what most masters report for five runs gives way: etcd was restored', () => {
    const restored = agreeing(3, CLUSTER.slice(0, -1), '50');
    const runs = Array.from({ length: 6 }).reduce<readonly ReturnType<typeof runWith>[]>(
      (done) => [...done, runWith(restored, done.at(-1)?.list ?? first, 2000 + done.length)],
      [],
    );
    expect(runs.map(({ list }) => list.version)).toEqual(['100', '100', '100', '100', '50', '50']);
    expect(runs.map(({ list }) => namesOn(list).includes('node59'))).toEqual(
      [0, 1, 2, 3, 4, 5].map((run) => run < 4),
    );
    const [once = [], ...others] = runs.map(({ problems }) => problems);
    expect(once).toEqual([]);
    expect(others.map((problems) => problems.map(({ message }) => message))).toEqual([
      ...Array.from({ length: 3 }, () => [
        expect.stringMatching(
          /^master1, master2 and master3 report an older list .* is used in some runs$/,
        ),
      ]),
      [expect.stringMatching(/: etcd was restored, and their list is used$/)],
      [],
    ]);
  });

  test('never gives way to the older list of one master of three, however long', () => {
    const masters = agreeing(3, CLUSTER, '101').map((master, at) =>
      at === 0 ? { ...master, nodes: CLUSTER.slice(0, -1), version: '1' } : master,
    );
    const last = Array.from({ length: 8 }).reduce<typeof first>(
      (list) => runWith(masters, list, 2000).list,
      first,
    );
    expect(namesOn(last)).toEqual(NAMES);
    expect(last.version).toBe('101');
  });

  test('a master that differs in two runs running is reported', () => {
    const odd = agreeing(3, CLUSTER, '101').map((master, at) =>
      at === 2 ? { ...master, nodes: CLUSTER.slice(0, -1) } : master,
    );
    const once = runWith(odd, first, 2000);
    expect(once.problems).toEqual([]);
    expect(runWith(odd, once.list, 3000).problems).toEqual([
      {
        where: 'master3',
        message: 'its node list differs from that of most masters in 1 of 64 parts',
      },
    ]);
  });

  test('is known to have changed between two looks where the masters say so, or differ', () => {
    const same = runWith(agreeing(3, CLUSTER, '101'), first).vote;
    expect(namesLater(first, same)).toEqual({ changed: new Set(), unread: new Set() });
    const gone = runWith(agreeing(3, CLUSTER.slice(0, -1), '101'), first).vote;
    expect(namesLater(first, gone).changed).toContain('node59');
    const silent = agreeing(3, [], '101').map((master) => ({ ...master, isSilent: true }));
    expect(namesLater(first, runWith(silent, first).vote)).toEqual({
      changed: new Set(),
      unread: new Set(namesOn(first)),
    });
  });
});

describe('a list grows old', () => {
  const { list } = runWith(agreeing(1, clusterOf(1, 5)), undefined, 1000);
  const hours = (count: number): number => 1000 + count * 3_600_000;

  test('which is a problem after an hour', () => {
    expect(oldList(list, hours(0.9))).toEqual([]);
    expect(oldList(list, hours(1.1))).toHaveLength(1);
  });

  test.for([
    [23, true],
    [25, false],
  ] as const)('and is kept for %i hours without any voter: %s', ([count, isKept]) => {
    const kept = unlessExpired(list, { now: hours(count), rosterDays: 7 });
    expect(kept.list === undefined).toBe(!isKept);
    expect(kept.problems).toHaveLength(isKept ? 0 : 1);
  });

  test('and is dropped after rosterDays, though masters answer', () => {
    const answered = { ...list, answeredAt: hours(7 * 24) };
    expect(unlessExpired(answered, { now: hours(7 * 24 - 1), rosterDays: 7 }).list).toBeDefined();
    expect(unlessExpired(answered, { now: hours(7 * 24 + 1), rosterDays: 7 }).list).toBeUndefined();
  });
});

describe('a master is known', () => {
  const nodes = [{ ...node('master1', 1, true), instanceId: 'i-0123456789abcdef0' }, node('node1')];

  test.for([
    ['by its instance id, whatever it calls itself', 'i-0123456789abcdef0', 'x', true],
    ['by its name, where it is no instance', 'mi-0', 'master1', true],
    ['and not by its name, where it is another instance', 'i-0123456789abcdef1', 'master1', false],
    ['and is none where the list calls it a worker', 'mi-0', 'node1', false],
  ] as const)('%s', ([, instanceId, name, isKnown]) => {
    expect(controlPlaneAmong([{ instanceId, node: name }], nodes)).toHaveLength(isKnown ? 1 : 0);
  });

  test('and is none where two claim its name', () => {
    const two = [idOf({ node: 'master1' }), { instanceId: 'mi-other', node: 'master1' }];
    expect(controlPlaneAmong(two, nodes)).toEqual([]);
  });
});
