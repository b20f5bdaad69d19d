import { describe, expect, test } from 'vitest';
import type { Fix, ReportedIncident } from '../../../../shared/contract/report.ts';
import type { Facts } from '../../../../shared/core/facts.ts';
import type { Cidr, IpAddress } from '../../../../shared/core/overlay/addresses.ts';
import type { ClusterNode, Device, Tables } from '../../../../shared/core/overlay/vtep.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import { announced, decided, decisions, remembered } from '../../../support/runs.ts';

const six = cluster(6);
const LATER = { createdAt: NOW - 3_600_000 } as const;

function listedAs(changes: Readonly<Record<string, Partial<ClusterNode>>>, seen = six): Cluster {
  return seen.listed((node) => ({ ...node, ...changes[node.name] }));
}

function annotated(
  changes: { readonly mac?: string; readonly publicIp?: IpAddress },
  node: string,
) {
  const { mac, underlayIp } = six.vtepOf(node);
  return { annotated: [{ family: 'ipv4' as const, mac, publicIp: underlayIp, ...changes }] };
}

function onDevice(node: string, changes: Partial<Device>, seen: Cluster): Cluster {
  return seen.answer(node, (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((own) => ({ ...own, ...changes })),
    },
  }));
}

function programmed(seen: Cluster, edit: (tables: Tables, observer: string) => Tables): Cluster {
  return seen.names.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({ ...answer, tables: edit(answer.tables, name) })),
    seen,
  );
}

/** What a person reads first of each incident: whom it names, and what there is to do where. */
async function told(facts: Facts): Promise<readonly string[]> {
  const { reported } = await decided(facts);
  return reported.map(
    ({ cause, scope, subject, fix }) =>
      `${cause} ${subject ?? scope}: ${fix.map(stepOf).join(', ')}`,
  );
}

function stepOf({ kind, hosts }: Fix): string {
  return `${kind} ${hosts.join('+')}`;
}

function entriesIn(incidents: readonly ReportedIncident[]): readonly string[] {
  return incidents
    .flatMap(({ fix }) => fix.flatMap(({ commands }) => commands))
    .filter((command) => /\b(?:neigh|fdb|route) replace\b/.test(command));
}

describe('two nodes with one MAC address', () => {
  const { mac = '' } = six.vtepOf('node1');
  const { tunnelIp, underlayIp } = six.vtepOf('node3');
  const intruding = (seen: Cluster): Cluster =>
    onDevice('node3', { mac }, seen).lose('neighbour', { observer: 'node3' });
  /** flannel of all others heard of node3 last: what it holds for the address leads there. */
  const cloned = (seen: Cluster): Cluster =>
    programmed(onDevice('node3', { mac }, seen), (tables, observer) => ({
      ...tables,
      neighbours: tables.neighbours?.map((one) => (one.ip === tunnelIp ? { ...one, mac } : one)),
      fdb: tables.fdb?.map((one) =>
        one.mac === mac && underlayIp !== undefined && observer !== 'node3'
          ? { ...one, destination: underlayIp }
          : one,
      ),
    }));
  const copied = annotated({ mac }, 'node3');
  const OTHERS = 'restart master1+master2+master3+node1+node2';
  const NODE3 = [`look node3+node1, mac node3, restart node3, ${OTHERS}`];

  test.for<readonly [string, () => Promise<Facts>]>([
    ['its annotation has another', async () => intruding(six.listed()).facts()],
    [
      'the other nodes hold another for it, and no list shows it',
      async () => intruding(six).facts(),
    ],
    [
      'earlier runs know the other one by it',
      async () => cloned(six).facts({ roster: (await decided(six.facts())).roster }),
    ],
    [
      'its own annotation has it too, and earlier runs know the other one by it',
      async () =>
        cloned(listedAs({ node3: copied, node1: LATER })).facts({
          roster: (await decided(six.facts())).roster,
        }),
    ],
    ['it joined later', async () => cloned(listedAs({ node3: { ...copied, ...LATER } })).facts()],
  ])('accuse the one that is wrong: %s', async ([, seen]) => {
    expect(await told(await seen())).toEqual(NODE3.map((steps) => `duplicate-mac node3: ${steps}`));
  });

  test('accuse the one whose annotation is not its device’s', async () => {
    const facts = listedAs({ node3: copied }).facts();
    expect((await told(facts))[0]).toMatch(
      /^duplicate-mac node3: look node3\+node1, restart node3/,
    );
  });

  test.for([
    ['of one age', cloned(listedAs({ node3: copied }))],
    ['without a list', cloned(six)],
  ] as const)(
    'name both where nothing shows who is wrong, and change nothing: %s',
    async ([, seen]) => {
      const { reported, pages } = await decided(seen.facts());
      expect(await told(seen.facts())).toEqual(['duplicate-mac node1: look node1+node3']);
      expect(reported[0]?.evidence).toEqual(
        expect.arrayContaining([
          `node1 and node3 have one MAC address: ${mac}`,
          'neither node list nor earlier runs show which of them is wrong',
        ]),
      );
      expect(pages[0]?.text).toContain(`node1 and node3 have one MAC address: ${mac}`);
    },
  );

  test('are one incident, with what they take from each other and what was flushed', async () => {
    expect(findings(intruding(six.listed()))).toEqual([
      'subject node3/duplicate-mac duplicate-mac 5/5 critical',
    ]);
    const seen = cloned(listedAs({ node3: { ...copied, ...LATER } }));
    expect(findings(seen)).toEqual(['subject node3/duplicate-mac duplicate-mac 5/5 critical']);
    const made = await decisions([
      { sees: seen },
      { sees: seen },
      { sees: six.listed() },
      { sees: six.listed() },
    ]);
    expect(made.flatMap(announced)).toEqual([
      'opened! subject/node3/duplicate-mac',
      'resolved! subject/node3/duplicate-mac',
    ]);
  });

  test('leave the fault of another node an incident of its own', () => {
    const seen = cloned(listedAs({ node3: { ...copied, ...LATER } }));
    expect(findings(seen.lose('route', { subject: 'node2' }))).toEqual([
      'subject node3/duplicate-mac duplicate-mac 5/5 critical',
      'subject node2 route-missing 5/5 critical',
    ]);
  });

  test('stay the fault of the same one: the roster does not remember what it claims', async () => {
    let before = await decided(six.facts());
    for (const minutes of [5, 10, 15]) {
      const facts = cloned(six).facts({ now: NOW + minutes * 60_000, roster: before.roster });
      before = await decided(facts, before.incidents);
      expect(remembered(before)).toEqual(['subject/node3/duplicate-mac open']);
    }
  });

  test.for(['node1', 'node3'])(
    'are neither over nor new while one is silent: %s',
    async (silent) => {
      const seen = cloned(listedAs({ node3: { ...copied, ...LATER } }));
      const [, then] = await decisions([{ sees: seen }, { sees: seen.silence(silent) }]);
      expect(then && remembered(then)).toEqual(['subject/node3/duplicate-mac open']);
      expect((await told(seen.silence(silent).facts())).join()).not.toContain('duplicate');
    },
  );

  test('are none where somebody has masked all addresses', () => {
    const masked = ['node1', 'node2', 'node3'].reduce(
      (seen, node) => onDevice(node, { mac: 'xx:xx:xx:xx:xx:xx' }, seen),
      six,
    );
    expect(findings(masked).join()).not.toContain('duplicate');
  });
});

describe('two nodes with one pod CIDR', () => {
  const { podCidr = cidr('10.0.0.0/24'), tunnelIp } = six.vtepOf('node1');
  const sharing = (changes: Partial<ClusterNode> = {}, range: Cidr = podCidr): Cluster =>
    onDevice(
      'node3',
      { addresses: [cidr(`${range.split('/')[0] ?? ''}/32`)] },
      listedAs({ node3: { podCidrs: [range], ...changes } }),
    );
  const taken = (seen: Cluster): Cluster => seen.change('neighbour', { subject: 'node1' });

  test.for([
    ['it joined later', sharing(LATER)],
    ['its device is that of its former pod CIDR', listedAs({ node3: { podCidrs: [podCidr] } })],
    ['it contains those of all others', sharing({}, cidr('10.68.0.0/16'))],
  ] as const)('accuse the one that is wrong: %s', async ([, seen]) => {
    expect((await told(seen.facts()))[0]).toMatch(
      /^duplicate-pod-cidr node3: look node3\+.*, restart node3/,
    );
    expect(entriesIn((await decided(taken(seen).facts())).reported)).toEqual([]);
  });

  test('are one incident, with the entries that they take from each other', async () => {
    const seen = taken(sharing(LATER));
    expect(findings(seen)).toEqual([
      'subject node3/duplicate-pod-cidr duplicate-pod-cidr 5/5 critical',
    ]);
    const made = await decisions([
      { sees: seen },
      { sees: seen },
      { sees: six.listed() },
      { sees: six.listed() },
    ]);
    expect(made.flatMap(announced)).toEqual([
      'opened! subject/node3/duplicate-pod-cidr',
      'resolved! subject/node3/duplicate-pod-cidr',
    ]);
  });

  test('are known by the node list where one of them is silent', () => {
    expect(findings(taken(sharing(LATER)).silence('node3'))).toEqual([
      'subject node3/duplicate-pod-cidr duplicate-pod-cidr 5/5 critical',
    ]);
  });

  test('are both named where nothing shows who is wrong', async () => {
    const seen = onDevice('node3', { addresses: [cidr(`${tunnelIp}/32`)] }, six);
    expect((await told(sharing().facts()))[0]).toBe('duplicate-pod-cidr node1: look node1+node3');
    expect((await told(seen.facts()))[0]).toBe('duplicate-pod-cidr node1: look node1+node3');
  });

  test('are one incident where half of the nodes have it', async () => {
    const all = ['node1', 'node2', 'node3'].reduce(
      (seen, node) => onDevice(node, { addresses: [cidr(`${tunnelIp}/32`)] }, seen),
      listedAs({ node2: { podCidrs: [podCidr] }, node3: { podCidrs: [podCidr] } }),
    );
    expect(findings(all).filter((one) => one.includes('duplicate'))).toEqual([
      'cluster duplicate-pod-cidr duplicate-pod-cidr 3/6 critical',
    ]);
  });
});

describe('two nodes with one underlay IP', () => {
  const shared = ip('192.168.9.9');
  const having = (address: IpAddress, owners: readonly string[], seen: Cluster): Cluster =>
    programmed(seen, (tables, observer) => ({
      ...tables,
      ownAddresses: new Set([
        '127.0.0.1',
        six.vtepOf(observer).underlayIp ?? '',
        ...(owners.includes(observer) ? [address] : []),
      ]),
    }));
  const publishing = (address: IpAddress, nodes: readonly string[]): Cluster => {
    const macs = new Set(nodes.map((node) => six.vtepOf(node).mac));
    return programmed(
      listedAs(
        Object.fromEntries(nodes.map((node) => [node, annotated({ publicIp: address }, node)])),
      ),
      (tables) => ({
        ...tables,
        fdb: tables.fdb?.map((one) => (macs.has(one.mac) ? { ...one, destination: address } : one)),
      }),
    );
  };

  test('accuse the one of which no interface has it', async () => {
    const { underlayIp = shared } = six.vtepOf('node1');
    const seen = having(underlayIp, ['node1'], publishing(underlayIp, ['node3']));
    expect(findings(seen)).toEqual([
      'subject node3/duplicate-underlay duplicate-underlay 5/5 critical',
    ]);
    expect((await told(seen.facts()))[0]).toMatch(
      /^duplicate-underlay node3: look node3\+node1, restart node3,/,
    );
    expect(entriesIn((await decided(seen.facts())).reported)).toEqual([]);
  });

  test('are both named where each has it, whichever is younger', async () => {
    const seen = having(shared, ['node1', 'node3'], publishing(shared, ['node1', 'node3']));
    const younger = seen.listed((node) => ({
      ...node,
      ...(['node1', 'node3'].includes(node.name) ? annotated({ publicIp: shared }, node.name) : {}),
      ...(node.name === 'node3' ? LATER : {}),
    }));
    expect(await told(younger.facts())).toEqual(['duplicate-underlay node1: look node1+node3']);
  });

  test('are one incident of the cluster where all have it', () => {
    const seen = having(shared, six.names, publishing(shared, six.names));
    expect(findings(seen)).toEqual(['cluster duplicate-underlay duplicate-underlay 6/6 critical']);
  });

  test('get no entry for it, whatever else is wrong', async () => {
    const seen = having(shared, ['node1', 'node3'], publishing(shared, ['node1', 'node3']));
    const { reported } = await decided(
      seen
        .lose('fdb', { observer: 'master1', subject: 'node1' })
        .lose('neighbour', { subject: 'node2' })
        .facts(),
    );
    expect(entriesIn(reported)).not.toEqual([]);
    expect(entriesIn(reported).join()).not.toContain(shared);
  });

  test('are none where only other nodes hold it, and neither has it', () => {
    const macs = new Set(['node1', 'node3'].map((node) => six.vtepOf(node).mac));
    const seen = programmed(six, (tables) => ({
      ...tables,
      fdb: tables.fdb?.map((one) => (macs.has(one.mac) ? { ...one, destination: shared } : one)),
    }));
    expect(findings(seen).join()).not.toContain('duplicate');
  });
});
