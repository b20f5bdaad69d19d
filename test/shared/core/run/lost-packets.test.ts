import { describe, expect, test } from 'vitest';
import type { Hosts, SecondLookAnswers } from '../../../../shared/core/run/hosts.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../../../shared/core/run/run.ts';
import type { SecondLook } from '../../../../shared/core/run/second-look.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { cutOff, NOTHING, trying, WHOLE } from '../../../support/packets.ts';

const TEN = cluster(10).listed();
const WELL = trying(TEN, () => undefined);
const LOST = trying(TEN, cutOff('node2'));

/** How a second look finds the hosts: as this cluster is. */
function looking(again: Cluster, asked: SecondLook[] = []): Hosts {
  return {
    ...recorded([]),
    again: async (look): Promise<SecondLookAnswers> => {
      asked.push(look);
      const retried = new Set(look.packets?.instanceIds);
      const answers = again
        .facts()
        .observations.flatMap((one) => (one.kind === 'tables' ? [one] : []));
      const later = answers.map((one) => {
        const uptimeSeconds = (one.host.uptimeSeconds ?? 0) + look.apartSeconds;
        return { ...one, host: { ...one.host, uptimeSeconds } };
      });
      return {
        observations: later.map((one) => ({ ...one, packets: undefined })),
        retried: later.filter(({ host: { instanceId = '' } }) => retried.has(instanceId)),
        problems: [],
      };
    },
  };
}

/** What a run sees, what its second look does, and how long after the first run it is, if not a minute for each. */
type Sight = readonly [first: Cluster, again: Hosts, minutes?: number];

/** One run after the other. */
async function runs(...sights: readonly Sight[]): Promise<readonly Decision[]> {
  const made: Decision[] = [];
  for (const [index, [sees, hosts, at = index]] of sights.entries()) {
    const { roster = [], incidents = [] } = made.at(-1) ?? {};
    made.push(await run(sees.facts({ now: NOW + at * 60_000, roster }), incidents, hosts));
  }
  return made;
}

function pagesOf(made: readonly Decision[]): readonly string[] {
  return made.flatMap(({ pages }, at) => pages.map(({ kind, key }) => `${at}: ${kind} ${key}`));
}

const KEY = 'prod/subject/node2/overlay-blackhole';

test('a node that loses its packets is paged by the second run that sees it, and resolved', async () => {
  const made = await runs(
    [WELL, looking(WELL)],
    [LOST, looking(LOST)],
    [LOST, looking(LOST)],
    [WELL, looking(WELL)],
    [WELL, looking(WELL)],
  );
  expect(pagesOf(made)).toEqual([`2: opened ${KEY}`, `4: resolved ${KEY}`]);
});

test('three nodes at once are one page by the second run that sees them, and so is the whole cluster', async () => {
  const pagesFor = async (sees: Cluster): Promise<readonly string[]> =>
    pagesOf(await runs([WELL, looking(WELL)], [sees, looking(sees)], [sees, looking(sees)]));
  expect(await pagesFor(trying(TEN, cutOff('node1', 'node4', 'node7')))).toEqual([
    '2: opened prod/group/overlay-blackhole',
  ]);
  expect(await pagesFor(trying(TEN, cutOff(...TEN.names)))).toEqual([
    '2: opened prod/cluster/overlay-blackhole',
  ]);
});

test('a node that only the second run has seen joins no others of which it is the second', async () => {
  const three = trying(TEN, cutOff('node1', 'node4', 'node7'));
  const four = trying(TEN, cutOff('node1', 'node4', 'node7', 'node2'));
  const made = await runs([WELL, looking(WELL)], [three, looking(three)], [four, looking(four)]);
  expect(made[2]?.incidents.map(({ key, phase }) => `${phase} ${key}`)).toEqual([
    'open prod/group/overlay-blackhole',
    'suspected prod/subject/node2/overlay-blackhole',
  ]);
  expect(made[2]?.reported.map(({ subjects }) => subjects)).toEqual([
    ['node1', 'node4', 'node7'],
    undefined,
  ]);
});

test('large packets stay lost while most of those whom the node tries answer no ICMP', async () => {
  const sees = trying(TEN, (...pair) => {
    if (!pair.includes('node2')) return undefined;
    const isDeaf = pair.includes('node3') || pair.includes('node4');
    return isDeaf ? { ...WHOLE, small: 'untried', full: 'untried' } : { ...WHOLE, full: 'lost' };
  });
  const made = await runs(
    [WELL, looking(WELL)],
    ...Array.from({ length: 4 }, () => [sees, looking(sees)] as const),
  );
  expect(pagesOf(made)).toEqual([`2: opened ${KEY}`]);
});

test('a node that joins where all lose their packets is of that incident', async () => {
  const some = TEN.names.filter((node) => node !== 'node7');
  const most = trying(TEN, cutOff(...some));
  const newcomer = most.silence('node7');
  const made = await runs(
    [WELL, looking(WELL)],
    ...[newcomer, newcomer, most, most].map((sees) => [sees, looking(sees)] as const),
  );
  expect(pagesOf(made)).toEqual(['2: opened prod/cluster/overlay-blackhole']);
  expect(made.at(-1)?.incidents.map(({ key, phase }) => `${phase} ${key}`)).toEqual([
    'open prod/cluster/overlay-blackhole',
  ]);
});

test('the second look sends packets again, and where they come back nobody is paged', async () => {
  const made = await runs([WELL, looking(WELL)], [LOST, looking(LOST)], [LOST, looking(WELL)]);
  expect(pagesOf(made)).toEqual([]);
});

test('losses that were not tried again do not count where those that were have healed', async () => {
  const { instanceId = '' } = TEN.nodes.find(({ node }) => node === 'node2') ?? {};
  const itself: Hosts = {
    ...recorded([]),
    again: async (look) => {
      const answers = await looking(WELL).again(look);
      if (answers === 'recorded') return answers;
      const retried = (answers.retried ?? []).filter(
        (one) => one.kind === 'tables' && one.host.instanceId === instanceId,
      );
      return { ...answers, retried };
    },
  };
  const made = await runs([WELL, looking(WELL)], [LOST, looking(LOST)], [LOST, itself]);
  expect(pagesOf(made)).toEqual([]);
});

test('what a host says that has booted meanwhile, or that was asked too early, confirms nothing', async () => {
  const changed = (host: { readonly bootId?: string; readonly uptimeSeconds?: number }): Hosts => ({
    ...recorded([]),
    again: async (look) => {
      const answers = await looking(LOST).again(look);
      if (answers === 'recorded') return answers;
      const retried = (answers.retried ?? []).map((one) =>
        one.kind === 'tables' ? { ...one, host: { ...one.host, ...host } } : one,
      );
      return { ...answers, retried };
    },
  });
  for (const host of [{ bootId: '9c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11' }, { uptimeSeconds: 1 }]) {
    const made = await runs([WELL, looking(WELL)], [LOST, looking(LOST)], [LOST, changed(host)]);
    expect(pagesOf(made)).toEqual([]);
    expect(made[2]?.incidents.map(({ phase, key }) => `${phase} ${key}`)).toEqual([
      `suspected ${KEY}`,
    ]);
  }
});

test('what was lost by chance is no suspicion for a later run', async () => {
  // Of what node2 loses, some comes back both ways.
  const partly = trying(TEN, (observer, subject) => {
    const ends = new Set([observer, subject]);
    return ends.has('node2') && !ends.has('node3') && !ends.has('node1') ? NOTHING : undefined;
  });
  const reached = new Set(['node3', 'node1', 'master3']);
  const mixed = trying(TEN, (observer, subject) => {
    if (observer !== 'node2' && subject !== 'node2') return undefined;
    return reached.has(observer === 'node2' ? subject : observer)
      ? undefined
      : { ...WHOLE, full: 'lost' };
  });
  const connected = trying(TEN, (observer, subject) =>
    observer === 'node2' && subject !== 'node3' ? { ...WHOLE, tcp: 'lost' } : undefined,
  );
  const deaf = trying(TEN, (observer) =>
    observer === 'node2' ? { ...WHOLE, tcp: 'lost' } : undefined,
  );
  for (const [first, second] of [
    [partly, mixed],
    [deaf, connected],
  ] as const) {
    const made = await runs(
      [WELL, looking(WELL)],
      [first, looking(first)],
      [second, looking(second)],
    );
    expect(made.map(({ incidents }) => incidents.length)).toEqual([0, 1, 0]);
  }
});

test('a suspicion outlives runs that cannot check it, for two hours', async () => {
  const silent = TEN.silence(...TEN.names);
  const made = await runs(
    [WELL, looking(WELL)],
    [LOST, looking(LOST)],
    [silent, looking(silent), 2],
    [silent, looking(silent), 120],
    [silent, looking(silent), 122],
  );
  expect(made.map(({ incidents }) => incidents.map(({ phase }) => phase))).toEqual([
    [],
    ['suspected'],
    ['suspected'],
    ['suspected'],
    [],
  ]);
  expect(
    pagesOf(
      await runs(
        [WELL, looking(WELL)],
        [LOST, looking(LOST)],
        [silent, looking(silent)],
        [LOST, looking(LOST)],
      ),
    ),
  ).toEqual([`3: opened ${KEY}`]);
});

test('while every host is silent an open incident is not over', async () => {
  const silent = TEN.silence(...TEN.names);
  const made = await runs(
    [WELL, looking(WELL)],
    [LOST, looking(LOST)],
    [LOST, looking(LOST)],
    ...Array.from({ length: 3 }, () => [silent, looking(silent)] as const),
  );
  expect(pagesOf(made)).toEqual([`2: opened ${KEY}`]);
});

test('where no host answers the second look, nobody is paged', async () => {
  const nobody: Hosts = {
    ...recorded([]),
    again: async () => ({ observations: [], problems: [] }),
  };
  expect(pagesOf(await runs([WELL, nobody], [LOST, nobody], [LOST, nobody]))).toEqual([]);
});

test('the second look asks the hosts whose ways were lost, for the peers that they lost', async () => {
  const asked: SecondLook[] = [];
  await runs([WELL, looking(WELL)], [LOST, looking(LOST)], [LOST, looking(LOST, asked)]);
  const ids = new Map(TEN.nodes.map(({ instanceId, node }) => [instanceId, node]));
  const [look] = asked;
  const nodes = look?.packets?.instanceIds.map((id) => ids.get(id));
  // The three before it have tried it, and it has tried the three after it.
  expect(nodes?.toSorted()).toEqual(['master2', 'master3', 'node1', 'node2'].toSorted());
  expect(look?.packets?.wanted.split(',').toSorted()).toEqual(
    ['node2', 'node3', 'node4', 'node5']
      .map((node) => String(TEN.vtepOf(node).tunnelIp))
      .toSorted(),
  );
});

test('in the next run more hosts try the nodes whose ways were lost', async () => {
  const [, lost] = await runs([WELL, looking(WELL)], [LOST, looking(LOST)]);
  expect(lost?.suspects[0]).toBe(TEN.vtepOf('node2').tunnelIp);
});

test('where hosts stop to send packets, what was open is over', async () => {
  const made = await runs(
    [WELL, looking(WELL)],
    [LOST, looking(LOST)],
    [LOST, looking(LOST)],
    [TEN, looking(TEN)],
    [TEN, looking(TEN)],
  );
  expect(pagesOf(made).at(-1)).toBe(`4: resolved ${KEY}`);
});

describe('with a fault of the tables at once', () => {
  test('each is paged under a key of its own', async () => {
    const both = LOST.lose('neighbour', { subject: 'node6' });
    const made = await runs([WELL, looking(WELL)], [both, looking(both)], [both, looking(both)]);
    expect(pagesOf(made)).toEqual([`1: opened prod/subject/node6`, `2: opened ${KEY}`]);
  });

  test('a node whose entries are lost is that fault alone, though its packets are lost, too', async () => {
    const both = LOST.lose('neighbour', { subject: 'node2' });
    const made = await runs([WELL, looking(WELL)], [both, looking(both)], [both, looking(both)]);
    expect(pagesOf(made)).toEqual([`1: opened prod/subject/node2`]);
    expect(made[1]?.reported[0]?.evidence).toContain(
      'packets between these nodes were lost in 6 of 6 tries',
    );
  });

  test('what is wrong and does not hurt yet is said, too', async () => {
    const weak = WELL.lose('fdb', { subject: 'node2' });
    const made = await runs([WELL, looking(WELL)], [weak, looking(weak)]);
    expect(made[1]?.reported[0]?.evidence).toContain(
      'packets between these nodes still came back in 6 of 6 tries',
    );
  });
});

describe('nobody is paged', () => {
  test('where one packet in a hundred is lost', async () => {
    const sights = Array.from({ length: 30 }, (_, round) =>
      trying(TEN, (observer, subject) =>
        (TEN.names.indexOf(observer) * 7 + TEN.names.indexOf(subject) * 13 + round) % 100 === 0
          ? NOTHING
          : undefined,
      ),
    );
    expect(pagesOf(await runs(...sights.map((sees) => [sees, looking(sees)] as const)))).toEqual(
      [],
    );
  });

  test('where a host stops answering ICMP', async () => {
    const filtered = trying(TEN, (_, subject) =>
      subject === 'node2' ? { ...WHOLE, small: 'lost', full: 'lost' } : undefined,
    );
    const made = await runs(
      [WELL, looking(WELL)],
      ...Array.from({ length: 4 }, () => [filtered, looking(filtered)] as const),
    );
    expect(pagesOf(made)).toEqual([]);
  });
});
