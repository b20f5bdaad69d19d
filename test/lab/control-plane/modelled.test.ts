import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../lab/control-plane/start.ts';
import {
  carryOut,
  type Machine,
  machineNamed,
  type Machines,
} from '../../../lab/machines/machine.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { modelledMachines } from '../../../lab/machines/modelled/machines.ts';
import { needKubectl } from './need-kubectl.ts';
import { get, loaded } from './relayed.ts';

const METRICS_PATH = '/apis/custom.metrics.k8s.io/v1beta1';
const API_SERVICE_PATH =
  '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io';
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const STAND_IN = path.join(import.meta.dirname, '../../../lab/control-plane/kubectl.ts');

const POLL_MILLISECONDS = 250;
const MASTERS = ['master1', 'master2', 'master3'] as const;

let lab: Machines | undefined;
let plane: ControlPlane | undefined;
beforeAll(async () => {
  lab = await modelledMachines();
  plane = await startControlPlane(lab, { discovery: 'aggregated', dialSeconds: 0.5 });
});
afterAll(async () => {
  await plane?.close();
  await lab?.close();
});

describe('the API servers of modelled machines', () => {
  test('client-node lists the nodes with what flannel annotates', async () => {
    const { items } = await api().listNode();
    expect(items.map(({ metadata, spec }) => [metadata?.name, spec?.podCIDR])).toEqual([
      ['master1', '10.68.0.0/24'],
      ['master2', '10.68.2.0/24'],
      ['master3', '10.68.1.0/24'],
      ['node1', '10.68.3.0/24'],
      ['node2', '10.68.4.0/24'],
      ['node3', '10.68.5.0/24'],
    ]);
    expect(items[0]?.metadata?.annotations).toEqual({
      'flannel.alpha.coreos.com/backend-data': '{"VNI":1,"VtepMAC":"36:9b:9c:53:4a:10"}',
      'flannel.alpha.coreos.com/backend-type': 'vxlan',
      'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
      'flannel.alpha.coreos.com/public-ip': '192.168.1.140',
    });
  });

  test('client-node finds a canal pod on every node, and on one node', async () => {
    const namespace = 'kube-system';
    const labelSelector = 'k8s-app=canal';
    const all = await api().listNamespacedPod({ namespace, labelSelector });
    expect(all.items.map(({ spec }) => spec?.nodeName)).toEqual(
      lab?.machines.map(({ name }) => name),
    );
    const one = await api().listPodForAllNamespaces({
      labelSelector,
      fieldSelector: 'spec.nodeName=node2',
    });
    expect(one.items.map(({ metadata }) => metadata?.name)).toEqual([
      expect.stringMatching(/^canal-[0-9a-f]{5}$/),
    ]);
  });

  test('who shows no token learns that the server is ready, and nothing else', async () => {
    const nobody = { authorization: '' };
    expect(await get(relayed(), '/readyz', nobody)).toMatchObject({ status: 200, body: 'ok' });
    expect(await get(relayed(), '/api/v1/nodes', nobody)).toMatchObject({ status: 401 });
  });

  test("a master's admin.conf names another master, and its manifest its own server", async () => {
    for (const [at, name] of MASTERS.entries()) {
      const read = `cat "$VTEPWATCH_ROOT/etc/kubernetes/$1"`;
      const [config, manifest] = await Promise.all(
        ['admin.conf', 'manifests/kube-apiserver.yaml'].map((file) =>
          machine(name).run(['sh', '-c', read, 'sh', file]),
        ),
      );
      const { port } = new URL(urlOf(name));
      expect(manifest?.stdout).toContain(
        `--advertise-address=127.0.0.1\n    - --secure-port=${port}\n`,
      );
      expect(loaded(config?.stdout ?? '').getCurrentCluster()?.server).toBe(
        urlOf(MASTERS[(at + 1) % MASTERS.length] ?? ''),
      );
    }
  });

  test('the stand-in for kubectl prints what kubectl prints', async ({ skip }) => {
    needKubectl(skip);
    for (const words of [['nodes'], ['--raw', METRICS_PATH], ['--raw', '/nowhere']]) {
      const [real, standIn] = await Promise.all(
        [['kubectl'], [process.execPath, STAND_IN]].map((program) => {
          const script = '"$@" --kubeconfig="$VTEPWATCH_ROOT/etc/kubernetes/admin.conf"';
          return machine('master1').run(['sh', '-c', script, 'sh', ...program, 'get', ...words]);
        }),
      );
      expect(standIn).toEqual(real);
    }
  });
});

describe('the aggregated API of modelled machines', () => {
  test.for([
    ['node2', 'ip neigh del 10.68.0.0 dev flannel.1'],
    ['node2', 'bridge fdb del 36:9b:9c:53:4a:10 dev flannel.1 dst 192.168.1.140 self'],
    ['node2', 'ip route del 10.68.0.0/24 dev flannel.1'],
    ['master1', 'ip neigh del 10.68.4.0 dev flannel.1'],
  ] as const)('on %s, "%s" cuts it off from master1 alone', async ([where, command]) => {
    expect(await askMetrics('master1')).toMatchObject({ status: 200 });
    await carryOut(machine(where), command);
    const [cut, whole] = await Promise.all([askMetrics('master1'), askMetrics('master3')]);
    await reprogram(machine(where));
    expect(cut.status).toBe(503);
    expect(cut.body).toMatch(
      /^Error: 'dial tcp 10\.68\.4\.133:\d+: i\/o timeout'\nTrying to reach: /,
    );
    expect(whole.status).toBe(200);
    expect(await askMetrics('master1')).toMatchObject({ status: 200 });
  });

  test('is stale to the master that lost it, and available while any reaches it', async () => {
    await carryOut(machine('node2'), 'ip neigh del 10.68.0.0 dev flannel.1');
    await until(async () => (await freshness('master1')) === 'Stale');
    expect(await freshness('master3')).toBe('Current');
    expect(await isAvailable('master1')).toBe(true);

    await carryOut(machine('node2'), 'ip neigh del 10.68.2.0 dev flannel.1');
    await carryOut(machine('node2'), 'ip neigh del 10.68.1.0 dev flannel.1');
    await until(async () => !(await isAvailable('master1')));
    expect(await askMetrics('master1')).toMatchObject({
      status: 503,
      body: 'service unavailable\n',
    });

    await reprogram(machine('node2'));
    await until(async () => (await freshness('master1')) === 'Current');
    expect(await isAvailable('master1')).toBe(true);
    expect(plane?.logOf('master1').join('\n')).toMatch(
      /^E\d{4} [0-9:.]+ +1 available_controller\.go:353\] v1beta1\.custom\.metrics\.k8s\.io failed with: Get /m,
    );
  }, 90_000);
});

function machine(name: string): Machine {
  if (lab === undefined) throw new Error('there is no lab');
  return machineNamed(lab, name);
}

function relayed(): string {
  return plane?.kubeconfig ?? '';
}

function api(): CoreV1Api {
  return loaded(relayed()).makeApiClient(CoreV1Api);
}

function urlOf(master: string): string {
  return plane?.servers.get(master) ?? '';
}

function ask(master: string, asked: string, accept?: string): ReturnType<typeof get> {
  const kubeconfig = relayed().replace(/server: .*/, `server: ${urlOf(master)}`);
  return get(kubeconfig, asked, accept === undefined ? {} : { accept });
}

const askMetrics = (master: string): ReturnType<typeof get> => ask(master, METRICS_PATH);

async function freshness(master: string): Promise<string | undefined> {
  const { body } = await ask(master, '/apis', AGGREGATED);
  return /"name":"custom\.metrics\.k8s\.io".*"freshness":"(\w+)"/.exec(body)?.[1];
}

async function isAvailable(master: string): Promise<boolean> {
  const { body } = await ask(master, API_SERVICE_PATH);
  return body.includes('"type":"Available","status":"True"');
}

/** Waits as long as the test may take. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(POLL_MILLISECONDS);
}
