import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { answer } from '../../../lab/crowd/answers.ts';
import { type Damage, UNDAMAGED } from '../../../lab/crowd/damage.ts';
import { createDigests } from '../../../lab/crowd/digest.ts';
import { TABLES } from '../../../lab/crowd/entries.ts';
import { type CrowdFault, damagesBy } from '../../../lab/crowd/faults.ts';
import { crowdHosts, macOf } from '../../../lab/crowd/host.ts';
import { scriptsAnswer, type Shown, UPTIME_SECONDS } from './on-a-host.ts';

const CROWD = crowdHosts(40, 3);
const DIGESTS = createDigests(CROWD);

function modelsAnswer(shown: Shown, action: string, wanted = ''): string {
  return answer({ ...shown, digests: DIGESTS, uptimeSeconds: UPTIME_SECONDS }, action, wanted);
}

/** The host of the crowd at a place, as these faults have left it. */
function shownBy(place: number, ...faults: readonly CrowdFault[]): Shown {
  const host = CROWD[place];
  if (host === undefined) throw new Error(`no host ${place}`);
  return { crowd: CROWD, host, damage: damagesBy(faults, CROWD).get(host) ?? UNDAMAGED };
}

const SHOWN = {
  'a host that is well': shownBy(7),
  'a master': shownBy(0),
  'a peer lost everywhere': shownBy(7, {
    kind: 'lost-everywhere',
    subject: 3,
    tables: ['neighbour'],
  }),
  'a peer of which all is lost': shownBy(7, {
    kind: 'lost-everywhere',
    subject: 3,
    tables: TABLES,
  }),
  'neighbours flushed': shownBy(7, { kind: 'flushed', observer: 7, tables: ['neighbour'] }),
  'everything flushed': shownBy(7, { kind: 'flushed', observer: 7, tables: TABLES }),
  'losses here and there': shownBy(7, { kind: 'random-losses', share: 0.1, seed: 1 }),
  'a partition, on the few': shownBy(7, { kind: 'partition', size: 12 }),
  'a partition, on the many': shownBy(20, { kind: 'partition', size: 12 }),
  'a MAC that a peer had before': shownBy(7, { kind: 'old-mac', subject: 3 }),
  'an underlay that a peer had before': shownBy(7, { kind: 'old-underlay', subject: 3 }),
  'orphans in the FDB': shownBy(7, { kind: 'orphans', each: 90 }),
  'an orphan whose peer is lost': shownBy(
    7,
    { kind: 'orphans', each: 3 },
    { kind: 'lost-everywhere', subject: 9, tables: ['neighbour'] },
  ),
  'orphans, and no neighbour at all': shownBy(
    7,
    { kind: 'orphans', each: 50 },
    { kind: 'flushed', observer: 7, tables: ['neighbour'] },
  ),
  'a neighbour that may age': shownBy(7, { kind: 'not-permanent', subject: 3 }),
  'two faults over the same entries': shownBy(
    7,
    { kind: 'random-losses', share: 0.3, seed: 2 },
    { kind: 'partition', size: 12 },
  ),
  'no device': shownBy(7, { kind: 'device-missing', observer: 7 }),
  'a device with another MAC': withDamage({ device: { kind: 'renewed', mac: macOf(7, 1) } }),
  'a device that is down': withDamage({ device: { kind: 'down' } }),
  'an FDB that cannot be read': withDamage({ unread: { fdb: 'exit-1' } }),
  'neighbours that cannot be read, and orphans': withDamage({
    ...shownBy(7, { kind: 'orphans', each: 3 }).damage,
    unread: { neighbour: 'exit-1' },
  }),
  'a neighbour without a MAC': withDamage({
    besides: [{ table: 'neighbour', ip: '10.250.0.0', mac: undefined, state: 'FAILED' }],
  }),
} as const;

function withDamage(damage: Damage): Shown {
  return { ...shownBy(7), damage };
}

describe.for(Object.entries(SHOWN))('%s: the model answers as the script does', ([, shown]) => {
  test('to digest', async () => {
    expect(modelsAnswer(shown, 'digest')).toBe(await scriptsAnswer(shown, 'digest'));
  });

  test('to tables', async () => {
    expect(modelsAnswer(shown, 'tables')).toBe(await scriptsAnswer(shown, 'tables'));
  });

  test('to a page of tables, packed or not', async () => {
    const script = await scriptsAnswer(shown, 'tables', '1/3');
    expect(unpacked(modelsAnswer(shown, 'tables', '1/3'))).toBe(unpacked(script));
  });

  test('to entries', async () => {
    const wanted = [CROWD[3], CROWD[20]]
      .flatMap((peer) => [peer?.tunnelIp, peer?.vtepMac, peer?.podCidr])
      .join(',');
    expect(modelsAnswer(shown, 'entries', wanted)).toBe(
      await scriptsAnswer(shown, 'entries', wanted),
    );
  });
});

test('what is long enough for the script to pack is packed by the model', async () => {
  const shown = shownBy(7);
  const model = modelsAnswer(shown, 'tables', '0/1');
  const script = await scriptsAnswer(shown, 'tables', '0/1');
  expect(model).toMatch(/^vtepwatch 1 packed\n/);
  expect(script).toMatch(/^vtepwatch 1 packed\n/);
  expect(unpacked(model)).toBe(unpacked(script));
});

function unpacked(text: string): string {
  const body = /^vtepwatch 1 packed\n([^]*)\nvtepwatch 1 unpack\n$/.exec(text)?.[1];
  return body === undefined ? text : gunzipSync(Buffer.from(body, 'base64')).toString('latin1');
}
