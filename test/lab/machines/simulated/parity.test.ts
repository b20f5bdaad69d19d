import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { partition } from '../../../../lab/damage.ts';
import { answer } from '../../../../lab/machines/simulated/answers.ts';
import { UNDERLAY_BITS } from '../../../../lab/machines/simulated/cluster.ts';
import {
  allWell,
  damaged,
  type SimulatedDamage,
} from '../../../../lab/machines/simulated/conditions.ts';
import { createDigests } from '../../../../lab/machines/simulated/digests.ts';
import { formerMac, simulatedHosts } from '../../../../lab/machines/simulated/hosts.ts';
import { TABLES } from '../../../../shared/contract/causes.ts';
import { scriptsAnswer, type Shown } from './on-a-host.ts';

const NOW = Date.UTC(2026, 10, 26);
const HOSTS = simulatedHosts(40, 3);
const NAMES = HOSTS.map(({ name }) => name);
const DIGESTS = createDigests(HOSTS);
const [MASTER1, NODE1, NODE5] = [hostAt(0), hostAt(3), hostAt(7)];

function modelsAnswer(one: Shown, action: string, wanted = ''): string {
  const speaker = {
    ...one,
    conditionOf: () => one.condition,
    sendsPackets: false,
    listed: one.hosts,
    digests: DIGESTS,
    underlayBits: UNDERLAY_BITS,
    now: NOW,
  };
  return answer(speaker, action, wanted);
}

function hostAt(place: number) {
  const host = HOSTS[place];
  if (host === undefined) throw new Error(`no host ${place}`);
  return host;
}

/** A host as this damage has left it. */
function shown(host: Shown['host'], ...damages: readonly SimulatedDamage[]): Shown {
  const { hosts, conditions } = damages.reduce(
    (state, damage) => damaged(state, damage, NOW),
    allWell(HOSTS, NOW),
  );
  const condition = conditions.get(host.name);
  if (condition === undefined) throw new Error(`no host ${host.name}`);
  return { hosts, host, condition };
}

const FEW_AND_MANY = partition(NAMES.slice(0, 12), NAMES.slice(12));
const ON_NODE5 = { on: [NODE5.name] } as const;

const SHOWN = {
  'a host that is well': shown(NODE5),
  'a master': shown(MASTER1),
  'a peer lost everywhere': shown(NODE5, {
    kind: 'lost',
    tables: ['neighbour'],
    on: 'all',
    of: [NODE1.name],
  }),
  'a peer of which all is lost': shown(NODE5, {
    kind: 'lost',
    tables: TABLES,
    on: 'all',
    of: [NODE1.name],
  }),
  'neighbours flushed': shown(NODE5, {
    kind: 'lost',
    tables: ['neighbour'],
    ...ON_NODE5,
    of: 'all',
  }),
  'everything flushed': shown(NODE5, { kind: 'lost', tables: TABLES, ...ON_NODE5, of: 'all' }),
  'losses here and there': shown(NODE5, { kind: 'lost-at-random', share: 0.1, seed: 1 }),
  'a partition, on the few': shown(NODE5, ...FEW_AND_MANY),
  'a partition, on the many': shown(hostAt(20), ...FEW_AND_MANY),
  'a MAC that a peer had before': shown(
    NODE5,
    { kind: 'lost', tables: ['fdb'], on: 'all', of: [NODE1.name] },
    {
      kind: 'held',
      tables: ['neighbour', 'fdb'],
      on: 'all',
      of: { ...NODE1, vtepMac: formerMac(NODE1, 1) },
    },
  ),
  'an underlay that a peer had before': shown(NODE5, {
    kind: 'held',
    tables: ['fdb'],
    on: 'all',
    of: { ...NODE1, underlayIp: '172.31.255.254' },
  }),
  'ghosts in the FDB': shown(NODE5, { kind: 'ghosts', on: 'all', each: 90 }),
  'a ghost whose peer is lost': shown(
    NODE5,
    { kind: 'ghosts', on: 'all', each: 3 },
    { kind: 'lost', tables: ['neighbour'], on: 'all', of: [hostAt(9).name] },
  ),
  'ghosts, and no neighbour at all': shown(
    NODE5,
    { kind: 'ghosts', on: 'all', each: 50 },
    { kind: 'lost', tables: ['neighbour'], ...ON_NODE5, of: 'all' },
  ),
  'a neighbour that may age': shown(NODE5, {
    kind: 'held',
    tables: ['neighbour'],
    on: 'all',
    of: NODE1,
    state: 'STALE',
  }),
  'two faults over the same entries': shown(
    NODE5,
    { kind: 'lost-at-random', share: 0.3, seed: 2 },
    ...FEW_AND_MANY,
  ),
  'half a table': shown(NODE5, { kind: 'half-written', ...ON_NODE5, share: 0.4 }),
  'no device': shown(NODE5, { kind: 'device-deleted', ...ON_NODE5 }),
  'a device made anew': shown(NODE5, { kind: 'device-remade', ...ON_NODE5 }),
  'a device that was down': shown(NODE5, { kind: 'device-bounced', ...ON_NODE5 }),
  'a device with another MAC': shown(NODE5, {
    kind: 'mac-changed',
    ...ON_NODE5,
    mac: formerMac(NODE5, 1),
  }),
  'a device that is down': shown(NODE5, { kind: 'device-down', ...ON_NODE5 }),
  'an FDB that cannot be read': shown(NODE5, {
    kind: 'unreadable',
    ...ON_NODE5,
    table: 'fdb',
    reason: 'exit-1',
  }),
  'neighbours that cannot be read, and ghosts': shown(
    NODE5,
    { kind: 'ghosts', on: 'all', each: 3 },
    { kind: 'unreadable', ...ON_NODE5, table: 'neighbour', reason: 'exit-1' },
  ),
  'a neighbour without a MAC': shown(NODE5, {
    kind: 'held',
    tables: ['neighbour'],
    ...ON_NODE5,
    of: { ...NODE1, name: 'nobody', tunnelIp: '10.250.0.0' },
    state: 'FAILED',
  }),
} as const;

describe.for(Object.entries(SHOWN))('%s: the model answers as the script does', ([, one]) => {
  test('to digest', async () => {
    expect(modelsAnswer(one, 'digest')).toBe(await scriptsAnswer(one, 'digest'));
  });

  test('to tables', async () => {
    expect(modelsAnswer(one, 'tables')).toBe(await scriptsAnswer(one, 'tables'));
  });

  test('to a page of tables, packed or not', async () => {
    const script = await scriptsAnswer(one, 'tables', '1/3');
    expect(unpacked(modelsAnswer(one, 'tables', '1/3'))).toBe(unpacked(script));
  });

  test('to entries', async () => {
    const wanted = [NODE1, hostAt(20)]
      .flatMap((peer) => [peer.tunnelIp, peer.vtepMac, peer.podCidr])
      .join(',');
    expect(modelsAnswer(one, 'entries', wanted)).toBe(await scriptsAnswer(one, 'entries', wanted));
  });
});

test('what is long enough for the script to pack is packed by the model', async () => {
  const model = modelsAnswer(shown(NODE5), 'tables', '0/1');
  const script = await scriptsAnswer(shown(NODE5), 'tables', '0/1');
  expect(model).toMatch(/^vtepwatch 1 packed\n/);
  expect(script).toMatch(/^vtepwatch 1 packed\n/);
  expect(unpacked(model)).toBe(unpacked(script));
});

function unpacked(text: string): string {
  const body = /^vtepwatch 1 packed\n([^]*)\nvtepwatch 1 unpack\n$/.exec(text)?.[1];
  return body === undefined ? text : gunzipSync(Buffer.from(body, 'base64')).toString('latin1');
}
