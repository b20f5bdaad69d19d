import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fix } from '../../../../shared/contract/report.ts';
import type { Latency } from '../../../../shared/core/latency.ts';
import type { DaemonSet } from '../../../../shared/core/overlay/restart.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { refusedIn } from '../../../../shared/core/fix/refused-entries.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import { parseIp } from '../../../../shared/core/overlay/addresses.ts';
import type { Device, Install, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { parseDaemonSets } from '../../../../shared/core/parse/kubernetes.ts';
import { cidr as cidrOf } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';
import { fixesOf, guarded, KEY } from '../../../support/fixes.ts';

const SIX = cluster(6).listed();
const MASTER1 = SIX.vtepOf('master1');

function fixed(damaged: Cluster, daemonSets: readonly DaemonSet[] = []): readonly Fix[] {
  const judgement = judge(damaged.facts());
  return judgement.findings.flatMap(fixesOf(judgement, { daemonSets }));
}

/** `node2$ ip neigh …`, as if it were typed there. */
function typed(damaged: Cluster, daemonSets: readonly DaemonSet[] = []): readonly string[] {
  return fixed(damaged, daemonSets).flatMap(({ hosts, runs, commands }) =>
    (runs === 'anywhere' ? ['kubectl'] : hosts).flatMap((host) =>
      commands.map((command) => `${host}$ ${command}`),
    ),
  );
}

function installed(damaged: Cluster, install: Install | undefined, master = false): Cluster {
  return damaged.names.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: {
          ...answer.host,
          install,
          kubeconfig: master ? '/etc/rancher/k3s/k3s.yaml' : undefined,
        },
      })),
    damaged,
  );
}

/** A listed DaemonSet; canal's, where nothing else is said of it. */
function rolling(changes: Partial<DaemonSet>): DaemonSet {
  return {
    namespace: 'kube-system',
    name: 'canal',
    strategy: 'RollingUpdate',
    maxUnavailable: '1',
    ...changes,
  };
}

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

describe('what two nodes claim is put nowhere: one of them may want the other’s packets', () => {
  const { tunnelIp = '', mac = '' } = SIX.vtepOf('master1');
  const claiming = (base: Cluster, changes: Partial<Device>): Cluster =>
    base.answer('node3', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, ...changes })),
      },
    }));

  test.for([
    ['its tunnel IP', claiming(cluster(6), { addresses: [cidrOf(`${tunnelIp}/32`)] })],
    ['its VTEP MAC', claiming(cluster(6), { mac })],
    ['its VTEP MAC, beside a list of nodes', claiming(SIX, { mac })],
  ] as const)('%s', ([, claimed]) => {
    expect(judge(claimed.facts()).findings).not.toEqual([]);
    const commands = typed(claimed);
    expect(
      commands.filter((command) => /(ip (neigh|route)|bridge fdb) replace/.test(command)),
    ).toEqual([]);
    expect(commands).not.toEqual([]);
  });

  test('and the entries of others are put back all the same', () => {
    const claimed = claiming(cluster(6), { mac }).lose('route', {
      observer: 'node2',
      subject: 'node1',
    });
    const { podCidr, tunnelIp: via } = claimed.vtepOf('node1');
    const command = `ip route replace ${podCidr} via ${via} dev flannel.1 onlink`;
    expect(typed(claimed)).toContain(`node2$ ${guarded(claimed.vtepOf('node1'), command)}`);
  });
});

/** What a problem says of each kind of refusal. */
const WORDS = {
  special: 'of a kind',
  length: 'another length',
  network: 'outside',
  contested: 'another node claims',
} as const;

describe('one host alone gives no command', () => {
  const withDevice = (base: Cluster, node: string, changes: Partial<Device>): Cluster =>
    base.answer(node, (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        devices: answer.tables.devices?.map((device) => ({ ...device, ...changes })),
      },
    }));
  const everyTable = (base: Cluster, subject: string): Cluster =>
    base.lose('neighbour', { subject }).lose('fdb', { subject }).lose('route', { subject });

  test('whose device contradicts the permanent entries of all its peers', () => {
    const claiming = withDevice(cluster(6), 'node3', { mac: 'b2:1f:9c:08:64:ee' });
    expect(judge(claiming.facts()).findings.map(({ cause }) => cause)).toContain('mac-mismatch');
    expect(entryCommands(claiming)).toEqual([]);
    expect(fixed(claiming).map(({ kind }) => kind)).toEqual(['look', 'look', 'restart', 'restart']);
  });

  test('of which no peer holds anything, without a node list; with one there are commands', () => {
    expect(entryCommands(everyTable(cluster(6), 'node3'))).toEqual([]);
    expect(entryCommands(everyTable(SIX, 'node3'))).toHaveLength(5);
  });

  test('nor do peers alone, where the node itself is silent and no list knows it', () => {
    const roster = nextRoster(cluster(6).facts(), judge(cluster(6).facts()));
    const silent = cluster(6)
      .silence('node3')
      .lose('neighbour', { subject: 'node3', observer: 'node1' });
    const judgement = judge(silent.facts({ roster }));
    expect(judgement.findings).toHaveLength(1);
    const kinds = judgement.findings.flatMap(fixesOf(judgement)).map(({ kind }) => kind);
    expect(kinds).toEqual(['restart']);
  });

  test.for([
    ['the default route', '0.0.0.0/0', 'special'],
    ['the metadata service', '169.254.169.254/32', 'special'],
    ["the hosts' own network", '192.168.0.0/16', 'length'],
    ["half of another node's pods", '10.68.1.128/25', 'length'],
    ["another node's pods", '10.68.1.0/24', 'contested'],
    ['a network beside the pod network', '10.99.1.0/24', 'network'],
    ["the hosts' own network in the right length", '192.168.1.0/24', 'network'],
  ] as const)('nor does the list for a pod CIDR that is %s', ([, text, kind]) => {
    const podCidr = cidrOf(text);
    const claimed = cluster(6).listed((node) =>
      node.name === 'node3' ? { ...node, podCidrs: [podCidr] } : node,
    );
    const tunnel = cidrOf(`${text.split('/')[0] ?? ''}/32`);
    const lost = everyTable(withDevice(claimed, 'node3', { addresses: [tunnel] }), 'node3');
    expect(judge(lost.facts()).findings).not.toEqual([]);
    const commands = entryCommands(lost);
    expect(commands.filter((command) => command.includes(podCidr))).toEqual([]);
    expect(commands).toEqual([]);
    expect(refusals(lost).join()).toContain(WORDS[kind]);
  });

  test.for([['ff:ff:ff:ff:ff:ff'], ['01:00:5e:00:00:01'], ['00:00:00:00:00:00']] as const)(
    'nor does the list for the MAC %s',
    ([mac]) => {
      const listed = cluster(6).listed((node) =>
        node.name === 'node3'
          ? { ...node, annotated: node.annotated.map((one) => ({ ...one, mac })) }
          : node,
      );
      const lost = everyTable(withDevice(listed, 'node3', { mac }), 'node3');
      expect(entryCommands(lost)).toEqual([]);
    },
  );

  test.for([['0.0.0.0'], ['127.0.0.1'], ['169.254.0.9'], ['224.0.0.1'], ['255.255.255.255']])(
    'nor does the list for the public IP %s',
    ([text = '']) => {
      const publicIp = parseIp(text);
      const listed = cluster(6).listed((node) =>
        node.name === 'node3'
          ? { ...node, annotated: node.annotated.map((one) => ({ ...one, publicIp })) }
          : node,
      );
      const lost = everyTable(withDevice(listed, 'node3', { local: publicIp }), 'node3');
      expect(entryCommands(lost)).toEqual([]);
    },
  );

  test.for([
    ['the default route', '0.0.0.0/0', 'special'],
    ["the hosts' own network", '172.16.0.0/12', 'length'],
    ["half of another node's pods", '10.68.1.128/25', 'length'],
    ['a network beside the pod network', '10.99.1.0/24', 'network'],
  ] as const)('a pod CIDR that is %s is reported before anything is wrong', ([, text, kind]) => {
    const podCidr = cidrOf(text);
    const healthy = cluster(6).listed((node) =>
      node.name === 'node3' ? { ...node, podCidrs: [podCidr] } : node,
    );
    expect(refusedIn(judge(healthy.facts()), [])).toEqual([
      { where: 'node3', message: expect.stringContaining(WORDS[kind]) },
    ]);
  });

  test('a healthy cluster has none, and of very many the first are reported', () => {
    expect(refusedIn(judge(SIX.facts()), [])).toEqual([]);
    const odd = cluster(30).listed((node) => ({
      ...node,
      podCidrs: [cidrOf('127.0.0.0/24')],
    }));
    const refused = refusedIn(judge(odd.facts()), []);
    expect(refused).toHaveLength(11);
    expect(refused.at(-1)?.message).toBe('no command puts the entries of 20 more nodes back');
  });

  test('a tunnel IP that two nodes have is reported of both', () => {
    const { tunnelIp = '' } = cluster(6).vtepOf('node1');
    const claiming = withDevice(cluster(6), 'node3', { addresses: [cidrOf(`${tunnelIp}/32`)] });
    const refused = refusedIn(judge(claiming.facts()), []);
    expect(refused.map(({ where }) => where)).toEqual(['node1', 'node3']);
  });

  test('and what it claims takes no command from the node that the list knows by it', () => {
    const { tunnelIp = '', mac } = cluster(6).vtepOf('node1');
    const claiming = withDevice(SIX, 'node3', {
      mac,
      addresses: [cidrOf(`${tunnelIp}/32`)],
    });
    const lost = claiming.lose('route', { observer: 'node2', subject: 'node1' });
    const replaced = `ip route replace 10.68.3.0/24 via ${tunnelIp} dev flannel.1 onlink`;
    expect(entryCommands(lost)).toContain(
      `node2$ ${guarded(cluster(6).vtepOf('node1'), replaced)}`,
    );
    expect(entryCommands(lost).filter((command) => command.includes('192.168.1.5'))).toEqual([]);
  });
});

function entryCommands(damaged: Cluster): readonly string[] {
  return typed(damaged).filter((command) => /(ip (neigh|route)|bridge fdb) replace/.test(command));
}

function refusals(damaged: Cluster): readonly string[] {
  const judgement = judge(damaged.facts());
  return refusedIn(judgement, judgement.findings).map(
    ({ where, message }) => `${where} ${message.replace(/^[^:]*: /, '')}`,
  );
}

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

describe('flannel is restarted as it came onto the host', () => {
  const gone = SIX.dropDevice('node2');

  test.for([
    [
      'canal',
      gone,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
    ],
    [
      'rke2',
      gone,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
    ],
    [
      'flannel',
      gone,
      'kubectl$ kubectl -n kube-flannel delete pod -l app=flannel --timeout=60s --field-selector spec.nodeName=node2',
    ],
    ['k3s', gone, 'node2$ systemctl restart k3s-agent'],
  ] as const)('%s', ([install, damaged, command]) => {
    expect(typed(installed(damaged, install))).toEqual([command]);
  });

  test.for([[undefined], ['rke2'], ['k3s']] as const)(
    'Calico in its own way, whoever installed it: %s',
    ([install]) => {
      const calico = SIX.names.reduce(
        (on, name) =>
          on.answer(name, (answer) => ({
            ...answer,
            tables: {
              ...answer.tables,
              devices: answer.tables.devices?.map((one) => ({ ...one, name: 'vxlan.calico' })),
            },
          })),
        SIX,
      );
      const damaged = installed(calico.dropDevice('node2'), install);
      const deletion = (namespace: string): string =>
        `kubectl -n ${namespace} delete pod -l k8s-app=calico-node --timeout=60s --field-selector spec.nodeName=node2`;
      expect(fixed(damaged).map(({ condition, commands }) => [condition, ...commands])).toEqual([
        ["Where Calico's operator runs Calico:", deletion('calico-system')],
        ["Where Calico's manifest runs Calico:", deletion('kube-system')],
      ]);
      const listed = rolling({ namespace: 'calico-system', name: 'calico-node' });
      expect(typed(damaged, [listed, rolling({})])).toEqual([
        `kubectl$ ${deletion('calico-system')}`,
      ]);
    },
  );

  test('k3s on a master', () => {
    expect(typed(installed(gone, 'k3s', true))).toEqual(['node2$ systemctl restart k3s']);
  });

  test('in each way that may be right, where the host does not know how', () => {
    const steps = fixed(installed(gone, undefined));
    expect(steps.map(({ condition, commands }) => [condition, commands.join()])).toEqual([
      [
        'Where canal or RKE2 runs flannel:',
        'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
      ],
      [
        "Where flannel's manifest runs flannel:",
        'kubectl -n kube-flannel delete pod -l app=flannel --timeout=60s --field-selector spec.nodeName=node2',
      ],
      [
        'Where kubespray runs flannel:',
        'kubectl -n kube-system delete pod -l k8s-app=flannel --timeout=60s --field-selector spec.nodeName=node2',
      ],
      [
        'Where k3s (a server: unit k3s, one at a time) runs flannel:',
        'systemctl restart k3s-agent',
      ],
    ]);
  });

  test.for([
    ['kube-flannel', 'kube-flannel-ds', undefined, 'kube-flannel', 'app=flannel'],
    ['kube-system', 'kube-flannel-ds-amd64', 'flannel', 'kube-system', 'app=flannel'],
    ['kube-system', 'kube-flannel', 'flannel', 'kube-system', 'k8s-app=flannel'],
    ['kube-system', 'rke2-canal', undefined, 'kube-system', 'k8s-app=canal'],
    // It has the directory of k3s, whose own flannel is off.
    ['kube-system', 'canal', 'k3s', 'kube-system', 'k8s-app=canal'],
  ] as const)(
    'as the DaemonSet %s/%s shows, on a host of install %s',
    ([namespace, name, install, inNamespace, label]) => {
      expect(typed(installed(gone, install), [rolling({ namespace, name })])).toEqual([
        `kubectl$ kubectl -n ${inNamespace} delete pod -l ${label} --timeout=60s --field-selector spec.nodeName=node2`,
      ]);
    },
  );

  test('of several DaemonSets, by the one that fits the host', () => {
    const leftOver = rolling({ namespace: 'kube-flannel', name: 'kube-flannel-ds' });
    const both = [leftOver, rolling({})];
    expect(typed(installed(gone, 'canal'), both)).toEqual([
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=node2',
    ]);
    expect(fixed(installed(gone, undefined), both).map(({ condition }) => condition)).toEqual([
      'Where kube-flannel-ds in kube-flannel runs flannel:',
      'Where canal in kube-system runs flannel:',
    ]);
  });

  test("a tenant's DaemonSet of that name is not the CNI's", () => {
    const named = rolling({ namespace: 'tenant', name: 'canal' });
    expect(typed(installed(gone, 'k3s'), [named])).toEqual(['node2$ systemctl restart k3s-agent']);
  });

  test('on one node after the other', () => {
    const lost = SIX.lose('route', { subject: 'master1', observer: ['node1', 'node2'] });
    expect(typed(lost).at(-1)).toBe(
      'kubectl$ for n in node1 node2; do kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n; done',
    );
  });

  test('k3s servers one at a time, apart from the agents', () => {
    const lost = installed(SIX.lose('route', { subject: 'node3' }), 'k3s').answer(
      'master1',
      (answer) => ({
        ...answer,
        host: { ...answer.host, kubeconfig: '/etc/rancher/k3s/k3s.yaml' },
      }),
    );
    expect(
      fixed(lost).map(({ kind, hosts, commands }) => [kind, hosts.length, commands.at(-1)]),
    ).toEqual([
      ['entries', 5, expect.any(String)],
      ['restart', 4, 'systemctl restart k3s-agent'],
      ['restart', 1, 'systemctl restart k3s'],
    ]);
  });

  test('and the fix names the nodes whose flannel restarts, beside where its commands run', () => {
    const wide = fixed(cluster(60).listed().lose('neighbour', { subject: 'master1' }));
    expect(wide.map(({ kind, hosts, runs }) => [kind, hosts.length, runs])).toEqual([
      ['entries', 59, 'on-hosts'],
      ['restart', 59, 'anywhere'],
    ]);
    const [restart] = fixed(installed(gone, 'k3s'));
    expect(restart).toMatchObject({ hosts: ['node2'], runs: 'on-hosts', agent: 'flannel' });
    const mixed = SIX.dropDevice('node1', 'node2').answer('node1', (answer) => ({
      ...answer,
      host: { ...answer.host, install: 'k3s' },
    }));
    expect(fixed(mixed).map(({ hosts, runs }) => [hosts, runs])).toEqual([
      [['node1'], 'on-hosts'],
      [['node2'], 'anywhere'],
    ]);
  });

  test('by a rollout where more than half of the nodes have lost something', () => {
    const commands = typed(cluster(60).listed().lose('neighbour', { subject: 'master1' }));
    expect(commands.at(-1)).toBe('kubectl$ kubectl -n kube-system rollout restart ds/canal');
  });

  test.for([
    ['1', "nothing. It takes about 30 minutes: the DaemonSet's maxUnavailable is 1"],
    ['10%', "nothing. It takes about 5 minutes: the DaemonSet's maxUnavailable is 10%"],
    ['7', "nothing. It takes about 5 minutes: the DaemonSet's maxUnavailable is 7"],
  ] as const)(
    'by a rollout with maxUnavailable %s, and how long it takes',
    ([maxUnavailable, interrupts]) => {
      const lost = cluster(60).listed().lose('neighbour', { subject: 'master1' });
      expect(fixed(lost, [rolling({ maxUnavailable })]).at(-1)).toMatchObject({ interrupts });
    },
  );

  test.for([
    ['is updated on deletion alone', { strategy: 'OnDelete', maxUnavailable: undefined }],
    ['lets no pod be away', { strategy: 'RollingUpdate', maxUnavailable: '0' }],
  ] as const)('never by a rollout of a DaemonSet that %s', ([, updates]) => {
    const lost = cluster(60).listed().lose('neighbour', { subject: 'master1' });
    expect(typed(lost, [rolling(updates)]).at(-1)).toBe(
      `kubectl$ for n in $(npx --no vtepwatch show ${KEY} --hosts --step 2); do kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n; done`,
    );
  });

  test('with names that a command prints, where they are many and not most', () => {
    const observer = Array.from({ length: 25 }, (_, at) => `node${at + 1}`);
    const commands = typed(
      cluster(60).listed().lose('neighbour', { subject: 'master1', observer }),
    );
    expect(commands.at(-1)).toBe(
      `kubectl$ for n in $(npx --no vtepwatch show ${KEY} --hosts --step 2); do kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n; done`,
    );
  });
});

test('a host on which no flannel runs, unlike on the others: the first step asks why', () => {
  const running = SIX.names.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: {
          ...answer.host,
          install: 'canal',
          flanneldSeconds: name === 'node2' ? undefined : 9000,
        },
      })),
    SIX.lose('neighbour', { observer: 'node2' }),
  );
  expect(fixed(running)[0]).toEqual({
    kind: 'look',
    hosts: ['node2'],
    runs: 'anywhere',
    commands: [
      'kubectl -n kube-system get pods -l k8s-app=canal --field-selector spec.nodeName=node2',
    ],
    condition: 'No flannel runs on node2, and that comes first. Why?',
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

describe('where the API of a master does not answer', () => {
  const gone = SIX.dropDevice('node2');
  const silent = {
    request: { kind: 'get-nodes' },
    outcome: 'no-answer',
    seconds: 18,
    detail: '',
  } as const;
  const fixesWith = (latencies: readonly Latency[]) => {
    const judgement = judge(gone.facts());
    return judgement.findings.flatMap(fixesOf(judgement, { latencies }));
  };

  test('kubectl runs on one whose API does', () => {
    const quick = { ...silent, node: 'master2', outcome: 'answered', seconds: 0.3 } as const;
    expect(fixesWith([{ ...silent, node: 'master1' }, quick])).toMatchObject([
      { kind: 'restart', runs: 'anywhere', kubectlOn: 'master2' },
    ]);
  });

  test.for([
    [
      '/etc/kubernetes/admin.conf',
      'kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://192.168.1.1:6443',
    ],
    [
      '/etc/rancher/rke2/rke2.yaml',
      '/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml',
    ],
    ['/etc/rancher/k3s/k3s.yaml', 'kubectl --kubeconfig /etc/rancher/k3s/k3s.yaml'],
    // No other path gets into a command: a host may claim any.
    ['/home/somebody/kubeconfig', 'kubectl'],
  ] as const)(
    'which has its kubeconfig in %s: against its own API server',
    ([kubeconfig, kubectl]) => {
      const judgement = judge(
        gone
          .answer('master2', (answer) => ({ ...answer, host: { ...answer.host, kubeconfig } }))
          .facts(),
      );
      const quick = { ...silent, node: 'master2', outcome: 'answered', seconds: 0.3 } as const;
      const latencies = [{ ...silent, node: 'master1' }, quick];
      const [fix] = judgement.findings.flatMap(fixesOf(judgement, { latencies }));
      expect(fix?.commands[0]).toMatch(
        new RegExp(`^${kubectl} -n kube-system delete pod -l k8s-app=canal `),
      );
    },
  );

  test('but is there, and an aggregated API keeps kubectl waiting: kubectl works, and is slow', () => {
    const there = {
      ...silent,
      request: { kind: 'readyz' },
      outcome: 'answered',
      seconds: 0.01,
    } as const;
    expect(
      fixesWith([
        { ...silent, node: 'master1', seconds: 45 },
        { ...there, node: 'master1' },
      ]),
    ).toMatchObject([
      {
        kind: 'restart',
        runs: 'anywhere',
        interrupts:
          'nothing: pods keep their network. kubectl may need 45.0 s before it begins: the API servers are slow',
      },
    ]);
  });

  test('of none, flannel is restarted on the host itself', () => {
    expect(fixesWith([{ ...silent, node: 'master1' }])).toMatchObject([
      {
        kind: 'restart',
        runs: 'on-hosts',
        hosts: ['node2'],
        commands: [
          'export PATH=$PATH:/usr/local/bin; crictl ps --name ^kube-flannel$ -q | xargs crictl stop',
        ],
      },
    ]);
  });
});

describe('the line that sets entries on all hosts', () => {
  const site = {
    account: '123456789012',
    region: 'eu-central-1',
    targets: [{ Key: 'tag:vtepwatch', Values: ['prod'] }],
  };
  const linesOf = (damaged: Cluster): readonly string[] => {
    const identified = damaged.names.reduce(
      (sofar, name, at) =>
        sofar.answer(name, (answer) => ({
          ...answer,
          host: { ...answer.host, instanceId: `i-${String(at).padStart(17, '0')}` },
        })),
      damaged,
    );
    const judgement = judge(identified.facts());
    const [first] = judgement.findings.flatMap(fixesOf(judgement, { site }));
    return (first?.remotely ?? []).map((line) => line.replace(/ --max-concurrency.*/, ''));
  };
  const lost = { subject: 'master1' } as const;

  test('has their ids, of up to 50', () => {
    const [line = '', ...more] = linesOf(cluster(51).listed().lose('neighbour', lost));
    expect(more).toEqual([]);
    expect(line.match(/ i-0/g)).toHaveLength(50);
  });

  test('has the tag of the cluster, of more: each host decides for itself', () => {
    expect(linesOf(cluster(52).listed().lose('neighbour', lost))).toEqual([
      'aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --targets Key=tag:vtepwatch,Values=prod',
    ]);
  });
});

/** What a person may paste into a root shell. */
const NAME = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const IP = '[0-9a-f.:]{2,39}';
const MAC = '[0-9a-f]{2}(:[0-9a-f]{2}){5}';
const DEVICE = '(flannel(-v6)?\\.[0-9]{1,8}|vxlan(-v6)?\\.calico)';
const SELECTOR = '(k8s-app=canal|app=flannel|k8s-app=flannel|k8s-app=calico-node)';
const ENTRY = `(ip neigh replace ${IP} lladdr ${MAC} dev ${DEVICE} nud permanent|bridge fdb replace ${MAC} dev ${DEVICE} dst ${IP} self permanent|ip route replace ${IP}/[0-9]{1,3} via ${IP} dev ${DEVICE} onlink)`;
const DELETION = `kubectl -n (kube-system|kube-flannel|calico-system) delete pod -l ${SELECTOR} --timeout=60s --field-selector spec.nodeName=`;
const COMMAND = new RegExp(
  `^(${[
    `case \\$\\(ip addr show dev ${DEVICE} 2>/dev/null\\) in \\*\\[!0-9a-f\\.:\\]${IP}/\\*(\\|\\*${MAC}\\*)?\\) ;; \\*/(32|128)\\*\\) ${ENTRY}( && ${ENTRY}){0,2} ;; esac`,
    `(ip addr replace ${IP}/(32|128) dev ${DEVICE} && )?ip link set dev ${DEVICE} up`,
    `ip link delete ${DEVICE}`,
    `ip -o link show dev ${DEVICE}`,
    `kubectl get --raw /api/v1/nodes/${NAME} \\| grep -o 'VtepMAC\\[\\^}\\]\\*'`,
    'kubectl get nodes -o name',
    `kubectl -n (kube-system|kube-flannel|calico-system) get pods -l ${SELECTOR} --field-selector spec.nodeName=${NAME}`,
    `systemctl restart k3s(-agent)?`,
    `${DELETION}${NAME}`,
    `for n in ${NAME}( ${NAME})*; do ${DELETION}\\$n; done`,
  ].join('|')})$`,
);

/** Nothing but one block in quotes, and hosts by ids or names. */
const REMOTE = new RegExp(
  `^(aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --instance-ids( m?i-[0-9a-f]{8,17}){2,50} --max-concurrency (10% --max-errors 1|1 --max-errors 0) --parameters '[^']*'|for n in ${NAME}( ${NAME})*; do echo '[^']*' \\| ssh \\$n sudo sh( \\|\\| break)?; done)$`,
);

test('whatever hosts and Kubernetes send, every command is of the strict grammar', () => {
  const evil = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '$(reboot)',
      '; reboot',
      '`reboot`',
      '-rf',
      '--all',
      'a b',
      '\n',
      '&&',
      '../..',
    ),
  );
  const mac = fc.option(fc.oneof(anyMac, evil, fc.constant('36:9u:9c:53:4a:10')), {
    nil: undefined,
  });
  const device = fc.oneof(
    fc.constantFrom('flannel.1', 'flannel-v6.1', 'vxlan.calico', 'flannel.99999999999'),
    evil,
  );
  const name = fc.oneof(fc.constantFrom('node1', 'node2', 'node3'), evil);
  const ip = fc.option(anyIp, { nil: undefined });
  const cidr = fc.option(anyCidr, { nil: undefined });
  const anyHost = fc.record({
    node: name,
    instanceId: fc.oneof(fc.constantFrom('i-0123456789abcdef0', 'mi-00112233445566778'), evil),
    up: fc.boolean(),
    install: fc.constantFrom<Install | undefined>('canal', 'k3s', 'flannel', undefined),
    kubeconfig: fc.option(evil, { nil: undefined }),
    device,
    mac,
    local: ip,
    address: cidr,
    neighbours: fc.array(
      fc.record({ device, ip: anyIp, mac, permanent: fc.boolean(), state: evil }),
    ),
    fdb: fc.array(fc.record({ device, mac: fc.oneof(anyMac, evil), destination: anyIp })),
    routes: fc.array(fc.record({ device, destination: anyCidr, gateway: anyIp })),
  });
  const listed = fc.record({
    name,
    mac,
    publicIp: ip,
    podCidrs: fc.array(anyCidr, { maxLength: 2 }),
  });
  const anyDaemonSet = fc.record({
    namespace: fc.oneof(fc.constantFrom('kube-system', 'kube-flannel', 'calico-system'), evil),
    name: fc.oneof(fc.constantFrom('canal', 'rke2-canal', 'kube-flannel-ds', 'calico-node'), evil),
    updateStrategy: fc.constantFrom({ type: 'OnDelete' }, { type: '$(reboot)' }, undefined),
  });
  let commands = 0;
  fc.assert(
    fc.property(
      fc.array(anyHost, { minLength: 2, maxLength: 5 }),
      fc.option(fc.array(listed, { maxLength: 5 }), { nil: undefined }),
      fc.array(anyDaemonSet, { maxLength: 4 }),
      (hosts, nodes, sets) => {
        const observations = hosts.map((host): Observation => {
          const {
            node,
            instanceId,
            install,
            kubeconfig,
            device: dev,
            neighbours,
            fdb,
            routes,
          } = host;
          const addresses = host.address === undefined ? [] : [host.address];
          const own = { name: dev, up: host.up, mac: host.mac, local: host.local, addresses };
          return {
            kind: 'tables',
            host: { node, instanceId, install, kubeconfig },
            tables: { devices: [own], neighbours, fdb, routes },
            verbatim: [],
            unread: [],
          };
        });
        const list = nodes?.map((node) => ({
          name: node.name,
          internalIps: [],
          podCidrs: node.podCidrs,
          annotated: [{ family: 'ipv4', mac: node.mac, publicIp: node.publicIp }] as const,
        }));
        const judgement = judge(
          cluster(0).facts({
            observations,
            nodes:
              list === undefined
                ? { kind: 'not-configured' }
                : { kind: 'read', before: list, after: list },
          }),
        );
        const items = sets.map(({ updateStrategy, ...metadata }) => ({
          metadata,
          spec: { updateStrategy },
        }));
        const daemonSets = parseDaemonSets('here', { items }).value;
        const site = { account: '123456789012', region: 'eu-central-1', targets: [] };
        const fixes = fixesOf(judgement, { daemonSets, site });
        for (const finding of judgement.findings) {
          for (const fix of fixes(finding)) {
            for (const line of fix.remotely ?? []) expect(line).toMatch(REMOTE);
            commands += fix.commands.length;
            for (const command of fix.commands) expect(command).toMatch(COMMAND);
            for (const host of fix.hosts) expect(host).toMatch(new RegExp(`^${NAME}$`));
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  // Of random hosts some are damaged in a way that has a fix.
  expect(commands).toBeGreaterThan(50);
});
