import { beforeAll, describe, expect, inject, it } from 'vitest';
import { makeCertificate } from '../../lab/control-plane/access.ts';
import { addPod } from '../../lab/control-plane/start.ts';
import type { ReportedLatency } from '../../shared/contract/report.ts';
import { requestText } from '../../shared/core/latency.ts';
import { DEPLOYMENTS } from './cluster/cluster.ts';
import { startDaemon, until } from './cluster/daemon.ts';
import { expectFacts } from './said.ts';
import { DEVICE, type Stage, useCluster } from './use-cluster.ts';

const GROUP = 'metrics.k8s.io';
const VERSION = `${GROUP}/v1beta1`;
const PORT = 4443;
const NODE = 'w2';
const CERTIFICATE = '/etc/kubernetes/metrics.crt';
const KEY = '/etc/kubernetes/metrics.key';
const SILENT_APIS = requestText({ kind: 'aggregated-apis' });

/** The pod of an aggregated API, which answers discovery as metrics-server does. */
const POD = `
const { readFileSync } = require('node:fs');
const [host, port, cert, key] = process.argv.slice(1);
const version = { groupVersion: '${VERSION}', version: 'v1beta1' };
const group = { kind: 'APIGroup', apiVersion: 'v1', name: '${GROUP}', versions: [version], preferredVersion: version };
const answers = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [group] },
  '/apis/${GROUP}': group,
  '/apis/${VERSION}': { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: '${VERSION}', resources: [] },
};
const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 };
const tls = { cert: readFileSync(cert), key: readFileSync(key) };
require('node:https').createServer(tls, (request, response) => {
  const answer = answers[request.url.split('?')[0]];
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? missing));
}).listen(Number(port), host, () => console.log('ready'));
`;

describe("an aggregated API's pod that a master cannot reach", () => {
  const the = useCluster({
    flanneld: 'newer',
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0 },
    reader: 'default',
  });

  beforeAll(async () => {
    if (inject('real') !== undefined) await startApi(the);
  });

  it('is said of that API, and not of kubectl get nodes', async () => {
    const { tunnelIp } = the.cluster.host(NODE);
    await the.cluster.on('m1', `ip neigh del ${tunnelIp} dev ${DEVICE}`);
    const looks = await the.expectSaid('API pod unreachable from a master', [
      'incident',
      `pair/m1:${NODE} neighbour-missing warning open 1/3`,
      `page opened pair/m1:${NODE}`,
    ]);
    for (const deployment of DEPLOYMENTS) {
      const { latencies } = looks[deployment].report;
      expectFacts({
        scenario: 'API pod unreachable from a master: latencies',
        deployment,
        actual: latencies.map(latencyLine).toSorted(),
        right: [
          'm1 /readyz: answered',
          'm1 aggregated API: not answered',
          'm1 kubectl get nodes: answered',
          'm2 /readyz: answered',
          'm2 aggregated API: answered',
          'm2 kubectl get nodes: answered',
        ],
      });
    }
    await the.expectFixedAsSaid('API pod unreachable from a master');
    expect(await the.cluster.reaches('m1', NODE)).toBe(true);
  });
});

/** One that failed goes by its path, and before an answer has come there is no path to go by. */
function latencyLine({ node, request, outcome }: ReportedLatency): string {
  const isAggregated = request === SILENT_APIS || request.startsWith('/apis/');
  const asked = isAggregated ? 'aggregated API' : request;
  return `${node} ${asked}: ${outcome === 'answered' ? 'answered' : 'not answered'}`;
}

/** Starts the API's pod on a node, and registers it with the API servers. */
async function startApi({ cluster }: Stage): Promise<void> {
  const machine = cluster.machine(NODE);
  const ip = cluster.host(NODE).tunnelIp.replace(/\d+$/, '9');
  const { certificate, key } = await makeCertificate([ip]);
  await machine.write(CERTIFICATE, certificate);
  await machine.write(KEY, key);
  await addPod(machine, ip);
  const words = ['-e', POD, ip, String(PORT), CERTIFICATE, KEY];
  const pod = startDaemon(machine, [process.execPath, ...words]);
  await until('the API answers in its pod', async () => pod.log.includes('ready'));
  for (const object of objectsOf(ip)) {
    await cluster.kubectl('create -f -', JSON.stringify(object));
  }
  await until('the API servers know the API', async () =>
    (await cluster.kubectl(`get --raw /apis/${VERSION} || true`)).includes(VERSION),
  );
}

function objectsOf(ip: string): readonly object[] {
  const named = { name: 'metrics-server', namespace: 'kube-system' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named,
      spec: { ports: [{ port: 443, targetPort: PORT }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...named, labels: { 'kubernetes.io/service-name': named.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports: [{ port: PORT, protocol: 'TCP' }],
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1beta1.${GROUP}` },
      spec: {
        group: GROUP,
        version: 'v1beta1',
        service: named,
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
  ];
}
