import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fix } from '../../../../shared/contract/report.ts';
import type { PodList } from '../../../../shared/core/facts.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { fixesIn, refusedIn } from '../../../../shared/core/fix/fix.ts';
import { nextRoster } from '../../../../shared/core/members/roster.ts';
import { parseIp } from '../../../../shared/core/overlay/addresses.ts';
import type { Device, Install, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { parsePods, type Pod } from '../../../../shared/core/parse/kubernetes.ts';
import { cidr as cidrOf } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';

const SIX = cluster(6).listed();

function fixed(damaged: Cluster, pods?: readonly Pod[]): readonly Fix[] {
  const list: PodList = pods === undefined ? { kind: 'not-configured' } : { kind: 'read', pods };
  const judgement = judge(damaged.facts());
  return judgement.findings.flatMap(fixesIn(judgement, list));
}

/** `node2$ ip neigh …`, as if it were typed there. */
function typed(damaged: Cluster, pods?: readonly Pod[]): readonly string[] {
  return fixed(damaged, pods).flatMap(({ hosts, runs, commands }) =>
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
  const fixesOf = fixesIn({ ...judgement, vteps }, { kind: 'not-configured' });
  const readsOfEach = judgement.findings.map((finding) => {
    const before = reads;
    expect(fixesOf(finding).map(({ kind }) => kind)).toContain('entries');
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
      'node2$ ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
    ],
    [
      'an FDB entry',
      SIX.lose('fdb', pair),
      'node2$ bridge fdb replace 36:9b:9c:53:00:00 dev flannel.1 dst 192.168.1.0 self permanent',
    ],
    [
      'a route',
      SIX.lose('route', pair),
      'node2$ ip route replace 10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink',
    ],
    [
      'a wrong MAC',
      SIX.change('neighbour', pair),
      'node2$ ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent',
    ],
  ] as const)('%s', ([, damaged, command]) => {
    expect(typed(damaged)).toEqual([
      command,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --field-selector spec.nodeName=node2',
    ]);
  });

  test('but not on a device that is gone', () => {
    expect(typed(SIX.dropDevice('node2'))).toEqual([
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --field-selector spec.nodeName=node2',
    ]);
  });

  test('and not one by one where they are very many', () => {
    const fixes = fixed(cluster(80).listed().lose('neighbour', { observer: 'node2' }));
    expect(fixes.map(({ kind, hosts }) => [kind, hosts])).toEqual([['restart', ['node2']]]);
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
    expect(commands.filter((command) => /\$ (ip (neigh|route)|bridge)/.test(command))).toEqual([]);
    expect(commands).not.toEqual([]);
  });

  test('and the entries of others are put back all the same', () => {
    const claimed = claiming(cluster(6), { mac }).lose('route', {
      observer: 'node2',
      subject: 'node1',
    });
    const { podCidr, tunnelIp: via } = claimed.vtepOf('node1');
    expect(typed(claimed)).toContain(
      `node2$ ip route replace ${podCidr} via ${via} dev flannel.1 onlink`,
    );
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
    expect(refusals(claiming)).toEqual([
      'node3 its MAC address and addresses are not confirmed: two of node list, own device and peers must agree',
    ]);
  });

  test('of which no peer holds anything, without a node list; with one there are commands', () => {
    expect(entryCommands(everyTable(cluster(6), 'node3'))).toEqual([]);
    expect(entryCommands(everyTable(SIX, 'node3'))).toHaveLength(15);
  });

  test('nor do peers alone, where the node itself is silent and no list knows it', () => {
    const roster = nextRoster(cluster(6).facts(), judge(cluster(6).facts()));
    const silent = cluster(6)
      .silence('node3')
      .lose('neighbour', { subject: 'node3', observer: 'node1' });
    const judgement = judge(silent.facts({ roster }));
    expect(judgement.findings).toHaveLength(1);
    const kinds = judgement.findings
      .flatMap(fixesIn(judgement, { kind: 'not-configured' }))
      .map(({ kind }) => kind);
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
    expect(entryCommands(lost)).toContain(
      `node2$ ip route replace 10.68.3.0/24 via ${tunnelIp} dev flannel.1 onlink`,
    );
    expect(entryCommands(lost).filter((command) => command.includes('192.168.1.5'))).toEqual([]);
  });
});

function entryCommands(damaged: Cluster): readonly string[] {
  return typed(damaged).filter((command) => /\$ (ip (neigh|route)|bridge) /.test(command));
}

function refusals(damaged: Cluster): readonly string[] {
  const judgement = judge(damaged.facts());
  return refusedIn(judgement, judgement.findings).map(
    ({ where, message }) => `${where} ${message.replace(/^[^:]*: /, '')}`,
  );
}

describe('a drifted device', () => {
  test('is deleted, and made anew by flannel on that node alone', () => {
    expect(typed(SIX.drift('master1'))).toEqual([
      'master1$ ip link delete flannel.1',
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --field-selector spec.nodeName=master1',
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
    expect(typed(renamed)[0]).toBe('master1$ ip link delete flannel.4096');
  });
});

describe('flannel is restarted as it came onto the host', () => {
  const gone = SIX.dropDevice('node2');

  test.for([
    [
      'canal',
      gone,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --field-selector spec.nodeName=node2',
    ],
    [
      'rke2',
      gone,
      'kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal --field-selector spec.nodeName=node2',
    ],
    [
      'flannel',
      gone,
      'kubectl$ kubectl -n kube-flannel delete pod -l app=flannel --field-selector spec.nodeName=node2',
    ],
    ['k3s', gone, 'node2$ systemctl restart k3s-agent'],
    [
      undefined,
      gone,
      "kubectl$ kubectl -n kube-system delete pod -l 'k8s-app in (canal,flannel)' --field-selector spec.nodeName=node2",
    ],
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
      expect(typed(installed(calico.dropDevice('node2'), install))).toEqual([
        'kubectl$ kubectl delete pod -A -l k8s-app=calico-node --field-selector spec.nodeName=node2',
      ]);
    },
  );

  test('k3s on a master', () => {
    expect(typed(installed(gone, 'k3s', true))).toEqual(['node2$ systemctl restart k3s']);
  });

  test('by label where more pods have it than nodes have flannel', () => {
    const pods = Array.from({ length: 21 }, (_, at) => ({
      name: `${'x'.repeat(200)}-${at}`,
      namespace: 'kube-system',
      node: 'node1',
      flannel: true,
    }));
    const text = typed(SIX.lose('neighbour', { observer: 'node1' }), pods).join('\n');
    expect(text).not.toContain('xxx');
    expect(text).toContain('-l k8s-app=canal --field-selector spec.nodeName=node1');
  });

  test('by its pods where they are known, in one command', () => {
    const pods = ['node1', 'node2', 'node3'].map((node, at) => ({
      name: `canal-${at}`,
      namespace: 'kube-system',
      node,
      flannel: node !== 'node3',
    }));
    const damaged = SIX.dropDevice('node1', 'node2');
    const commands = typed(damaged, pods);
    expect(commands).toEqual([
      'kubectl$ kubectl -n kube-system delete pod canal-0',
      'kubectl$ kubectl -n kube-system delete pod canal-1',
    ]);
    const lost = SIX.lose('route', { subject: 'master1', observer: ['node1', 'node2'] });
    expect(typed(lost, pods).at(-1)).toBe(
      'kubectl$ kubectl -n kube-system delete pod canal-0 canal-1',
    );
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

  test('wherever it runs, where it would be very many nodes: nobody is left out', () => {
    const commands = typed(cluster(60).listed().lose('neighbour', { subject: 'master1' }));
    expect(commands.at(-1)).toBe('kubectl$ kubectl -n kube-system delete pod -l k8s-app=canal');
  });
});

/** What a person may paste into a root shell. */
const NAME = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const IP = '[0-9a-f.:]{2,39}';
const MAC = '[0-9a-f]{2}(:[0-9a-f]{2}){5}';
const DEVICE = '(flannel(-v6)?\\.[0-9]{1,8}|vxlan(-v6)?\\.calico)';
const SELECTOR = "(k8s-app=canal|app=flannel|'k8s-app in \\(canal,flannel\\)')";
const COMMAND = new RegExp(
  `^(${[
    `ip neigh replace ${IP} lladdr ${MAC} dev ${DEVICE} nud permanent`,
    `bridge fdb replace ${MAC} dev ${DEVICE} dst ${IP} self permanent`,
    `ip route replace ${IP}/[0-9]{1,3} via ${IP} dev ${DEVICE} onlink`,
    `ip link delete ${DEVICE}`,
    `systemctl restart k3s(-agent)?`,
    `kubectl -n ${NAME} delete pod ${NAME}( ${NAME})*`,
    `kubectl (-n kube-(system|flannel) delete pod -l ${SELECTOR}|delete pod -A -l k8s-app=calico-node)( --field-selector spec.nodeName=${NAME})?`,
  ].join('|')})$`,
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
  const anyPod = fc.record({ name: evil, namespace: evil, node: name });
  let commands = 0;
  fc.assert(
    fc.property(
      fc.array(anyHost, { minLength: 2, maxLength: 5 }),
      fc.option(fc.array(listed, { maxLength: 5 }), { nil: undefined }),
      fc.array(anyPod, { maxLength: 4 }),
      (hosts, nodes, pods) => {
        const observations = hosts.map((host): Observation => {
          const { node, install, kubeconfig, device: dev, neighbours, fdb, routes } = host;
          const addresses = host.address === undefined ? [] : [host.address];
          const own = { name: dev, up: true, mac: host.mac, local: host.local, addresses };
          return {
            kind: 'tables',
            host: { node, install, kubeconfig },
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
        const items = pods.map((pod) => ({
          metadata: { ...pod, labels: { 'k8s-app': 'canal' } },
          spec: { nodeName: pod.node },
        }));
        const known = { kind: 'read', pods: parsePods('pods', { items }).value } as const;
        const fixesOf = fixesIn(judgement, known);
        for (const finding of judgement.findings) {
          for (const fix of fixesOf(finding)) {
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
