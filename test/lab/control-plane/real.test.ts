import { afterEach, describe, expect, test } from 'vitest';
import {
  carryOut,
  type Machine,
  machineNamed,
  type Machines,
} from '../../../lab/machines/machine.ts';
import { realMachines } from '../../../lab/machines/real/machines.ts';
import { type ControlPlane, startControlPlane } from '../../../lab/control-plane/start.ts';
import { timeGetNodes } from '../../../lab/control-plane/kubectl-on-masters.ts';
import { kubectlComplains, needAggregatedDiscovery } from '../../support/kubectl.ts';
import { NO_REAL_MACHINES } from '../machines/needs-root.ts';
import { needKubectl } from './need-kubectl.ts';

const NODES = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'];
const METRICS_PATH = '/apis/custom.metrics.k8s.io/v1beta1';

/** Long enough to be told from an answer at once, and not as long as in the seed. */
const DIAL_SECONDS = 1.5;

describe.skipIf(NO_REAL_MACHINES)('startControlPlane on real machines', () => {
  let lab: Machines | undefined;
  let plane: ControlPlane | undefined;
  afterEach(async () => {
    await plane?.close();
    await lab?.close();
  });

  async function start(
    discovery: 'old' | 'aggregated',
    dialSeconds = DIAL_SECONDS,
  ): Promise<Cluster> {
    lab = await realMachines();
    plane = await startControlPlane(lab, { discovery, dialSeconds });
    return cluster(lab, plane);
  }

  test.for(['old', 'aggregated'] as const)(
    'kubectl lists the nodes and the aggregated API by %s discovery',
    async (discovery, { skip }) => {
      needKubectl(skip);
      const { masters, raw, timed } = await start(discovery);
      for (const { exit, lines, complaints } of await timed('master1', 'master2', 'master3')) {
        expect({ exit, complaints }).toEqual({ exit: 0, complaints: [] });
        expect(lines.map((line) => line.split(/ +/))).toEqual([
          ['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'],
          ...NODES.map((name) => [name, 'Ready', '<none>', '100d', 'v1.14.8']),
        ]);
      }
      for (const { name } of masters) {
        expect(await raw(name, METRICS_PATH)).toMatchObject({ exit: 0 });
      }
    },
  );

  test("a master whose neighbour entry the pod's node lost hangs, and another answers", async ({
    skip,
  }) => {
    needKubectl(skip);
    const { cut, raw, timed } = await start('old');
    await cut('master1');
    const answered: string[] = [];
    const [slow, quick] = await Promise.all(
      ['master1', 'master3'].map(async (name) => {
        const [one] = await timed(name);
        answered.push(name);
        return one;
      }),
    );
    expect(answered).toEqual(['master3', 'master1']);
    expect(slow).toMatchObject({ exit: 0, lines: quick?.lines });
    const complaint = "couldn't get resource list for custom.metrics.k8s.io/v1beta1";
    expect(slow?.complaints.join('\n')).toContain(kubectlComplains() ? complaint : '');
    expect(quick).toMatchObject({ exit: 0, complaints: [] });
    expect((await raw('master1', METRICS_PATH)).stderr).toContain('ServiceUnavailable');
    expect(await raw('master3', METRICS_PATH)).toMatchObject({ exit: 0 });
  });

  test('the same loss delays no get nodes by aggregated discovery', async ({ skip }) => {
    needKubectl(skip);
    needAggregatedDiscovery(skip);
    // Far longer than kubectl needs on a busy machine, and shorter than what ends the test.
    const { cut, raw, timed } = await start('aggregated', 12);
    await cut('master1');
    const answered: string[] = [];
    const [lost, nodes] = await Promise.all([
      raw('master1', METRICS_PATH).finally(() => answered.push('aggregated API')),
      timed('master1').finally(() => answered.push('get nodes')),
    ]);
    expect(nodes).toMatchObject([{ exit: 0, complaints: [] }]);
    expect(lost.stderr).toContain('ServiceUnavailable');
    expect(answered).toEqual(['get nodes', 'aggregated API']);
  });

  test("what the pod's node asks for in vain is INCOMPLETE or FAILED, as in the seed", async ({
    skip,
  }) => {
    needKubectl(skip);
    const { cut, raw, node2 } = await start('old');
    await cut('master1');
    await raw('master1', METRICS_PATH);
    const { stdout } = await node2.run(['ip', 'neigh', 'show', 'to', '10.68.0.0', 'nud', 'all']);
    expect(stdout).toMatch(/^10\.68\.0\.0 dev flannel\.1 +(INCOMPLETE|FAILED)/);
  });
});

interface Cluster {
  readonly masters: readonly Machine[];
  readonly node2: Machine;
  /** Takes from the pod's node its neighbour entry for a master. */
  readonly cut: (master: string) => Promise<void>;
  readonly raw: (master: string, path: string) => ReturnType<Machine['run']>;
  readonly timed: (...masters: readonly string[]) => ReturnType<typeof timeGetNodes>;
}

function cluster(lab: Machines, plane: ControlPlane): Cluster {
  const node2 = machineNamed(lab, 'node2');
  const kubectl = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf'];
  return {
    masters: lab.machines.filter(({ master }) => master),
    node2,
    cut: (master) =>
      carryOut(node2, `ip neigh del ${machineNamed(lab, master).tunnelIp} dev flannel.1`),
    raw: (master, path) =>
      machineNamed(lab, master).run([
        ...kubectl,
        `--server=${plane.servers.get(master)}`,
        'get',
        '--raw',
        path,
      ]),
    timed: (...masters) =>
      timeGetNodes(
        masters.map((master) => machineNamed(lab, master)),
        plane.servers,
      ),
  };
}
