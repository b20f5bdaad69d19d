import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../../shared/core/overlay/vtep.ts';
import { parseHostAnswer } from '../../../../shared/core/parse/host-answer.ts';
import { envelope } from '../../../support/envelope.ts';

const ID = 'mi-00000000000000140';

const WHOLE = `\
host master1
boot 7c0a1f5e-6f0e-4f0b-9d3c-2f1f4a6a0b11 864000.25
install canal
flanneld 3600
agent 20160
master /etc/kubernetes/admin.conf
tools iproute2 6.1.0
D flannel.1 3 UP 1450 36:9b:9c:53:4a:10 1 192.168.1.140 8472
A flannel.1 10.68.0.0/32
N flannel.1 10.68.2.0 a2:23:78:a5:7d:de PERMANENT
N flannel.1 10.68.1.0 - INCOMPLETE
N flannel.1 10.68.3.0 - -
F flannel.1 a2:23:78:a5:7d:de 192.168.1.141 permanent
R flannel.1 10.68.2.0/24 10.68.2.0 onlink
R eth0 10.68.9.0/24 192.168.1.150 -
`;

function tables(payload: string): Observation {
  return parseHostAnswer('tables', { instanceId: ID, text: envelope('tables', payload) });
}

function entries(payload: string): Observation {
  return parseHostAnswer('entries', { instanceId: ID, text: envelope('entries', payload) });
}

test('the interface below a device, and its MTU', () => {
  const below = WHOLE.replace('A flannel.1 10', 'below flannel.1 eth0 1400\nA flannel.1 10');
  expect(tables(below)).toMatchObject({
    tables: { devices: [{ name: 'flannel.1', underlay: { device: 'eth0', mtu: 1400 } }] },
  });
});

test('a host tells who it is and what it holds', () => {
  expect(tables(WHOLE)).toEqual({
    kind: 'tables',
    host: {
      node: 'master1',
      instanceId: ID,
      bootId: '7c0a1f5e-6f0e-4f0b-9d3c-2f1f4a6a0b11',
      uptimeSeconds: 864_000.25,
      install: 'canal',
      flanneldSeconds: 3600,
      agentDirectories: 20_160,
      kubeconfig: '/etc/kubernetes/admin.conf',
    },
    tables: {
      devices: [
        {
          name: 'flannel.1',
          index: 3,
          up: true,
          mtu: 1450,
          mac: '36:9b:9c:53:4a:10',
          vni: 1,
          local: '192.168.1.140',
          port: 8472,
          addresses: ['10.68.0.0/32'],
        },
      ],
      neighbours: [
        {
          device: 'flannel.1',
          ip: '10.68.2.0',
          mac: 'a2:23:78:a5:7d:de',
          permanent: true,
          state: 'PERMANENT',
        },
        {
          device: 'flannel.1',
          ip: '10.68.1.0',
          mac: undefined,
          permanent: false,
          state: 'INCOMPLETE',
        },
        { device: 'flannel.1', ip: '10.68.3.0', mac: undefined, permanent: false, state: '' },
      ],
      fdb: [{ device: 'flannel.1', mac: 'a2:23:78:a5:7d:de', destination: '192.168.1.141' }],
      routes: [
        { device: 'flannel.1', destination: '10.68.2.0/24', gateway: '10.68.2.0' },
        { device: 'eth0', destination: '10.68.9.0/24', gateway: '192.168.1.150' },
      ],
    },
    verbatim: [],
    unread: [],
  });
});

test('what a host does not know of itself stays unknown', () => {
  const observation = tables(
    'host node1\nboot - -\ninstall unknown\nflanneld -\nagent -\nmaster -\n',
  );
  expect(observation).toMatchObject({
    kind: 'tables',
    host: {
      node: 'node1',
      uptimeSeconds: undefined,
      install: undefined,
      flanneldSeconds: undefined,
      agentDirectories: undefined,
      kubeconfig: undefined,
    },
  });
});

test('a complete answer without entries is a host with empty tables', () => {
  expect(tables('host node1\n')).toMatchObject({
    kind: 'tables',
    tables: { devices: [], neighbours: [], fdb: [], routes: [] },
  });
});

test.for([
  ['device', 'devices'],
  ['neighbour', 'neighbours'],
  ['fdb', 'fdb'],
  ['route', 'routes'],
] as const)('a %s table that could not be read is unknown, and not empty', ([word, table]) => {
  const observation = tables(`host node1\nU ${word} timeout\n`);
  expect(observation.kind === 'tables' && observation.tables[table]).toBeUndefined();
  expect(observation.kind === 'tables' && observation.unread).toEqual([
    `${word} could not be read: timeout`,
  ]);
});

test('what was read of a table that could not be read whole does not count', () => {
  const observation = tables(`${WHOLE}U neighbour interrupted\n`);
  expect(observation.kind === 'tables' && observation.tables.neighbours).toBeUndefined();
});

describe('a second look', () => {
  test('brings the entries with the lines as the host printed them', () => {
    const payload = [
      'host node1',
      'N flannel.1 10.68.0.0 - INCOMPLETE',
      'V neighbour 10.68.0.0 dev flannel.1  INCOMPLETE ',
      'N flannel.1 10.68.1.0 36:9b:9c:53:4a:10 PERMANENT',
      'F flannel.1 36:9b:9c:53:4a:10 192.168.1.140 permanent',
      'V fdb a b',
      'R eth0 10.68.1.0/24 192.168.1.140 -',
      'V route c',
    ];
    const observation = entries(`${payload.join('\n')}\n`);
    expect(observation.kind === 'tables' && observation.verbatim).toEqual([
      {
        table: 'neighbour',
        key: '10.68.0.0',
        value: undefined,
        line: '10.68.0.0 dev flannel.1  INCOMPLETE ',
      },
      { table: 'fdb', key: '36:9b:9c:53:4a:10', value: '192.168.1.140', line: 'a b' },
      { table: 'route', key: '10.68.1.0/24', value: '192.168.1.140', line: 'c' },
    ]);
  });

  test.for([
    ['V neighbour 10.68.0.0\n', 'no entry'],
    ['N flannel.1 10.68.0.0 - INCOMPLETE\nV fdb 10.68.0.0\n', 'an entry of another table'],
    ['N flannel.1 10.68.0.0 - FAILED\nV neighbour a\nV neighbour b\n', 'another line'],
  ] as const)('in which %j follows %s is unknown', ([lines]) => {
    expect(entries(`host node1\n${lines}`)).toMatchObject({ kind: 'unknown' });
  });
});

describe('an answer that is not understood is unknown, and never an empty table', () => {
  test.for([
    ['host', 'no host name'],
    ['host -\n', 'a name that the script could not find'],
    ['host Master1\n', 'capital letters'],
    ['host $(reboot)\n', 'a name that a shell would run'],
    ['host node1\nX what\n', 'a line of no known kind'],
    ['host node1\nD eth0 2 UP 1500 36:9b:9c:53:4a:10 - - -\n', 'a device of another network'],
    ['host node1\nD flannel.1 3 UNKNOWN 1450 36:9b:9c:53:4a:10 1 - -\n', 'a state of no device'],
    ['host node1\nA flannel.1 10.68.0\n', 'half an address'],
    ['host node1\nN flannel.1 10.68.0 - FAILED\n', 'half a tunnel IP'],
    ['host node1\nN flannel.1 10.68.0.0 lost FAILED\n', 'a MAC that is none'],
    ['host node1\nF flannel.1 36:9b:9c:53:4a:10 gone permanent\n', 'a destination that is none'],
    ['host node1\nR flannel.1 10.68.0.0/99 10.68.0.0 onlink\n', 'a length that is none'],
    ['host node1\nU everything timeout\n', 'a table that does not exist'],
    ['host node1\nU fdb see https://example.com\n', 'a reason that the script does not know'],
    ['host node1\nN flannel.1 10.68.0.0 - FAILED, call 555\n', 'a state of no neighbour'],
    ['host node1\nN flannel.1 10.68.0.0 - FAILED STALE\n', 'two states'],
    [`host node1\nD flannel.${'1'.repeat(9)} 3 UP 1450 - 1 - -\n`, 'a device that no kernel names'],
    ['host node1\nvtepwatch 1 end 0 0\n', 'an end marker inside'],
    ['host node1\nvtepwatch 1 begin tables\n', 'a begin marker inside'],
    ['Gastgeber Knoten1\n', 'another language'],
    ['', 'nothing'],
  ] as const)('%j: %s', ([payload]) => {
    expect(tables(payload).kind).toBe('unknown');
  });

  test.for([
    ['devices', 'D flannel.1 3 UP 1450 36:9b:9c:53:4a:10 1 - -\n', 50],
    ['addresses', 'A flannel.1 10.68.0.0/32\n', 50],
    ['networks', 'C flannel.1 192.168.1.140/24\n', 50],
  ] as const)('more %s than any host has', ([, line, most]) => {
    expect(tables(`host node1\n${line.repeat(most)}`).kind).toBe('tables');
    expect(tables(`host node1\n${line.repeat(most + 1)}`).kind).toBe('unknown');
  });

  test('more lines of evidence than a page takes', () => {
    const quoted = 'F flannel.1 36:9b:9c:53:4a:10 192.168.1.140 permanent\nV fdb a b\n';
    expect(entries(`host node1\n${quoted.repeat(200)}`).kind).toBe('tables');
    expect(entries(`host node1\n${quoted.repeat(201)}`).kind).toBe('unknown');
  });

  test('lines of evidence that nobody asked for', () => {
    expect(tables('host node1\nV fdb a b\n').kind).toBe('unknown');
  });

  test('a line of evidence that no page has room for', () => {
    const lineOf = (length: number): string =>
      `N flannel.1 10.68.0.0 - INCOMPLETE\nV neighbour ${'x'.repeat(length)}`;
    expect(entries(`host node1\n${lineOf(200)}\n`).kind).toBe('tables');
    expect(entries(`host node1\n${lineOf(201)}\n`).kind).toBe('unknown');
  });

  test('10 MB of nonsense', () => {
    const observation = tables(`host node1\n${'nonsense\n'.repeat(1_200_000)}`);
    expect(observation).toEqual({
      kind: 'unknown',
      instanceId: ID,
      reason: expect.stringMatching(/^the answer has more than 1048576 bytes \(it starts with/),
      error: 'bad_output',
    });
  });

  test('10 MB in one line', () => {
    expect(tables(`host node1\n${'x'.repeat(10_000_000)}\n`).kind).toBe('unknown');
  });

  test('control characters', () => {
    expect(tables('host node1\nN flannel.1 10.68.0.0 - \u001B[2JFAILED\n').kind).toBe('unknown');
  });

  test('any random lines within a whole envelope', () => {
    const line = fc.oneof(
      fc.stringMatching(/^[DACNFRUV] [ -~]{0,60}$/),
      fc.stringMatching(/^[ -~]{1,60}$/),
      fc.constantFrom(...WHOLE.split('\n')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const observation = tables(lines.map((one) => `${one}\n`).join(''));
        // Whatever was taken for entries, every line of the payload was one of the script's.
        const known = /^((host|boot|install|flanneld|agent|master|tools|[DACNFRU])\b.*)?$/;
        const strange = lines.filter((one) => !known.test(one.trim()));
        expect(observation.kind === 'tables' ? strange : []).toEqual([]);
        const reason = observation.kind === 'unknown' ? observation.reason : 'none';
        expect(reason).toMatch(/^[\x20-\x7e]{1,220}$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is around the overlay', () => {
  const digest = `S 0 0 0 0 0 ${'A'.repeat(1280)}\n`;
  const AROUND = `\
bridge cni0 10.68.0.1/24
address eth0 192.168.1.140/24
address docker0 172.17.0.1/16
anomaly device cilium_vxlan -
anomaly blackhole - 10.68.2.0/24
`;
  const around = (records: string): unknown => {
    const payload = `host master1\nboot - -\n${digest}${records}`;
    const read = parseHostAnswer('digest', {
      instanceId: ID,
      text: envelope('digest', payload),
    });
    return read.kind === 'digest' ? read.surroundings : read;
  };

  test('is known as far as nothing gave way', () => {
    expect(around(`${AROUND}cut -\n`)).toEqual({
      ownAddresses: new Set(['10.68.0.1', '192.168.1.140', '172.17.0.1', '127.0.0.1', '::1']),
      bridges: [{ device: 'cni0', address: '10.68.0.1/24' }],
      anomalies: [
        { what: 'device', device: 'cilium_vxlan', range: undefined },
        { what: 'blackhole', device: undefined, range: '10.68.2.0/24' },
      ],
      otherOverlays: ['cilium_vxlan'],
    });
  });

  test('an address that was cut may be any, so loopback is not among those that are known', () => {
    expect(around(`${AROUND}cut address,anomaly\n`)).toEqual({
      ownAddresses: new Set(['10.68.0.1', '192.168.1.140', '172.17.0.1']),
      bridges: [{ device: 'cni0', address: '10.68.0.1/24' }],
      anomalies: undefined,
      otherOverlays: ['cilium_vxlan'],
    });
  });

  test('is unknown in an answer of an earlier script', () => {
    expect(around('')).toEqual({});
  });

  test.for([
    'bridge cni0;reboot 10.68.0.1/24\n',
    'address eth0 192.168.1.140\n',
    'address eth0 192.168.1.999/24\n',
    'anomaly loop - 10.68.2.0/24\n',
    'cut everything\n',
  ])('%j is no record', (line) => {
    expect(around(`${line}cut -\n`)).toMatchObject({ kind: 'unknown', error: 'bad_output' });
  });
});
