import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../../lab/control-plane/start.ts';
import type { Discovery } from '../../../../lab/control-plane/orders.ts';
import {
  carryOut,
  type Machine,
  machineNamed,
  type Machines,
} from '../../../../lab/machines/machine.ts';
import { reprogram } from '../../../../lab/machines/flannel.ts';
import { modelledMachines } from '../../../../lab/machines/modelled/machines.ts';
import { kubectlComplains, needAggregatedDiscovery } from '../../../support/kubectl.ts';
import { installed } from '../probe/recorded-tools.ts';
import { payloadOf } from '../probe/run-probe.ts';
import { parameterised } from '../probe/probe-script.ts';
import { links } from '../probe/scratch.ts';
import { need } from './need.ts';

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix']] as const;
const METRICS_PATH = '/apis/custom.metrics.k8s.io/v1beta1';
const ACTIONS = ['latency', 'apis'] as const;
const NODES = 'master1 master2 master3 node1 node2 node3';

/** How often kubectl tries a dead group at least, and how long each try takes here. */
const TRIES = 3;
const DIAL_SECONDS = 1;

const WELL = ['L get-nodes 0', 'L /readyz 0', `K ${NODES}`] as const;
let lab: Machines | undefined;
let plane: ControlPlane | undefined;

/** Begins with API servers that wait so long for an aggregated API, and ends with them. */
function withApiServers(discovery: Discovery, dialSeconds: number): void {
  beforeAll(async () => {
    lab = await modelledMachines();
    plane = await startControlPlane(lab, { discovery, dialSeconds });
  });
  afterAll(async () => {
    await plane?.close();
    await lab?.close();
  });
}

describe('what a master is asked, where kubectl asks for each API group', () => {
  withApiServers('old', DIAL_SECONDS);

  test.for(SHELLS)(
    'it reports get nodes and /readyz, and lists the nodes, in %s',
    async (shell, { skip }) => {
      need(skip, 'kubectl', shell[0]);
      const lines = await answerOf('master1', { shell });
      expect(lines.map(withoutTimes)).toEqual(WELL);
      for (const line of lines.filter((one) => one.startsWith('L '))) {
        const [start = NaN, end = NaN] = line.split(' ').slice(2, 4).map(Number);
        expect(end).toBeGreaterThanOrEqual(start);
      }
    },
  );

  test.for(SHELLS)('it reports each aggregated API, in %s', async (shell, { skip }) => {
    need(skip, 'kubectl', shell[0]);
    const lines = await answerOf('master1', { shell, action: 'apis' });
    expect(lines.map(withoutTimes)).toEqual([`L ${METRICS_PATH} 0`]);
  });

  test.for(SHELLS)(
    'get nodes hangs on a master that cannot reach the aggregated API, in %s',
    async (shell, { skip }) => {
      need(skip, 'kubectl', shell[0]);
      await carryOut(machine('node2'), 'ip neigh del 10.68.0.0 dev flannel.1');
      const [slow, quick] = await Promise.all(
        ['master1', 'master3'].map((name) => answerOf(name, { shell })),
      );
      const [lost, reached] = await Promise.all(
        ['master1', 'master3'].map((name) => answerOf(name, { shell, action: 'apis' })),
      );
      await reprogram(machine('node2'));
      const complaint = expect.stringMatching(
        /^E get-nodes .*couldn't get resource list for custom\.metrics\.k8s\.io\/v1beta1: /,
      );
      expect(slow?.map(withoutTimes)).toEqual([
        'L get-nodes 0',
        ...(kubectlComplains() ? [complaint] : []),
        ...WELL.slice(1),
      ]);
      expect(secondsOf(slow)).toBeGreaterThan(TRIES * DIAL_SECONDS);
      expect(quick?.map(withoutTimes)).toEqual(WELL);
      expect(lost?.map(withoutTimes)).toEqual([
        `L ${METRICS_PATH} 1`,
        `E ${METRICS_PATH} Error from server (ServiceUnavailable): the server is currently unable to handle the request`,
      ]);
      expect(reached?.map(withoutTimes)).toEqual([`L ${METRICS_PATH} 0`]);
    },
  );

  test('a master asks its own API server, though its admin.conf names another', async ({
    skip,
  }) => {
    need(skip, 'kubectl');
    // The admin.conf of master1 leads to master2, which alone is cut off.
    await carryOut(machine('node2'), 'ip neigh del 10.68.2.0 dev flannel.1');
    const lines = await answerOf('master1', { action: 'apis' });
    await reprogram(machine('node2'));
    expect(lines.map(withoutTimes)).toContain(`L ${METRICS_PATH} 0`);
  });

  test.for(ACTIONS)('a host that is no master reports nothing: %s', async (action) => {
    expect(await answerOf('node1', { action })).toEqual([]);
  });

  test.for([
    ['latency', 'get-nodes'],
    ['apis', 'apis'],
  ] as const)('a master without kubectl says so: %s', async ([action, request]) => {
    const names = ['awk', 'cat', 'grep', 'head', 'mktemp', 'tr', 'timeout', 'uname'];
    const directory = links(Object.fromEntries(names.map((name) => [name, installed(name) ?? ''])));
    const script = parameterised(action, '').replace(/^PATH=.*$/gm, '');
    const env = { PATH: directory };
    const ended = await machine('master1').run([installed('sh') ?? '', '-c', script], { env });
    expect(payloadOf(ended).slice(2)).toEqual([`E ${request} no kubectl on this host`]);
  });
});

describe('what a master is asked, where discovery comes in one piece', () => {
  // Longer than the test, if kubectl waited for it.
  withApiServers('aggregated', 60);

  test('get nodes does not notice that the aggregated API cannot be reached', async ({ skip }) => {
    need(skip, 'kubectl');
    needAggregatedDiscovery(skip);
    await carryOut(machine('node2'), 'ip neigh del 10.68.0.0 dev flannel.1');
    const [latency, apis] = await Promise.all(
      ACTIONS.map((action) => answerOf('master1', { action })),
    );
    await reprogram(machine('node2'));
    expect(latency?.map(withoutTimes)).toEqual(WELL);
    expect(apis?.map(withoutTimes)).toEqual([`L ${METRICS_PATH} 124`]);
  });
});

interface How {
  readonly shell?: readonly string[];
  readonly action?: (typeof ACTIONS)[number];
}

/** The answer's lines but those that tell the host. */
async function answerOf(
  name: string,
  { shell = ['sh'], action = 'latency' }: How = {},
): Promise<readonly string[]> {
  const ended = await machine(name).run([...shell, '-c', parameterised(action, '')]);
  return payloadOf(ended).slice(2);
}

function withoutTimes(line: string): string {
  return line.replace(/^(L \S+) \d+\.\d\d \d+\.\d\d (\d+)$/, '$1 $2');
}

/** What get nodes took. */
function secondsOf(lines: readonly string[] = []): number {
  const [start = NaN, end = NaN] = (lines[0] ?? '').split(' ').slice(2, 4).map(Number);
  return end - start;
}

function machine(name: string): Machine {
  if (lab === undefined) throw new Error('there is no lab');
  return machineNamed(lab, name);
}
