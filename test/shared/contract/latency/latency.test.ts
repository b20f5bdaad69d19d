import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startControlPlane } from '../../../../lab/control-plane/start.ts';
import type { ControlPlane } from '../../../../lab/control-plane/start.ts';
import { carryOut } from '../../../../lab/machines/carry-out.ts';
import { reprogram } from '../../../../lab/machines/flannel.ts';
import { machineNamed } from '../../../../lab/machines/machine-named.ts';
import type { Machine, Machines } from '../../../../lab/machines/machine.ts';
import { modelledMachines } from '../../../../lab/machines/modelled.ts';
import { installed } from '../probe/recorded-tools.ts';
import { payloadOf } from '../probe/run-probe.ts';
import { parameterised } from '../probe/probe-script.ts';
import { links } from '../probe/scratch.ts';
import { need } from './need.ts';

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix']] as const;
const METRICS_PATH = '/apis/custom.metrics.k8s.io/v1beta1';
const NODES = 'master1 master2 master3 node1 node2 node3';

let lab: Machines | undefined;
let plane: ControlPlane | undefined;
beforeAll(async () => {
  lab = await modelledMachines();
  plane = await startControlPlane(lab, { discovery: 'old', dialSeconds: 1 });
});
afterAll(async () => {
  await plane?.close();
  await lab?.close();
});

describe('latency', () => {
  test.for(SHELLS)(
    'a master tells of each request and lists the nodes, in %s',
    async (shell, { skip }) => {
      need(skip, 'kubectl', shell[0]);
      const lines = await latency('master1', { shell });
      expect(lines.map(withoutTimes)).toEqual([
        'L get-nodes 0',
        'L /readyz 0',
        `L ${METRICS_PATH} 0`,
        `K ${NODES}`,
      ]);
      for (const line of lines.filter((one) => one.startsWith('L '))) {
        const [start = NaN, end = NaN] = line.split(' ').slice(2, 4).map(Number);
        expect(end).toBeGreaterThanOrEqual(start);
      }
    },
  );

  test('between the two looks of a page, a master is not asked for its nodes', async ({ skip }) => {
    need(skip, 'kubectl');
    const lines = await latency('master1', { action: 'apis' });
    expect(lines.map(withoutTimes)).toEqual(['L /readyz 0', `L ${METRICS_PATH} 0`]);
  });

  test.for(SHELLS)(
    'a master that cannot reach the aggregated API is slow and says why, in %s',
    async (shell, { skip }) => {
      need(skip, 'kubectl', shell[0]);
      await carryOut(machine('node2'), 'ip neigh del 10.68.0.0 dev flannel.1');
      const [cut, whole] = await Promise.all(
        ['master1', 'master3'].map((name) => latency(name, { shell })),
      );
      await reprogram(machine('node2'));
      expect(cut?.map(withoutTimes)).toEqual([
        'L get-nodes 0',
        expect.stringMatching(
          /^E get-nodes .*couldn't get resource list for custom\.metrics\.k8s\.io\/v1beta1: /,
        ),
        'L /readyz 0',
        `L ${METRICS_PATH} 1`,
        `E ${METRICS_PATH} Error from server (ServiceUnavailable): the server is currently unable to handle the request`,
        `K ${NODES}`,
      ]);
      expect(whole?.map(withoutTimes)).toEqual([
        'L get-nodes 0',
        'L /readyz 0',
        `L ${METRICS_PATH} 0`,
        `K ${NODES}`,
      ]);
    },
  );

  test('a master asks its own API server, though its admin.conf names another', async ({
    skip,
  }) => {
    need(skip, 'kubectl');
    // The admin.conf of master1 leads to master2, which alone is cut off.
    await carryOut(machine('node2'), 'ip neigh del 10.68.2.0 dev flannel.1');
    const lines = await latency('master1');
    await reprogram(machine('node2'));
    expect(lines.map(withoutTimes)).toContain(`L ${METRICS_PATH} 0`);
  });

  test('a host that is no master tells nothing', async () => {
    expect(await latency('node1')).toEqual([]);
  });

  test('a master without kubectl says so', async () => {
    const names = ['awk', 'cat', 'grep', 'head', 'mktemp', 'tr', 'timeout', 'uname'];
    const path = links(Object.fromEntries(names.map((name) => [name, installed(name) ?? ''])));
    const script = parameterised('latency', '').replace(/^PATH=.*$/gm, '');
    const env = { PATH: path };
    const ended = await machine('master1').run([installed('sh') ?? '', '-c', script], { env });
    expect(payloadOf(ended).slice(2)).toEqual(['E get-nodes no kubectl on this host']);
  });
});

interface How {
  readonly shell?: readonly string[];
  readonly action?: 'latency' | 'apis';
}

/** The answer's lines but those that tell the host. */
async function latency(
  name: string,
  { shell = ['sh'], action = 'latency' }: How = {},
): Promise<readonly string[]> {
  const ended = await machine(name).run([...shell, '-c', parameterised(action, '')]);
  return payloadOf(ended).slice(2);
}

function withoutTimes(line: string): string {
  return line.replace(/^(L \S+) \d+\.\d\d \d+\.\d\d (\d+)$/, '$1 $2');
}

function machine(name: string): Machine {
  if (lab === undefined) throw new Error('there is no lab');
  return machineNamed(lab, name);
}
