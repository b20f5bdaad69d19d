import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../../lab/control-plane/start.ts';
import { machineNamed, type Machines } from '../../../../lab/machines/machine.ts';
import { modelledMachines } from '../../../../lab/machines/modelled/machines.ts';
import { bucketChecksum, bucketOf, NODE_BUCKETS } from '../../../../shared/contract/node-list.ts';
import {
  nameInLine,
  type NodesAnswer,
  nodeInLine,
  parseNodesAnswer,
  parseNodesPart,
} from '../../../../shared/core/parse/node-list.ts';
import type { Parsed } from '../../../../shared/core/parse/parsed.ts';
import { unpack } from '../../../../lambda/systems/ssm/packed.ts';
import { need } from '../latency/need.ts';
import { parameterised } from '../probe/probe-script.ts';

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix']] as const;

describe("a master's node list, by kubectl from its own API server", () => {
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

  async function answerOf(
    name: string,
    { action = 'nodes', wanted = '', shell = ['sh'] }: Question = {},
  ): Promise<string> {
    if (lab === undefined) throw new Error('there is no lab');
    const ended = await machineNamed(lab, name).run([
      ...shell,
      '-c',
      parameterised(action, wanted),
    ]);
    expect(ended.stderr).toBe('');
    return ended.stdout;
  }

  test.for(SHELLS)('stands whole behind its checksums, in %s', async (shell, { skip }) => {
    need(skip, 'kubectl', shell[0]);
    const text = await answerOf('master1', { shell });
    const { value, problems } = parseNodesAnswer('master1', text);
    expect(problems).toEqual([]);
    expect(value.list).toMatchObject({ version: '1', count: 6 });
    expect(value.daemonSets).toEqual([
      { namespace: 'kube-system', name: 'canal', strategy: 'RollingUpdate', maxUnavailable: '1' },
    ]);
    const part = await partOf(value.rest);
    expect(part.list).toEqual(value.list);
    expect(part.lines.map(nodeInLine)).toMatchObject(
      (lab?.machines ?? []).map(({ name, podCidr, underlayIp, vtepMac }) => ({
        name,
        podCidrs: [podCidr],
        internalIps: [underlayIp],
        backend: 'vxlan',
        annotated: [{ family: 'ipv4', mac: vtepMac, publicIp: underlayIp }],
      })),
    );
    expect(checksumsOf(part.lines)).toEqual(value.list?.checksums);
  });

  test('comes in parts, each with the checksums of the whole', async ({ skip }) => {
    need(skip, 'kubectl');
    const bucket = bucketOf('node1');
    const text = await answerOf('master1', {
      action: 'nodes-part',
      wanted: `${bucket},${(bucket + 1) % NODE_BUCKETS}`,
    });
    const { list, lines } = await partOf(text);
    expect(lines.map(nameInLine)).toContain('node1');
    expect(bucketChecksum(lines.filter((line) => nameInLine(line) === 'node1'))).toBe(
      list.checksums[bucket],
    );
  });

  test('is none on a host that is no master', async () => {
    const { value, problems } = parseNodesAnswer('node1', await answerOf('node1'));
    expect(value).toEqual({ list: undefined, daemonSets: [], rest: '' });
    expect(problems).toEqual([
      { where: 'node1', message: 'its node list could not be read: no kubeconfig is there' },
    ]);
  });
});

test('a text that begins with no answer is none', () => {
  for (const text of ['', 'x', 'vtepwatch 1 begin nodes\nhost a\n']) {
    const { value, problems }: Parsed<NodesAnswer> = parseNodesAnswer('a', text);
    expect(value.list).toBeUndefined();
    expect(problems).toHaveLength(1);
  }
});

interface Question {
  readonly action?: string;
  readonly wanted?: string;
  readonly shell?: readonly string[];
}

async function partOf(
  text: string,
): Promise<NonNullable<ReturnType<typeof parseNodesPart>['value']>> {
  const answer = await unpack(text);
  const { value, problems } = parseNodesPart(
    'master1',
    answer.kind === 'answered' ? answer.text : '',
  );
  expect(problems).toEqual([]);
  if (value === undefined) throw new Error('no part');
  return value;
}

function checksumsOf(lines: readonly string[]): readonly string[] {
  return Array.from({ length: NODE_BUCKETS }, (_, bucket) =>
    bucketChecksum(lines.filter((line) => bucketOf(nameInLine(line) ?? '') === bucket)),
  );
}
