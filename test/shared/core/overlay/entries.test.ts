import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Vtep } from '../../../../shared/core/overlay/vtep.ts';
import {
  claimsIn,
  commandOf,
  entriesOf,
  heldFdb,
  type HeldEntry,
  heldNeighbour,
  heldRoute,
  isKnown,
  keysOf,
  textOf,
  type WantedEntry,
} from '../../../../shared/core/overlay/entries.ts';
import { FAMILIES } from '../../../../shared/core/overlay/addresses.ts';
import {
  deviceFamily,
  isOverlayDevice,
  namedAs,
  profileOf,
  PROFILES,
} from '../../../../shared/core/overlay/profile.ts';
import { parseFdb } from '../../../../shared/core/parse/fdb.ts';
import { parseNeighbours } from '../../../../shared/core/parse/neighbours.ts';
import { parseRoutes } from '../../../../shared/core/parse/routes.ts';
import { ip, nthNode } from '../../../support/addressing.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';

const FLANNEL = profileOf(['flannel.1']);
const CALICO = profileOf(['vxlan.calico']);
const { node, family, underlayIp, tunnelIp, mac, podCidr } = nthNode(0);
const MASTER1: Vtep = { node, family, underlayIp, tunnelIp, mac, podCidr };

/** Every entry that could be wanted for a VTEP, whatever the way to it. */
function allOf(vtep: Vtep, profile = FLANNEL): readonly WantedEntry[] {
  return [...entriesOf(vtep, 'overlay', profile), ...entriesOf(vtep, 'direct', profile)];
}

describe('an observer holds a node', () => {
  test('in three tables, where it reaches the node by the overlay', () => {
    const entries = entriesOf(MASTER1, 'overlay', FLANNEL);
    expect(entries.map(textOf)).toEqual([
      '10.68.0.0 dev flannel.1 lladdr 36:9b:9c:53:00:00 PERMANENT',
      '36:9b:9c:53:00:00 dev flannel.1 dst 192.168.1.0 self permanent',
      '10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink',
    ]);
    expect(entries.map(commandOf)).toEqual([
      'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
      'bridge fdb replace 36:9b:9c:53:00:00 dev flannel.1 dst 192.168.1.0 self permanent',
      'ip route replace 10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink',
    ]);
  });

  test('by one plain route, where it reaches the node directly', () => {
    const entries = entriesOf(MASTER1, 'direct', FLANNEL);
    expect(entries.map(textOf)).toEqual(['10.68.0.0/24 via 192.168.1.0']);
    expect(entries.map(commandOf)).toEqual(['ip route replace 10.68.0.0/24 via 192.168.1.0']);
  });

  test('on the device that the host has', () => {
    const profile = namedAs(FLANNEL, ['eth0', 'flannel.4096', 'flannel-v6.7']);
    const v6: Vtep = { ...MASTER1, family: 'ipv6', tunnelIp: ip('2001:db8:42::') };
    expect(entriesOf(MASTER1, 'overlay', profile)[0]?.device).toBe('flannel.4096');
    expect(entriesOf(v6, 'overlay', profile)[0]?.device).toBe('flannel-v6.7');
  });

  test('without a route with Calico, which routes blocks that no node lists', () => {
    expect(allOf(MASTER1, CALICO).map(textOf)).toEqual([
      '10.68.0.0 dev vxlan.calico lladdr 36:9b:9c:53:00:00 PERMANENT',
      '36:9b:9c:53:00:00 dev vxlan.calico dst 192.168.1.0 self permanent',
    ]);
  });
});

describe('an entry of which a part is not known is not wanted', () => {
  test.for([
    ['tunnelIp', ['fdb', 'direct'], [undefined, mac, podCidr]],
    ['mac', ['route', 'direct'], [tunnelIp, undefined, podCidr]],
    ['underlayIp', ['neighbour', 'route'], [tunnelIp, mac, podCidr]],
    ['podCidr', ['neighbour', 'fdb'], [tunnelIp, mac, undefined]],
  ] as const)('%s', ([part, tables, keys]) => {
    const vtep = { ...MASTER1, [part]: undefined };
    expect(allOf(vtep).map(({ table }) => table)).toEqual(tables);
    expect(Object.values(keysOf(vtep))).toEqual(keys);
    expect(isKnown(vtep, FLANNEL)).toBe(false);
    expect(isKnown(vtep, CALICO)).toBe(part === 'podCidr');
  });
});

describe('no command is made', () => {
  test.for([
    ['with a masked MAC', allOf({ ...MASTER1, mac: '36:9u:9c:53:4a:10' }), ['route', 'direct']],
    [
      'for a device that is none of the overlay’s',
      allOf(MASTER1, { ...FLANNEL, devices: { ipv4: 'eth0; reboot', ipv6: 'eth0' } }),
      ['direct'],
    ],
  ] as const)('%s', ([, entries, tables]) => {
    const commanded = entries.filter((entry) => commandOf(entry) !== undefined);
    expect(commanded.map(({ table }) => table)).toEqual(tables);
  });

  test('of a token that no grammar knows', () => {
    const token = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '10.68.0.0;reboot',
        '10.68.0.0 ',
        '36:9B:9C:53:4A:10',
        '10.0.0.0/33',
        '--all',
      ),
      anyIp,
      anyMac,
      anyCidr,
    );
    const anyEntry = fc.record({
      table: fc.constantFrom('neighbour', 'fdb', 'route'),
      key: token,
      value: token,
      device: fc.oneof(fc.constantFrom('flannel.1', 'vxlan-v6.calico'), token),
      family: fc.constantFrom('ipv4', 'ipv6'),
    });
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(commandOf(entry) ?? '').toMatch(/^[a-z0-9.:/ -]*$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the rule read backwards', () => {
  test('has of every entry of a VTEP the two parts that it was made of', () => {
    const entries = entriesOf(MASTER1, 'overlay', FLANNEL).map(textOf);
    const [neighbour = '', fdb = '', route = ''] = entries;
    const tables = {
      neighbours: parseNeighbours('here', neighbour, undefined).value,
      fdb: parseFdb('here', fdb, undefined).value,
      routes: parseRoutes('here', route, undefined).value,
    };
    expect(claimsIn(tables, family)).toEqual([
      { tunnelIp, mac },
      { mac, underlayIp },
      { podCidr, tunnelIp },
    ]);
    expect(claimsIn(tables, 'ipv6')).toEqual([]);
  });

  test('says nothing of routes that are not on an overlay device', () => {
    const [direct] = entriesOf(MASTER1, 'direct', FLANNEL).map(textOf);
    const routes = parseRoutes('here', `${direct} dev eth0`, undefined).value;
    expect(routes).toHaveLength(1);
    expect(claimsIn({ routes }, family)).toEqual([]);
  });
});

/** What a host holds, where `ip` and `bridge` print this of it. */
function heldBy(entry: WantedEntry): readonly HeldEntry[] {
  const line = textOf(entry);
  switch (entry.table) {
    case 'neighbour':
      return parseNeighbours('here', line, undefined).value.map(heldNeighbour);
    case 'fdb':
      return parseFdb('here', line, undefined).value.map(heldFdb);
    case 'route':
      return parseRoutes('here', line, undefined).value.map(heldRoute);
    case 'direct':
      return parseRoutes('here', `${line} dev eth0`, undefined).value.map(heldRoute);
  }
}

test('what a host holds and what it must hold are put in the same words', () => {
  const anyVtep = fc.record({
    node: fc.constant('node1'),
    family: fc.constant('ipv4' as const),
    underlayIp: anyIp,
    tunnelIp: anyIp,
    mac: anyMac,
    podCidr: anyCidr,
  });
  fc.assert(
    fc.property(anyVtep, (vtep) => {
      for (const entry of allOf(vtep)) {
        const { key, value } = entry;
        expect(heldBy(entry)).toMatchObject([{ key, value, weak: false }]);
      }
    }),
  );
});

test('a neighbour without an answer has no value', () => {
  const entry = { device: 'flannel.1', ip: ip('10.68.0.0'), permanent: false, state: 'FAILED' };
  expect(heldNeighbour(entry)).toEqual({
    key: '10.68.0.0',
    value: undefined,
    weak: true,
    text: '10.68.0.0 dev flannel.1 FAILED',
  });
});

test.for(Object.entries(PROFILES))(
  'the devices of the profile %s are an overlay’s, each of its family',
  ([, profile]) => {
    for (const either of FAMILIES) {
      expect(isOverlayDevice(profile.devices[either])).toBe(true);
      expect(deviceFamily(profile.devices[either])).toBe(either);
    }
  },
);
