import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import {
  type Memory,
  NOTHING_STORED,
  type State,
} from '../../../../lambda/systems/incident-store/stored.ts';
import { ITEMS, partitionOf } from '../../../../shared/contract/incident-table.ts';
import { randomMac } from '../../../../lab/machines/simulated/hosts.ts';
import { cidr, ip, nthNode } from '../../../support/addressing.ts';
import { cluster } from '../../../support/cluster.ts';
import { pageAbout } from '../../../support/pages.ts';
import { decided } from '../../../support/runs.ts';
import { leaseOf, NOTHING_KNOWN, soon, tickAt, useTable } from './store.ts';

const table = useTable();

/** What DynamoDB takes in one item. */
const ITEM_BYTES = 400 * 1024;

const LOST_ANSWER = { kind: 'dropped-after' } as const;

function keyOf(name: string, item: string): Record<string, AttributeValue> {
  return { pk: { S: partitionOf(name) }, sk: { S: item } };
}

/** What a run finds that begins in the given minute. */
async function readAt(minute: number, name: string): Promise<{ state: State; memory: Memory }> {
  const lease = await leaseOf(table.store(name), tickAt(minute));
  await lease.release(soon());
  return lease;
}

function packed(text: string): AttributeValue {
  return { B: brotliCompressSync(text) };
}

/** A state that tells them apart. */
function stateOf(name: string): State {
  const page = {
    key: `lab/subject/${name}`,
    kind: 'opened',
    severity: 'critical',
    at: 0,
    subject: `[lab] ${name}`,
    text: 'CRITICAL',
  } as const;
  return { ...NOTHING_STORED, outbox: [{ page, channels: ['sns'] }] };
}

describe('the state', () => {
  test('is written as often as a run wants, and read by the next', async () => {
    const lease = await leaseOf(table.store('twice'), tickAt(0));
    await lease.saveState(stateOf('one'), soon());
    await lease.saveState(stateOf('two'), soon());
    expect((await readAt(1, 'twice')).state).toEqual(stateOf('two'));
  });

  test.for([
    ['first', false],
    ['later', true],
  ] as const)(
    'that another run has written meanwhile is an error: the %s write',
    async ([name, written]) => {
      const store = table.store(name);
      const slow = await leaseOf(store, tickAt(0));
      if (written) await slow.saveState(stateOf('before'), soon());
      const other = await leaseOf(store, tickAt(1));
      await other.saveState(stateOf('other'), soon());
      await expect(slow.saveState(stateOf('slow'), soon())).rejects.toThrow(
        `writing item STATE of cluster ${name} in table vtepwatch: another run has written it meanwhile`,
      );
      expect((await readAt(2, name)).state).toEqual(stateOf('other'));
      await other.saveState(stateOf('again'), soon());
      expect((await readAt(3, name)).state).toEqual(stateOf('again'));
    },
  );

  test('that was written again since it was read is written by nobody else', async () => {
    const store = table.store('again');
    const first = await leaseOf(store, tickAt(0));
    await first.saveState(stateOf('one'), soon());
    const second = await leaseOf(store, tickAt(1));
    await first.saveState(stateOf('two'), soon());
    await expect(second.saveState(stateOf('stale'), soon())).rejects.toThrow('another run');
    expect((await readAt(2, 'again')).state).toEqual(stateOf('two'));
  });

  test('of two runs that write at once is that of one, and the other knows', async () => {
    const store = table.store('at once');
    const one = await leaseOf(store, tickAt(0));
    const two = await leaseOf(store, tickAt(1));
    const writes = await Promise.allSettled([
      one.saveState(stateOf('one'), soon()),
      two.saveState(stateOf('two'), soon()),
    ]);
    expect(writes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('whose answer was lost is written once, and the next write goes on from it', async () => {
    const lease = await leaseOf(table.store('lost', 3), tickAt(0));
    table.database.gate.fail({ operation: 'PutItem', fault: LOST_ANSWER, times: 2 });
    await lease.saveState(stateOf('one'), soon());
    await lease.saveState(stateOf('two'), soon());
    expect((await readAt(1, 'lost')).state).toEqual(stateOf('two'));
  });

  test('whose answer was lost for good is written over by the same run', async () => {
    const lease = await leaseOf(table.store('for good'), tickAt(0));
    table.database.gate.fail({ operation: 'PutItem', fault: LOST_ANSWER, times: 1 });
    await expect(lease.saveState(stateOf('one'), soon())).rejects.toThrow('writing item STATE');
    expect((await readAt(1, 'for good')).state).toEqual(stateOf('one'));
    await lease.saveState(stateOf('two'), soon());
    expect((await readAt(2, 'for good')).state).toEqual(stateOf('two'));
  });

  test('that never reached the table is tried again', async () => {
    const lease = await leaseOf(table.store('before', 3), tickAt(0));
    table.database.gate.fail({ operation: 'PutItem', fault: { kind: 'dropped-before' }, times: 2 });
    await lease.saveState(stateOf('one'), soon());
    expect((await readAt(1, 'before')).state).toEqual(stateOf('one'));
  });

  test('of a bad day in a large cluster fits its item', async () => {
    const facts = cluster(60).lose('neighbour', { subject: 'node3' }).facts();
    const { incidents, pages } = await decided(facts);
    const state = {
      ...NOTHING_STORED,
      incidents: Array.from({ length: 80 }, () => incidents).flat(),
      outbox: Array.from({ length: 80 }, () => pages)
        .flat()
        .map((page) => ({ page, channels: ['sns'] })),
    };
    expect(JSON.stringify(state).length).toBeGreaterThan(ITEM_BYTES);
    const lease = await leaseOf(table.store('large'), tickAt(0));
    await lease.saveState(state, soon());
    expect((await readAt(1, 'large')).state).toEqual(state);
  });

  test('of sixty nodes that a thousand have lost fits its item', async () => {
    const names = Array.from(
      { length: 1000 },
      (_, at) => `ip-10-${(at * 7919) % 251}-${(at * 104_729) % 241}.eu-central-1.compute.internal`,
    );
    const facts = cluster(6).lose('neighbour', { subject: 'node3' }).facts();
    const one = await decided(facts);
    const incidents = names.slice(0, 60).flatMap((subject) =>
      one.incidents.map((incident) => {
        const observers = names.filter((name) => name !== subject);
        const blocks = [{ observers, subjects: [subject] }];
        const footprint = { ...incident.footprint, blocks };
        return { ...incident, footprint, reported: { ...incident.reported, subject, observers } };
      }),
    );
    const lease = await leaseOf(table.store('rack'), tickAt(0));
    await lease.saveState({ ...NOTHING_STORED, incidents }, soon());
    expect((await readAt(1, 'rack')).state).toEqual({ ...NOTHING_STORED, incidents });
  });

  test('that nobody could read again is not written', async () => {
    const lease = await leaseOf(table.store('too large'), tickAt(0));
    const huge = stateOf('x'.repeat(33 * 1024 * 1024));
    await expect(lease.saveState(huge, soon())).rejects.toThrow(/item STATE .* too large/);
    expect((await readAt(1, 'too large')).state).toEqual(NOTHING_STORED);
  });
});

describe('the memory', () => {
  const dualStack: Memory = {
    roster: [
      {
        node: 'node1',
        instanceId: 'mi-00000000000000143',
        master: false,
        lastSeen: 2,
        devices: [{ family: 'ipv6', index: 7, since: 1 }],
        vteps: [
          {
            node: 'node1',
            family: 'ipv6',
            underlayIp: ip('2001:db8::143'),
            tunnelIp: ip('fd00:68:3::'),
            mac: '32:a3:2f:8e:fb:2f',
            podCidr: cidr('fd00:68:3::/64'),
          },
        ],
      },
    ],
    latencyCommand: {
      id: '8b5e8b2e-1f6c-4d3e-9b1a-2f0c5d7e9a11',
      sentAt: 3,
      masters: { 'mi-00000000000000140': 'master1' },
    },
    apisCommand: {
      id: '1d0c3b9e-77a2-4f0a-8a55-6f3f1a2b4c5d',
      sentAt: 4,
      masters: { 'mi-00000000000000141': 'master2' },
    },
    silent: ['mi-00000000000000145'],
    agents: undefined,
    listed: ['master1', 'node1'],
    answerTime: { atMost: 437, longerThan: 375 },
    runsWithoutMaster: 3,
  };

  test('of IPv6 comes back as it was, compressed in between', async () => {
    const lease = await leaseOf(table.store('dual'), tickAt(0));
    await lease.saveMemory(dualStack, soon());
    expect((await readAt(1, 'dual')).memory).toEqual(dualStack);
    const { client, table: TableName } = table.partition('dual');
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key: keyOf('dual', ITEMS.roster) }),
    );
    const stored = brotliDecompressSync(Item?.['document']?.B ?? new Uint8Array());
    expect(JSON.parse(stored.toString('utf8'))).toEqual(JSON.parse(JSON.stringify(dualStack)));
  });

  test('of 5,000 nodes fits its items, in whatever order it is read', async () => {
    const roster = Array.from({ length: 5000 }, (_, at) => {
      const { node, instanceId, ...vtep } = nthNode(at);
      const { family, underlayIp, tunnelIp, podCidr } = vtep;
      return {
        node,
        instanceId,
        // As random as the kernel's: what repeats would be compressed.
        vteps: [{ node, family, underlayIp, tunnelIp, mac: randomMac(at), podCidr }],
        master: false,
        lastSeen: 2 * at,
        devices: [{ family, index: at }],
      };
    });
    const lease = await leaseOf(table.store('many'), tickAt(0));
    await lease.saveMemory({ ...NOTHING_KNOWN, roster }, soon());
    const inOrder = (entries: Memory['roster']): Memory['roster'] =>
      entries.toSorted((one, two) => one.node.localeCompare(two.node));
    expect(inOrder((await readAt(1, 'many')).memory.roster)).toEqual(inOrder(roster));
  });

  test('that cannot be written is an error that names the item', async () => {
    const lease = await leaseOf(table.store('full'), tickAt(0));
    table.database.gate.limit({ operation: 'PutItem', burst: 0, perSecond: 0 });
    await expect(lease.saveMemory(NOTHING_KNOWN, soon())).rejects.toThrow(
      'writing item ROSTER of cluster full in table vtepwatch',
    );
  });
});

describe('a document that version 0.1 wrote', () => {
  const read = async (name: string): Promise<string> =>
    await readFile(path.join(import.meta.dirname, '../../../fixtures/stored', name), 'utf8');

  const writtenBefore = async (
    where: string,
    documents: Readonly<Record<string, string>>,
  ): Promise<Awaited<ReturnType<typeof readAt>>> => {
    const { client, table: TableName } = table.partition(where);
    for (const [item, name] of Object.entries(documents)) {
      const Item = { ...keyOf(where, item), document: packed(await read(name)) };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
    return await readAt(0, where);
  };

  test('is read', async () => {
    const { state, memory } = await writtenBefore('old', {
      [ITEMS.state]: 'state-0.1.json',
      [ITEMS.roster]: 'memory-0.1.json',
    });
    expect(
      state.incidents.map(({ key, scope, name, phase, paged }) => [key, scope, name, phase, paged]),
    ).toEqual([
      ['prod/subject/master1', 'subject', 'master1', 'open', 'critical'],
      ['prod/pair/master3:master2', 'pair', 'master3:master2', 'open', undefined],
    ]);
    expect(state.outbox.map(({ page, channels }) => [page.key, channels])).toEqual([
      ['prod/subject/master1', ['sns']],
    ]);
    expect(memory.roster.map(({ node, devices }) => [node, devices])).toEqual([
      ['master1', [{ family: 'ipv4', index: 3 }]],
      ['master2', [{ family: 'ipv4', index: 3 }]],
      ['master3', [{ family: 'ipv4', index: 7, since: 1_795_424_400_000 }]],
    ]);
    expect(memory.latencyCommand?.masters).toEqual({ 'mi-00000000000000000': 'master1' });
    expect(memory.apisCommand).toBeUndefined();
  });

  test('says in its evidence why it has no entries and no fix', async () => {
    const { state } = await writtenBefore('told', { [ITEMS.state]: 'state-0.1.json' });
    for (const { reported } of state.incidents) {
      expect(reported).toMatchObject({ entries: [], fix: [] });
      expect(reported.evidence[0]).toContain('reported anew when its nodes are read again');
    }
  });

  test('is read where its incidents name neither scope nor name, and fixes no place', async () => {
    const { state } = await writtenBefore('placeless', {
      [ITEMS.state]: 'state-0.1-with-fixes.json',
    });
    expect(state.incidents.map(({ scope, name }) => [scope, name])).toEqual([
      ['subject', 'master1'],
      ['pair', 'master3:master2'],
    ]);
    expect(
      state.incidents[0]?.reported.fix.map(({ kind, hosts, runs }) => [kind, hosts, runs]),
    ).toEqual([
      ['entries', ['master2', 'master3'], 'on-hosts'],
      ['restart', [], 'anywhere'],
    ]);
  });

  test('is the history of the same incidents: a run that sees them opens none', async () => {
    const sees = cluster(3)
      .listed()
      .lose('neighbour', { subject: 'master1' })
      .weaken({ observer: 'master3', subject: 'master2' });
    for (const document of ['state-0.1.json', 'state-0.1-with-fixes.json']) {
      const { state } = await writtenBefore(`again ${document}`, { [ITEMS.state]: document });
      const { incidents, pages } = await decided(sees.facts({ cluster: 'prod' }), state.incidents);
      expect(pages).toEqual([]);
      expect(incidents.map(({ key, since }) => [key, since])).toEqual(
        state.incidents.map(({ key, since }) => [key, since]),
      );
    }
  });
});

test('what a newer version stored beside what this one knows comes back to it', async () => {
  const { incidents } = await decided(cluster(6).lose('fdb', { subject: 'node1' }).facts());
  const [known] = incidents;
  if (known === undefined) throw new Error('the cluster has no incident');
  const later = { ...known, key: 'newer/subject/node2', reported: { cause: 'quantum-drift' } };
  const page = { ...pageAbout('node2'), cause: 'quantum-drift' };
  const reminder = { page: { ...pageAbout('node3'), kind: 'lullaby' }, channels: ['pigeon'] };
  const document = {
    incidents: [{ ...known, mood: 'calm' }, later],
    outbox: [{ page, channels: ['sns'] }, reminder],
  };
  const { client, table: TableName } = table.partition('newer');
  const Item = { ...keyOf('newer', ITEMS.state), document: packed(JSON.stringify(document)) };
  await client.send(new PutItemCommand({ TableName, Item }));

  const lease = await leaseOf(table.store('newer'), tickAt(0));
  expect(lease.state.incidents.map(({ key }) => key)).toEqual([known.key]);
  // Its page goes out all the same.
  expect(lease.state.outbox).toEqual([{ page, channels: ['sns'] }]);
  expect(lease.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('1 incidents and 1 pages are of a newer version. They are kept for it'),
  ]);
  const decision = await decided(
    cluster(6).lose('fdb', { subject: 'node1' }).facts(),
    lease.state.incidents,
  );
  await lease.saveState({ ...lease.state, incidents: decision.incidents, outbox: [] }, soon());

  const { Item: written } = await client.send(
    new GetItemCommand({ TableName, Key: keyOf('newer', ITEMS.state) }),
  );
  const stored = brotliDecompressSync(written?.['document']?.B ?? new Uint8Array());
  expect(JSON.parse(stored.toString('utf8'))).toMatchObject({
    incidents: [
      { key: known.key, mood: 'calm' },
      { key: later.key, reported: later.reported },
    ],
    outbox: [reminder],
  });
});

test('a state whose version is no number is written over', async () => {
  const { client, table: TableName } = table.partition('odd');
  const Item = { ...keyOf('odd', ITEMS.state), document: { S: 'x' }, version: { S: 'two' } };
  await client.send(new PutItemCommand({ TableName, Item }));
  const lease = await leaseOf(table.store('odd'), tickAt(0));
  await lease.saveState(stateOf('one'), soon());
  await lease.saveState(stateOf('two'), soon());
  expect((await readAt(1, 'odd')).state).toEqual(stateOf('two'));
});

describe('a document that cannot be read is kept under another key, and the run begins without it', () => {
  const badAddress = JSON.stringify({
    ...NOTHING_KNOWN,
    roster: [
      {
        node: 'node1',
        vteps: [{ node: 'node1', family: 'ipv6', tunnelIp: 'FD00:0:0::1' }],
        master: false,
        lastSeen: 0,
        devices: [],
      },
    ],
  });

  test.for([
    ['a text', ITEMS.state, { S: '{"incidents":[],"outbox":[]}' }, 'it is not compressed JSON'],
    ['bytes', ITEMS.state, { B: Buffer.from('oops') }, 'it is not compressed JSON'],
    ['bytes', ITEMS.roster, { B: Buffer.from('oops') }, 'it is not compressed JSON'],
    [
      'half of it',
      ITEMS.roster,
      { B: brotliCompressSync('{"listed":["half of this is not there"]}').subarray(0, 15) },
      'it is not compressed JSON',
    ],
    ['no JSON', ITEMS.state, packed('{"incidents":['), 'it is not compressed JSON'],
    ['another version', ITEMS.state, packed('{"incidents":[{}]}'), 'it is not of this version'],
    ['another version', ITEMS.roster, packed('{"hosts":[]}'), 'it is not of this version'],
    ['a list', ITEMS.roster, packed('[]'), 'it is not of this version'],
    ['an address as nobody writes it', ITEMS.roster, packed(badAddress), 'of this version'],
    ['a bomb', ITEMS.roster, packed(' '.repeat(65 * 1024 * 1024)), 'it is not compressed JSON'],
  ] as const)('%s as %s', async ([what, item, document, why]) => {
    const name = `${item} of ${what}`;
    const { client, table: TableName } = table.partition(name);
    await client.send(new PutItemCommand({ TableName, Item: { ...keyOf(name, item), document } }));
    const lease = await leaseOf(table.store(name), tickAt(0));
    expect([lease.state, lease.memory]).toEqual([NOTHING_STORED, NOTHING_KNOWN]);
    const [start, end] = [
      `reading item ${item} of cluster ${name} in table vtepwatch: `,
      `It is kept as item ${item}#UNREADABLE for 90 days, and this run began without it.`,
    ];
    expect(lease.problems).toEqual([{ where: 'DynamoDB', message: expect.stringContaining(why) }]);
    expect(lease.problems[0]?.message.startsWith(start)).toBe(true);
    expect(lease.problems[0]?.message.endsWith(end)).toBe(true);

    await lease.saveState(stateOf('new'), soon());
    await lease.saveMemory(NOTHING_KNOWN, soon());
    const next = await leaseOf(table.store(name), tickAt(1));
    expect([next.state, next.problems]).toEqual([stateOf('new'), []]);
    const kept = await client.send(
      new GetItemCommand({ TableName, Key: keyOf(name, `${item}#UNREADABLE`) }),
    );
    expect(kept.Item?.['document']).toEqual(
      'B' in document ? { B: new Uint8Array(document.B) } : document,
    );
    expect(Number(kept.Item?.['ttl']?.N)).toBe(tickAt(0).now / 1000 + 90 * 86_400);
  });
});

test('each unreadable item is kept once beside the earlier ones, and at most five are', async () => {
  const { client, table: TableName } = table.partition('garbled');
  const places: string[] = [];
  for (const [minute, text] of ['a', 'a', 'b', 'c', 'd', 'e', 'f'].entries()) {
    const Item = { ...keyOf('garbled', ITEMS.state), document: { S: text } };
    await client.send(new PutItemCommand({ TableName, Item }));
    const lease = await leaseOf(table.store('garbled'), tickAt(minute));
    await lease.release(soon());
    places.push(/kept as item (\S+)/.exec(lease.problems[0]?.message ?? '')?.[1] ?? '');
  }
  expect(places).toEqual([
    'STATE#UNREADABLE',
    'STATE#UNREADABLE',
    ...[2, 3, 4, 5, 5].map((number) => `STATE#UNREADABLE#${number}`),
  ]);
  const kept = await Promise.all(
    [...new Set(places)].map(async (sort) =>
      client.send(new GetItemCommand({ TableName, Key: keyOf('garbled', sort) })),
    ),
  );
  expect(kept.map(({ Item }) => Item?.['document']?.S)).toEqual(['a', 'b', 'c', 'd', 'f']);
});
