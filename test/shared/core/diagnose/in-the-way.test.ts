import { describe, expect, test } from 'vitest';
import { parseCidr } from '../../../../shared/core/overlay/addresses.ts';
import type { Anomaly } from '../../../../shared/core/overlay/vtep.ts';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import { decided } from '../../../support/runs.ts';

const six = cluster(6);
const listed = six.listed();

/** node2's own pods are in 10.68.4.0/24, master1's in 10.68.0.0/24. */
function anomaly(text: string): Anomaly {
  const [what = '', device = '-', range = ''] = text.split(' ');
  const kinds = [
    'network',
    'route',
    'blackhole',
    'unreachable',
    'prohibit',
    'throw',
    'device',
  ] as const;
  return {
    what: kinds.find((kind) => kind === what) ?? 'device',
    device: device === '-' ? undefined : device,
    range: parseCidr(range),
  };
}

function on(node: string, sees: Cluster, ...texts: readonly string[]): Cluster {
  return sees.answer(node, (answer) => ({
    ...answer,
    tables: { ...answer.tables, anomalies: texts.map(anomaly) },
  }));
}

describe('what was left in the way of pods', () => {
  test.for([
    ['blackhole - 10.68.0.64/26', '1/5'],
    ['unreachable - 10.68.0.0/24', '1/5'],
    ['throw - 10.68.4.5/32', '5/5'],
    ['route flannel.1 10.68.4.0/24', '5/5'],
    ['route eth0 10.68.4.128/25', '5/5'],
  ] as const)('%s on node2 is a ghost, in the way of %s', ([text, share]) => {
    expect(findings(on('node2', listed, text))).toEqual([
      `subject node2/ghost-entry ghost-entry ${share} warning`,
    ]);
  });

  test.for([
    // Outside of all pods, around them, or of no range.
    'blackhole - 10.68.99.0/24',
    'blackhole - 10.68.0.0/16',
    'device cilium_vxlan -',
    // To the pods of others a route may lead directly, and to its own ones a bridge of any name.
    'route eth0 10.68.0.0/24',
    'network br0 10.68.4.0/24',
    'network br0 10.68.4.128/25',
    'network eth1 10.0.0.0/8',
  ])('%s on node2 is none', (text) => {
    expect(findings(on('node2', listed, text))).toEqual([]);
  });

  test('a range is one fault however many hosts have it', () => {
    const blackhole = 'blackhole - 10.68.0.64/26';
    const three = on('node1', on('node2', on('node3', listed, blackhole), blackhole), blackhole);
    expect(findings(three)).toEqual(['cluster ghost-entry ghost-entry 3/6 warning']);
  });

  test('the command takes away exactly what is there', async () => {
    const { reported } = await decided(
      on('node2', listed, 'blackhole - 10.68.0.64/26', 'route eth0 10.68.4.128/25').facts(),
    );
    expect(reported[0]?.fix).toMatchObject([
      {
        kind: 'removal',
        hosts: ['node2'],
        commands: ['ip route del blackhole 10.68.0.64/26', 'ip route del 10.68.4.128/25 dev eth0'],
        check: {
          host: 'node2',
          command: 'ip route show exact 10.68.0.64/26 type blackhole',
          shows: 'nothing',
        },
      },
    ]);
  });
});

describe('a node that claims pods where it has none', () => {
  /** It says of itself that it has the network of the hosts. */
  const lying = (sees: Cluster, cidr: string): Cluster =>
    sees.answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({
          ...device,
          addresses: [parseCidr(cidr) ?? device.addresses[0]].filter((one) => one !== undefined),
        })),
      },
    }));

  test('puts no route of another host in the way', () => {
    const hosts = lying(six, '192.168.1.0/32');
    const found = findings(on('node2', hosts, 'blackhole - 192.168.1.0/24'));
    expect(found.filter((one) => one.includes('ghost-entry'))).toEqual([]);
  });
});

describe('a network or route of a host where others have pods', () => {
  test.for([
    ['network eth1 10.68.0.0/24', 'critical'],
    ['network eth1 10.68.0.128/25', 'warning'],
    ['route eth1 10.68.0.128/25', 'warning'],
  ] as const)('%s on node2 is an overlap: %s', ([text, severity]) => {
    expect(findings(on('node2', listed, text))).toEqual([
      `subject node2/overlap overlap 1/5 ${severity}`,
    ]);
  });

  test('explains the route that it took the place of, on that host alone', () => {
    const taken = on('node2', listed, 'network eth1 10.68.0.0/24');
    const lost = taken.lose('route', { observer: 'node2', subject: 'master1' });
    expect(findings(lost)).toEqual(['subject node2/overlap overlap 1/5 critical']);
    const elsewhere = taken.lose('route', { observer: 'node3', subject: 'master1' });
    expect(findings(elsewhere)).toEqual([
      'subject node2/overlap overlap 1/5 critical',
      'pair node3:master1 route-missing 1/5 warning',
    ]);
  });

  test('the page asks before it removes anything, and puts back what is lost', async () => {
    const taken = on('node2', listed, 'network eth1 10.68.0.0/24').lose('route', {
      observer: 'node2',
      subject: 'master1',
    });
    const { reported } = await decided(taken.facts());
    expect(reported[0]?.fix.map(({ kind, hosts }) => `${kind} ${hosts.join()}`)).toEqual([
      'look node2',
      'removal node2',
      'entries node2',
    ]);
    expect(reported[0]?.fix[1]?.commands).toEqual(['ip route del 10.68.0.0/24 dev eth1']);
  });
});

describe('the bridge of the pods', () => {
  const bridged = (address: string, sees = listed): Cluster =>
    sees.answer('node2', (answer) => {
      const parsed = parseCidr(address);
      const bridges = parsed === undefined ? [] : [{ device: 'cni0', address: parsed }];
      return { ...answer, tables: { ...answer.tables, bridges } };
    });

  test('outside the pod CIDR is a mismatch', () => {
    expect(findings(bridged('10.99.4.1/24'))).toEqual([
      'subject node2/bridge-mismatch bridge-mismatch 5/5 warning',
    ]);
    expect(findings(bridged('10.68.5.1/24'))).toEqual([
      'subject node2/bridge-mismatch bridge-mismatch 5/5 warning',
    ]);
  });

  test.for(['10.68.4.1/24', '10.68.4.1/25'])('with %s is where it belongs', (address) => {
    expect(findings(bridged(address))).toEqual([]);
  });
});
