import { describe, expect, test } from 'vitest';
import { devicesOf } from '../../../../shared/core/members/roster.ts';
import { membersOf } from '../../../../shared/core/members/members.ts';
import type { Facts, RosterEntry } from '../../../../shared/core/facts.ts';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import { confirm } from '../../../../shared/core/run/confirm.ts';
import { ip, nthNode } from '../../../support/addressing.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';

const SIX = cluster(6);
const DAY_MS = 86_400_000;

/** `master1 node1?`: who takes part, and of whom nothing was read. */
function story(facts: Facts): string {
  return membersOf(facts)
    .members.map(({ node, observed }) => (observed === undefined ? `${node}?` : node))
    .join(' ');
}

function problemsWith(facts: Facts, where: string): readonly string[] {
  return membersOf(facts)
    .problems.filter((problem) => problem.where === where)
    .map(({ message }) => message);
}

function remember(node: string, changes: Partial<RosterEntry> = {}): RosterEntry {
  return { node, vteps: [], master: false, lastSeen: NOW, devices: [], ...changes };
}

describe('who takes part', () => {
  const two = cluster(2);

  test.for([
    ['who answered', two.facts(), 'master1 master2'],
    ['who was silent is unknown', two.listed().silence('master2').facts(), 'master1 master2?'],
    [
      'whom the roster knows',
      two.silence('master2').facts({ roster: [remember('master2'), remember('node9')] }),
      'master1 master2? node9?',
    ],
    [
      'whom kubectl on a master knows',
      two.facts({ listedNames: ['master1', 'node8'] }),
      'master1 master2 node8?',
    ],
    [
      'whom the roster has not seen for a week has left',
      two.facts({ roster: [remember('node9', { lastSeen: NOW - 8 * DAY_MS })] }),
      'master1 master2',
    ],
    [
      'whose host has got another name has left',
      two.facts({ roster: [remember('node9', { instanceId: nthNode(1).instanceId })] }),
      'master1 master2',
    ],
    [
      'whose host has got the name of another has not',
      cluster(2)
        .answer('master2', (answer) => ({ ...answer, host: { ...answer.host, node: 'master1' } }))
        .facts({ roster: [remember('master2', { instanceId: nthNode(1).instanceId })] }),
      'master1? master2?',
    ],
    [
      "Kubernetes' list is the truth where there is one",
      two.listed().facts({ roster: [remember('node9')], listedNames: ['node8'] }),
      'master1 master2',
    ],
  ] as const)('%s', ([, facts, members]) => {
    expect(story(facts)).toBe(members);
  });

  test('only nodes in both lists', () => {
    const { nodes } = two.listed().facts();
    const after = nodes.kind === 'read' ? nodes.after : [];
    const facts = two.facts({ nodes: { kind: 'read', before: after.slice(0, 1), after } });
    expect(story(facts)).toBe('master1');
    expect(
      story(two.facts({ nodes: { kind: 'read', before: after, after: after.slice(1) } })),
    ).toBe('master2');
  });

  test('a node without annotations and without a device is no part of the overlay', () => {
    const facts = two
      .listed((node) => (node.name === 'master2' ? { ...node, annotated: [] } : node))
      .dropDevice('master2')
      .facts();
    expect(story(facts)).toBe('master1');
    expect(problemsWith(facts, 'master2')).toHaveLength(1);
  });

  test('a host that answers under a name that no list holds is a problem, and no member', () => {
    const [, second] = two.facts().observations;
    const facts = cluster(1).listed().facts();
    const both = { ...facts, observations: [...facts.observations, ...(second ? [second] : [])] };
    expect(story(both)).toBe('master1');
    expect(problemsWith(both, 'master2')[0]).toContain('no node of the overlay has its name');
  });

  test('why a host is unknown is a problem', () => {
    expect(problemsWith(two.silence('master2').facts(), 'master2')).toEqual(['no answer']);
  });
});

/** As a list has a node of which nothing but its name is to be trusted. */
function withoutAddresses(node: ClusterNode): ClusterNode {
  const annotated = node.annotated.map((one) => ({ ...one, publicIp: undefined }));
  return { ...node, internalIps: [], annotated };
}

describe('two hosts that claim one name', () => {
  const twins = cluster(3).answer('master2', (answer) => ({
    ...answer,
    host: { ...answer.host, node: 'master1' },
  }));

  test.for([
    [
      'with a list that has no addresses',
      twins.listed(withoutAddresses).facts(),
      'master1? master2? master3',
    ],
    ['without one', twins.facts(), 'master1? master3'],
  ] as const)('are both unknown, %s', ([, facts, members]) => {
    expect(story(facts)).toBe(members);
    expect(problemsWith(facts, 'master1')[0]).toContain('several hosts claim this name');
  });

  test('are told by their managed-node ids', () => {
    const [message] = problemsWith(twins.facts(), 'master1');
    expect(message).toContain('mi-00000000000000000, mi-00000000000000001');
  });
});

describe('a name belongs to whom list or roster know by an instance id', () => {
  const [own, other] = ['i-0aaaaaaaaaaaaaaa0', 'i-0bbbbbbbbbbbbbbb1'];
  const withId = (base: Cluster, node: string, instanceId: string): Cluster =>
    base.answer(node, (answer) => ({ ...answer, host: { ...answer.host, instanceId } }));
  const renamed = (base: Cluster, node: string, name: string): Cluster =>
    base.answer(node, (answer) => ({ ...answer, host: { ...answer.host, node: name } }));
  const listedAs = (base: Cluster, ids: Readonly<Record<string, string>>): Cluster =>
    base.listed((node) => ({ ...withoutAddresses(node), instanceId: ids[node.name] }));
  const three = withId(withId(cluster(3), 'master1', own), 'master2', other);
  const claimed = renamed(three, 'master2', 'master1');

  test('the roster: the owner keeps it, and the claimant is unknown and a problem', () => {
    const facts = claimed.facts({ roster: [remember('master1', { instanceId: own })] });
    expect(story(facts)).toBe('master1 master3');
    expect(problemsWith(facts, 'master1')).toEqual([
      `another host claims this name (${other}): unknown`,
    ]);
  });

  test('the list: a host has the name of its instance, whatever it claims', () => {
    const facts = listedAs(claimed, { master1: own, master2: other }).facts();
    expect(story(facts)).toBe('master1 master2 master3');
    expect(problemsWith(facts, 'master1')).toEqual([]);
  });

  test('the list: another instance does not get it, also where the owner is silent', () => {
    const alone = listedAs(renamed(three.silence('master1'), 'master2', 'master1'), {
      master1: own,
    }).facts();
    expect(story(alone)).toBe('master1? master2? master3');
    expect(problemsWith(alone, 'master1').join()).toContain('claim this name');
  });

  test('of two nodes with one instance id neither gets it', () => {
    const facts = listedAs(renamed(three, 'master1', 'elsewhere'), {
      master1: own,
      master2: own,
    }).facts();
    expect(story(facts)).toBe('master1? master2? master3');
    const withAddresses = renamed(three, 'master1', 'elsewhere').listed((node) => ({
      ...node,
      instanceId: node.name === 'master3' ? undefined : own,
    }));
    expect(story(withAddresses.facts())).toBe('master1? master2? master3');
  });

  test.for([
    ['answers', three, true],
    [
      'is silent, and the list has another',
      listedAs(three.silence('master1'), { master1: own }),
      true,
    ],
    ['is silent', three.silence('master1'), false],
  ] as const)('of a node whose host %s: forgets another instance', ([, seen, forgets]) => {
    const roster = [remember('master1', { instanceId: 'i-0ccccccccccccccc2' })];
    const { members } = membersOf(seen.facts({ roster }));
    const member = members.find(({ node }) => node === 'master1');
    expect(member?.remembered === undefined).toBe(forgets);
  });

  test('a silent owner loses it to a host that answers with the annotated MAC of the node', () => {
    const before = cluster(2).silence('master1').listed();
    const [silent, second] = before.facts().observations;
    const [healthy] = cluster(2).facts().observations;
    if (healthy?.kind !== 'tables' || silent === undefined || second === undefined) {
      throw new Error('three observations');
    }
    const anew = { ...healthy, host: { ...healthy.host, instanceId: 'mi-00000000000000009' } };
    const devices = anew.tables.devices?.map((one) => ({ ...one, mac: 'b2:1f:9c:08:64:ee' }));
    const liar = { ...anew, tables: { ...anew.tables, devices } };
    expect(story(before.facts({ observations: [silent, second, anew] }))).toBe('master1 master2');
    expect(story(before.facts({ observations: [silent, second, liar] }))).toBe('master1? master2');
  });
});

describe('a host is known by its addresses before its name', () => {
  const renamed = (base: Cluster, node: string, name: string): Cluster =>
    base.answer(node, (answer) => ({ ...answer, host: { ...answer.host, node: name } }));
  const local = (base: Cluster, node: string, address: string): Cluster =>
    base.answer(node, (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, local: ip(address) })),
      },
    }));
  const named = (base: Cluster, node: string, name: string): Cluster =>
    base.listed((one) => (one.name === node ? { ...one, name } : one));
  const three = cluster(3);

  test('one that calls itself by a name of its own', () => {
    const facts = renamed(three, 'master2', 'ip-10-0-0-7').listed().facts();
    expect(story(facts)).toBe('master1 master2 master3');
    expect(membersOf(facts).problems).toEqual([]);
  });

  test('one that claims the name of a node whose host is silent', () => {
    const facts = renamed(three.silence('master1'), 'master2', 'master1').listed().facts();
    expect(story(facts)).toBe('master1? master2 master3');
  });

  test('one that claims the name of a node whose host has its address', () => {
    const facts = renamed(local(three, 'master2', '10.99.0.1'), 'master2', 'master1')
      .listed()
      .facts();
    expect(story(facts)).toBe('master1 master2? master3');
    expect(problemsWith(facts, 'master1')[0]).toContain('another host claims this name');
  });

  test.for([
    ['two hosts have', local(three, 'master3', '192.168.1.1')],
    ['is of a loopback', local(three, 'master2', '127.0.0.1')],
    ['is of a pod', local(three, 'master2', '10.68.1.1')],
  ] as const)('but not by one that %s', ([, on]) => {
    const list = renamed(on, 'master2', 'elsewhere').listed((one) =>
      one.name === 'master2'
        ? { ...one, internalIps: [ip('192.168.1.1'), ip('127.0.0.1'), ip('10.68.1.1')] }
        : one,
    );
    expect(story(list.facts())).toBe('master1 master2? master3');
    expect(problemsWith(list.facts(), 'elsewhere')[0]).toContain('no node of the overlay');
  });

  test('nor by one that two nodes have', () => {
    const list = renamed(three, 'master2', 'elsewhere').listed((one) => ({
      ...one,
      internalIps: [ip('10.0.2.15')],
      annotated: one.annotated.map((own) => ({ ...own, publicIp: ip('10.0.2.15') })),
    }));
    expect(story(list.facts())).toBe('master1 master2? master3');
  });

  test('one that the roster knows keeps its name, also with the address of another node', () => {
    const roster = [remember('master1', { instanceId: nthNode(0).instanceId })];
    const facts = local(three.silence('master2'), 'master1', '192.168.1.1')
      .listed()
      .facts({ roster });
    expect(story(facts)).toBe('master1 master2? master3');
  });

  test('a node that the roster knows by another host is not taken by its address', () => {
    const roster = [remember('master2', { instanceId: 'mi-00000000000000009' })];
    const facts = renamed(three, 'master2', 'master9').listed().facts({ roster });
    expect(story(facts)).toBe('master1 master2? master3');
    expect(problemsWith(facts, 'master9')[0]).toContain('no node of the overlay');
  });

  test('nor where each of the names is claimed: the addresses on the list are wrong', () => {
    const off = three.listed((one) => ({
      ...withoutAddresses(one),
      internalIps: [
        ip({ master1: '192.168.1.1', master2: '192.168.1.2' }[one.name] ?? '10.99.0.1'),
      ],
    }));
    const facts = off.facts();
    const ids = membersOf(facts).members.map(({ observed }) => observed?.host.instanceId);
    expect(ids).toEqual([0, 1, 2].map((at) => nthNode(at).instanceId));
  });

  test('at last a name counts by its first label, where no two have it', () => {
    const far = local(three, 'master2', '10.99.0.1');
    const full = named(far, 'master2', 'master2.prod.example.com');
    expect(story(full.facts())).toBe('master1 master2.prod.example.com master3');
    const both = far.listed((one) => ({
      ...one,
      name: one.name === 'master1' ? 'master2.a' : one.name === 'master2' ? 'master2.b' : one.name,
    }));
    expect(story(both.facts())).toBe('master2.a master2.b? master3');
  });

  test('and a second look knows the host again, whatever it calls itself', () => {
    const facts = renamed(
      cluster(4).lose('neighbour', { subject: 'master1' }),
      'master2',
      'elsewhere',
    )
      .listed()
      .facts();
    const judgement = judge(facts);
    const observations = facts.observations.map((one) =>
      one.kind === 'tables'
        ? { ...one, host: { ...one.host, uptimeSeconds: (one.host.uptimeSeconds ?? 0) + 20 } }
        : one,
    );
    const subjects = new Set(['master1']);
    const only = observations.filter(
      (one) => one.kind === 'tables' && one.host.node === 'elsewhere',
    );
    const { judgement: again, confirms } = confirm(judgement, judgement.findings, {
      subjects,
      apartSeconds: 10,
      observations: only,
    });
    expect(again.findings.map(confirms)).toEqual([true]);
  });
});

describe('a host that was registered again has a new mi- id', () => {
  const again = (boot: string): Cluster =>
    cluster(2).answer('master1', (answer) => ({
      ...answer,
      host: { ...answer.host, instanceId: 'mi-00000000000000077', bootId: boot },
    }));
  const roster = next(cluster(2).facts());
  const memberOf = (facts: Facts) =>
    membersOf(facts).members.find(({ node }) => node === 'master1');

  test('in the same boot it is the same host, and remembered', () => {
    expect(memberOf(again('master1-boot').facts({ roster }))?.remembered).toBeDefined();
  });

  test('in another one it is another host', () => {
    expect(memberOf(again('another-boot').facts({ roster }))?.remembered).toBeUndefined();
  });

  test('and keeps its name while its old registration is silent', () => {
    const [silent] = cluster(2).silence('master1').facts().observations;
    const both = (facts: Facts): Facts => ({
      ...facts,
      observations: [...facts.observations, ...(silent ? [silent] : [])],
    });
    expect(story(both(again('master1-boot').facts({ roster })))).toBe('master1 master2');
    expect(story(both(again('another-boot').facts({ roster })))).toBe('master1? master2');
  });
});

describe('a known host that claims the name and the boot id of another', () => {
  const three = cluster(3);
  const roster = next(three.facts());
  const lying = three.answer('master3', (answer) => ({
    ...answer,
    host: { ...answer.host, node: 'master2', bootId: 'master2-boot' },
  }));
  const instanceOf = (facts: Facts, node: string) =>
    membersOf(facts).members.find((one) => one.node === node)?.observed?.host.instanceId;
  const own = three
    .facts()
    .observations.flatMap((one) =>
      one.kind === 'tables' && one.host.node === 'master2' ? [one] : [],
    );

  test('takes nothing from the owner', () => {
    expect(instanceOf(lying.facts({ roster }), 'master2')).toBe(own[0]?.host.instanceId);
  });

  test('is not taken for the owner while the owner is silent', () => {
    const silent = three
      .silence('master2')
      .facts()
      .observations.find((one) => one.kind === 'unknown');
    const { observations, ...facts } = lying.facts({ roster });
    const others = observations.filter(
      (one) =>
        !own.some(({ host }) => one.kind === 'tables' && one.host.instanceId === host.instanceId),
    );
    const quiet = { ...facts, observations: [...others, ...(silent ? [silent] : [])] };
    expect(instanceOf(quiet, 'master2')).toBeUndefined();
    expect(membersOf(quiet).problems.map(({ where }) => where)).toContain('master2');
  });
});

describe('grace', () => {
  test('nobody has one who has been there for long', () => {
    expect(membersOf(SIX.listed().facts()).members.every((one) => one.grace === undefined)).toBe(
      true,
    );
  });

  test.for([
    [119, 'joined the cluster 119 s ago'],
    [120, undefined],
  ] as const)('a node that joined %i s ago: %s', ([seconds, grace]) => {
    const { nodes } = SIX.listed((node) =>
      node.name === 'node1' ? { ...node, createdAt: NOW - seconds * 1000 } : node,
    ).facts();
    expect(young({ nodes })).toBe(grace);
  });

  test.for([
    [40, undefined],
    [30, 'joined the cluster 5 s ago'],
    [undefined, 'joined the cluster 5 s ago'],
  ] as const)(
    'a node whose object was made 5 s ago, while flanneld runs for %s s: %s',
    ([flanneldSeconds, grace]) => {
      const { nodes, observations } = SIX.listed((node) =>
        node.name === 'node1' ? { ...node, createdAt: NOW - 5000 } : node,
      )
        .answer('node1', (answer) => ({ ...answer, host: { ...answer.host, flanneldSeconds } }))
        .facts();
      expect(young({ nodes, observations })).toBe(grace);
    },
  );

  test('a host that has just booted', () => {
    const { observations } = SIX.answer('node1', (answer) => ({
      ...answer,
      host: { ...answer.host, uptimeSeconds: 61.5 },
    })).facts();
    expect(young({ observations })).toBe('booted 61 s ago');
  });

  test.for([
    [359, undefined, 'booted 359 s ago, and flannel has not run since'],
    [360, undefined, undefined],
    [300, 20, undefined],
  ] as const)(
    'a host without a device %i s after its boot, flanneld for %s s: %s',
    ([uptimeSeconds, flanneldSeconds, grace]) => {
      const { observations } = SIX.dropDevice('node1')
        .answer('node1', (answer) => ({
          ...answer,
          host: { ...answer.host, uptimeSeconds, flanneldSeconds },
        }))
        .facts();
      expect(
        young({ observations, roster: [remember('node1', { vteps: [SIX.vtepOf('node1')] })] }),
      ).toBe(grace);
    },
  );

  test('a device with another index than last time was made anew', () => {
    expect(
      young({ roster: [remember('node1', { devices: [{ family: 'ipv4', index: 2 }] })] }),
    ).toBe('its VXLAN device was made 0 s ago');
  });

  test.for([
    [119, 'its VXLAN device was made 0 s ago'],
    [120, undefined],
  ] as const)('a device made anew while flanneld runs for %i s: %s', ([flanneldSeconds, grace]) => {
    const { observations } = SIX.answer('node1', (answer) => ({
      ...answer,
      host: { ...answer.host, flanneldSeconds },
    })).facts();
    const roster = [remember('node1', { devices: [{ family: 'ipv4', index: 2 }] })];
    expect(young({ observations, roster })).toBe(grace);
  });

  test('the first device ever seen is of no known age', () => {
    expect(young({ roster: [remember('node1')] })).toBeUndefined();
  });

  test('a young device stays young in the next run, and is grown up in a later one', () => {
    expect(young({ roster: since(60) })).toBe('its VXLAN device was made 60 s ago');
    expect(young({ roster: since(300) })).toBeUndefined();
  });

  test('a device that is gone keeps its index in mind, so that its successor is young', () => {
    const devices = [{ family: 'ipv4', index: 3 }] as const;
    const gone = SIX.dropDevice('node1').facts({ roster: [remember('node1', { devices })] });
    const member = membersOf(gone).members.find(({ node }) => node === 'node1');
    expect(member && devicesOf(NOW, member)).toEqual(devices);
  });

  test.for([
    ['IPv6 alone', ['flannel-v6.1']],
    ['both families, of which that of IPv6 is young', ['flannel.1', 'flannel-v6.1']],
  ] as const)('a young device is seen in a cluster of %s', ([, names]) => {
    const before = next(withDevices(names, 3).facts());
    const anew = withDevices(names, 9).facts({ roster: before, now: NOW + 60_000 });
    expect(graceOfNode1(anew)).toBe('its VXLAN device was made 0 s ago');
    const later = { ...anew, roster: next(anew), now: NOW + 90_000 };
    expect(graceOfNode1(later)).toBe('its VXLAN device was made 30 s ago');
    expect(graceOfNode1({ ...later, now: NOW + 300_000 })).toBeUndefined();
  });

  test('who has grace is judged neither as observer nor as subject', () => {
    const facts = SIX.answer('node1', (answer) => ({
      ...answer,
      host: { ...answer.host, uptimeSeconds: 30 },
      tables: { ...answer.tables, neighbours: [] },
    }))
      .lose('neighbour', { subject: 'node1' })
      .facts();
    const { findings, problems } = judge(facts);
    expect(findings).toEqual([]);
    // No host of this cluster shows a flanneld, which is a problem of all.
    expect(problems.filter(({ where }) => where !== 'flannel')).toEqual([
      { where: 'node1', message: 'not checked yet: booted 30 s ago' },
    ]);
  });
});

describe('the roster', () => {
  test('keeps each VTEP as it was last known', () => {
    const first = next(cluster(2).facts());
    const later = cluster(2).silence('master1', 'master2').facts({ roster: first });
    expect(next(later)).toEqual(first);
    expect(first.map(({ node, vteps }) => `${node} ${vteps[0]?.mac}`)).toEqual([
      'master1 36:9b:9c:53:00:00',
      'master2 36:9b:9c:53:00:01',
    ]);
  });

  test('knows when each node was last read', () => {
    const roster = [remember('master1', { lastSeen: 6 })];
    const [entry] = next(cluster(1).facts({ roster }));
    expect(entry?.lastSeen).toBe(NOW);
    const [silent] = next(cluster(1).silence('master1').facts({ roster, now: 7 }));
    expect(silent?.lastSeen).toBe(6);
  });

  test('forgets a node that no list holds', () => {
    const facts = cluster(1)
      .listed()
      .facts({ roster: [remember('node9')] });
    expect(next(facts).map(({ node }) => node)).toEqual(['master1']);
  });

  test('forgets, without a list, a node that nobody has seen for a week', () => {
    const roster = [
      remember('node8', { lastSeen: NOW - 6 * DAY_MS }),
      remember('node9', { lastSeen: NOW - 8 * DAY_MS }),
    ];
    expect(next(cluster(1).facts({ roster })).map(({ node }) => node)).toEqual([
      'master1',
      'node8',
    ]);
  });

  test('holds nobody of whom there is no more than a name in another host’s answer', () => {
    const facts = cluster(1).facts({ listedNames: ['node8'], roster: [remember('node9')] });
    expect(next(facts).map(({ node }) => node)).toEqual(['master1', 'node9']);
  });

  test('knows a master by its admin kubeconfig, also while it is silent', () => {
    const master = cluster(1).answer('master1', (answer) => ({
      ...answer,
      host: { ...answer.host, kubeconfig: '/etc/kubernetes/admin.conf' },
    }));
    const roster = next(master.facts());
    expect(roster[0]?.master).toBe(true);
    expect(next(cluster(1).silence('master1').facts({ roster }))[0]?.master).toBe(true);
    expect(next(cluster(1).facts({ roster }))[0]?.master).toBe(false);
  });

  test('a silent host is judged as a subject by what the roster knows of it', () => {
    const roster = next(SIX.facts());
    const facts = SIX.silence('master1')
      .lose('neighbour', { subject: 'master1' })
      .facts({ roster });
    expect(judge(facts).findings.map(({ name, cause }) => `${name} ${cause}`)).toEqual([
      'master1 neighbour-missing',
    ]);
  });
});

function young(changes: Partial<Facts>): string | undefined {
  return graceOfNode1(SIX.facts(changes));
}

function graceOfNode1(facts: Facts): string | undefined {
  return membersOf(facts).members.find(({ node }) => node === 'node1')?.grace;
}

/** The last of node1's devices has the given index, the others the one that they always had. */
function withDevices(names: readonly string[], index: number): Cluster {
  return SIX.answer('node1', (answer) => {
    const devices = names.map((name, at) => ({
      name,
      up: true,
      index: at === names.length - 1 ? index : 2,
      addresses: [],
    }));
    return { ...answer, tables: { ...answer.tables, devices } };
  });
}

function since(seconds: number): readonly RosterEntry[] {
  return [
    remember('node1', { devices: [{ family: 'ipv4', index: 3, since: NOW - seconds * 1000 }] }),
  ];
}

function next(facts: Facts): readonly RosterEntry[] {
  return nextRoster(facts, judge(facts));
}
