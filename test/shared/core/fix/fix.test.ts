import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { cluster } from '../../../support/cluster.ts';
import { fixed, fixesOf, guarded, typed } from '../../../support/fixes.ts';

const SIX = cluster(6).listed();
const MASTER1 = SIX.vtepOf('master1');

test('what the nodes claim is worked out once for all findings: a second one asks of its own node alone', () => {
  const judgement = judge(
    SIX.lose('neighbour', { observer: 'node2', subject: 'master1' })
      .lose('fdb', { observer: 'node3', subject: 'master2' })
      .facts(),
  );
  let reads = 0;
  const vteps = judgement.vteps.map((vtep) => ({
    ...vtep,
    get mac() {
      if (vtep.node !== 'master2') reads += 1;
      return vtep.mac;
    },
  }));
  const fixes = fixesOf({ ...judgement, vteps });
  const readsOfEach = judgement.findings.map((finding) => {
    const before = reads;
    expect(fixes(finding).map(({ kind }) => kind)).toContain('entries');
    return reads - before;
  });
  expect(readsOfEach).toEqual([expect.any(Number), 0]);
  expect(readsOfEach[0]).toBeGreaterThan(0);
});

describe('single entries are put back where they are gone', () => {
  const pair = { observer: 'node2', subject: 'master1' } as const;

  test.for([
    [
      'a neighbour entry',
      SIX.lose('neighbour', pair),
      'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
    ],
    [
      'an FDB entry',
      SIX.lose('fdb', pair),
      'bridge fdb replace 36:9b:9c:53:00:00 dev flannel.1 dst 192.168.1.0 self permanent',
    ],
    [
      'a route',
      SIX.lose('route', pair),
      'ip route replace 10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink',
    ],
    [
      'a wrong MAC',
      SIX.change('neighbour', pair),
      'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
    ],
  ] as const)('%s', ([, damaged, command]) => {
    expect(typed(damaged)).toEqual([
      `node2$ ${guarded(MASTER1, command)}`,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
    ]);
  });

  test('but not on a device that is gone', () => {
    expect(typed(SIX.dropDevice('node2'))).toEqual([
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
    ]);
  });

  test('and not those of the tunnel, where a direct route may be what was lost', () => {
    const { podCidr, underlayIp } = SIX.vtepOf('node3');
    if (podCidr === undefined || underlayIp === undefined) throw new Error('node3 is not known');
    const direct = { device: 'eth0', destination: podCidr, gateway: underlayIp };
    const routing = SIX.answer('node1', (answer) => ({
      ...answer,
      tables: { ...answer.tables, routes: [...(answer.tables.routes ?? []), direct] },
    }));
    const lost = (['neighbour', 'fdb', 'route'] as const).reduce(
      (sofar, table) => sofar.lose(table, pair),
      routing,
    );
    expect(fixed(lost).map(({ kind }) => kind)).toEqual(['restart']);
    expect(fixed(routing.lose('fdb', pair)).map(({ kind }) => kind)).toEqual([
      'entries',
      'restart',
    ]);
  });

  test('and not one by one where a host has lost very many nodes', () => {
    const fixes = fixed(cluster(80).listed().lose('neighbour', { observer: 'node2' }));
    expect(fixes.map(({ kind, hosts }) => [kind, hosts])).toEqual([['restart', ['node2']]]);
  });

  test('one command puts the entry back on all hosts, however many have lost it', () => {
    const [first] = fixed(cluster(120).listed().lose('neighbour', { subject: 'master1' }));
    expect(first).toMatchObject({
      kind: 'entries',
      commands: [
        guarded(
          MASTER1,
          'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
        ),
      ],
    });
    expect(first?.hosts).toHaveLength(119);
  });

  test('never with a MAC that somebody has masked', () => {
    const masked = cluster(6)
      .hide('devices')
      .listed((node) => ({
        ...node,
        annotated: node.annotated.map((one) => ({ ...one, mac: '36:9u:9c:53:4a:10' })),
      }))
      .lose('neighbour', { subject: 'master1' })
      .lose('fdb', { subject: 'master1' });
    expect(typed(masked).filter((command) => command.includes('9u'))).toEqual([]);
  });
});

describe('a drifted device', () => {
  test('is announced anew by flannel on that node alone; only if that does not help it is deleted', () => {
    const restart =
      'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=master1';
    expect(
      fixed(SIX.drift('master1')).map(({ condition, commands }) => [condition, commands]),
    ).toEqual([
      [undefined, [restart]],
      ['Only if the check still fails ten minutes later:', ['ip link delete flannel.1']],
      ['After you deleted the device:', [restart]],
    ]);
  });

  test('goes by the name that it has', () => {
    const renamed = SIX.drift('master1').answer('master1', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, name: 'flannel.4096' })),
      },
    }));
    expect(typed(renamed)).toContain('master1$ ip link delete flannel.4096');
  });
});

test('a device that is down is set up, with its address, before entries are set', () => {
  const down = SIX.lose('neighbour', { observer: 'node2' })
    .lose('route', { observer: 'node2' })
    .answer('node2', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, up: false, addresses: [] })),
      },
    }));
  expect(fixed(down).map(({ kind, commands }) => [kind, commands[0]?.slice(0, 60)])).toEqual([
    ['up', 'ip addr replace 10.68.4.0/32 dev flannel.1 && ip link set de'],
    ['entries', expect.any(String)],
    ['restart', expect.any(String)],
  ]);
});

test('a node without annotations, where others have theirs, is restarted itself', () => {
  const unannounced = cluster(6)
    .listed((node) => (node.name === 'node3' ? { ...node, annotated: [] } : node))
    .lose('neighbour', { subject: 'node3' })
    .lose('fdb', { subject: 'node3' })
    .lose('route', { subject: 'node3' });
  expect(fixed(unannounced).map(({ kind, hosts }) => [kind, hosts])).toEqual([
    ['restart', ['node3']],
  ]);
});
