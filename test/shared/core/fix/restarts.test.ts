import { describe, expect, test } from 'vitest';
import type { Latency } from '../../../../shared/core/latency.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { cluster } from '../../../support/cluster.ts';
import { fixed, fixesOf, installed, KEY, rolling, typed } from '../../../support/fixes.ts';

const SIX = cluster(6).listed();

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
        [
          "Where Calico's operator (namespace calico-system) runs Calico:",
          deletion('calico-system'),
        ],
        ["Where Calico's manifest (namespace kube-system) runs Calico:", deletion('kube-system')],
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
      ['pace', 59, 'anywhere'],
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
    ['1', 'Only if 30 minutes are too long (then the restart takes about 5):'],
    ['2', 'Only if 15 minutes are too long (then the restart takes about 5):'],
    ['10%', undefined],
  ] as const)(
    'more pods may restart at once first, where maxUnavailable %s makes a rollout long',
    ([maxUnavailable, condition]) => {
      const sixty = installed(cluster(60).listed(), 'canal');
      const steps = fixed(sixty.dropDevice(...sixty.names.slice(0, 40)), [
        rolling({ maxUnavailable }),
      ]);
      const paces = steps.filter(({ kind }) => kind === 'pace');
      expect(paces.map((step) => [step.condition, ...step.commands])).toEqual(
        condition === undefined
          ? []
          : [
              [
                condition,
                `kubectl -n kube-system patch ds/canal --type merge -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":"10%"}}}}'`,
              ],
            ],
      );
      expect(steps.at(-1)?.commands).toEqual(['kubectl -n kube-system rollout restart ds/canal']);
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

const LOST_BY_22 = {
  subject: 'master1',
  observer: Array.from({ length: 22 }, (_, at) => `node${at + 1}`),
} as const;

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

  test('of more nodes than a loop names, over ssh from the checkout that knows the names', () => {
    const whole = cluster(60).listed();
    const judgement = judge(whole.lose('neighbour', LOST_BY_22).facts());
    const quick = { ...silent, node: 'master2', outcome: 'answered', seconds: 0.3 } as const;
    const [finding] = judgement.findings;
    const steps = fixesOf(judgement, { latencies: [{ ...silent, node: 'master1' }, quick] });
    const [, restart] = finding === undefined ? [] : steps(finding);
    expect(restart?.commands).toEqual([
      `for n in $(npx --no vtepwatch show ${KEY} --hosts --step 2); do echo "kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n" | ssh master2 sudo sh; done`,
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
