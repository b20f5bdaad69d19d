import { describe, expect, onTestFinished, test } from 'vitest';
import { startSsm } from '../../lab/aws/ssm/ssm.ts';
import { daemonSetObjects, nodeObjects } from '../../lab/control-plane/objects.ts';
import { simulateCluster } from '../../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { UNKNOWN_ANSWER_TIME } from '../../lambda/systems/ssm/first-poll.ts';
import { gather, givenUpBy } from '../../lambda/gather.ts';
import { kubernetes } from '../../lambda/systems/kubernetes.ts';
import { createRecorder } from '../../lambda/systems/telemetry/recorder.ts';
import { runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import type { Facts, RosterEntry } from '../../shared/core/facts.ts';
import {
  listFromKubernetes,
  type RememberedList,
} from '../../shared/core/nodes/remembered-list.ts';
import { clientOf } from '../lab/aws/ssm/account.ts';
import { LIMITS } from '../support/cluster.ts';
import { smallApiServer } from './systems/small-api-server.ts';
import { DOCUMENT, EVERYBODY } from './systems/ssm/watched.ts';
import { farOff } from '../support/deadlines.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';

describe('of a cluster with a kubeconfig', () => {
  test('the node list is read before and after the tables', async () => {
    const { nodes, problems } = await gatheredFacts({ failingFrom: Infinity });
    expect(nodes).toMatchObject({
      kind: 'read',
      before: [{ name: 'master1' }, { name: 'node1' }],
      after: [{ name: 'master1' }, { name: 'node1' }],
    });
    expect(problems).toEqual([]);
  });

  test('the DaemonSets of a list are kept where a later run cannot list them', async () => {
    const listed = await gatheredFacts({ failingFrom: Infinity });
    expect(listed.daemonSets).toEqual([CANAL]);
    const nodeList = {
      ...listFromKubernetes([], Date.now(), [CANAL]),
      source: 'kubeconfig',
    } as const;
    const unlisted = await gatheredFacts({
      failingFrom: Infinity,
      daemonSets: 'failing',
      nodeList,
    });
    expect(unlisted.daemonSets).toEqual([CANAL]);
    expect(unlisted.problems).toEqual([
      {
        where: 'kubernetes',
        message: expect.stringMatching(/^listing the DaemonSets of the CNI: .*503/),
      },
    ]);
    const unasked = await gatheredFacts({ failingFrom: Infinity, daemonSets: 'not-configured' });
    // The masters report theirs.
    expect(unasked.daemonSets).toEqual([CANAL]);
    expect(unasked.problems).toEqual([]);
  });

  test("where the second list fails the masters' list takes its place, and a problem says so", async () => {
    const { nodes, problems } = await gatheredFacts({ failingFrom: 2 });
    expect(nodes).toMatchObject({
      kind: 'read',
      after: expect.arrayContaining([expect.objectContaining({ name: 'node1' })]),
      origin: { source: 'masters', ageSeconds: 0, voters: ['master1'], silent: [] },
    });
    expect(problems).toEqual([
      { where: 'kubernetes', message: expect.stringMatching(/^listing the nodes: .*503/) },
    ]);
  });
});

test('the masters report the list while the API that the kubeconfig leads to does not answer', async () => {
  const nodeList = listOf(['master1', 'node1', 'node2'], Date.now() - 60_000);
  const { nodes } = await gatheredFacts({ failingFrom: 1, nodeList });
  expect(nodes).toMatchObject({
    before: [{ name: 'node1' }, { name: 'master1' }, { name: 'node2' }],
    after: [{ name: 'node1' }, { name: 'master1' }],
    origin: { source: 'masters', ageSeconds: 0, voters: ['master1'] },
  });
});

describe('of a large cluster, whose list the masters have just reported', () => {
  const votersWith = async (
    instanceId: string | undefined,
    isListStale = false,
  ): Promise<readonly string[]> => {
    const { nodes } = await gatheredFacts({
      failingFrom: 1,
      daemonSets: 'not-configured',
      nodeList: largeList(),
      roster: [{ ...entryOf('node1'), instanceId }],
      isListStale,
    });
    return nodes.kind === 'read' ? (nodes.origin?.voters ?? []) : [];
  };

  test('it is not read again', async () => {
    expect(await votersWith(undefined)).toEqual([]);
    expect(await votersWith(simulatedHosts(2, 1)[1]?.instanceId)).toEqual([]);
  });

  test('but it is where the names that kubectl lists have changed since', async () => {
    expect(await votersWith(undefined, true)).toEqual(['master1']);
  });

  test('and where another host answers under the name of a node', async () => {
    expect(await votersWith('i-0123456789abcdef0')).toEqual(['master1']);
  });
});

/** So many nodes that the list is not read in every run. */
function largeList(): RememberedList {
  const others = Array.from({ length: 1000 }, (_, at) => `other${at}`);
  return { ...listOf(['master1', 'node1', ...others], Date.now()), source: 'masters' };
}

/** The list that a kubeconfig brought then. */
function listOf(names: readonly string[], readAt: number): RememberedList {
  const nodes = names.map((name, at) => ({
    name,
    uid: `0c5e3f5e-7d0c-4c6e-9a3f-${String(at).padStart(12, '0')}`,
    createdAt: 0,
    internalIps: [],
    podCidrs: [],
    annotated: [],
    isControlPlane: name === 'master1',
  }));
  return listFromKubernetes(nodes, readAt);
}

const CANAL = {
  namespace: 'kube-system',
  name: 'canal',
  strategy: 'RollingUpdate',
  maxUnavailable: '1',
} as const;

/** The facts of two hosts whose API server answers only the first lists of nodes. */
async function gatheredFacts({
  failingFrom,
  daemonSets = 'answered',
  nodeList,
  roster = [],
  isListStale = false,
}: {
  readonly failingFrom: number;
  readonly isListStale?: boolean;
  readonly daemonSets?: 'answered' | 'failing' | 'not-configured';
  readonly nodeList?: RememberedList;
  readonly roster?: Facts['roster'];
}): Promise<Facts> {
  const cluster = simulateCluster(simulatedHosts(2, 1));
  const ssm = await startSsm({
    documents: new Map([[DOCUMENT, probeDocument('')]]),
    nodes: cluster.hosts.map((machine) => ({ machine, tags: { cluster: 'lab' } })),
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
  });
  onTestFinished(() => ssm.close());
  const client = clientOf(ssm.url);
  onTestFinished(() => client.destroy());
  let lists = 0;
  const server = await smallApiServer(({ url = '' }, response) => {
    const isNodes = url.startsWith('/api/v1/nodes');
    if (isNodes) lists += 1;
    const fails = isNodes ? lists >= failingFrom : daemonSets === 'failing';
    const isSystem = url.includes('/namespaces/kube-system/');
    const sets = isSystem ? daemonSetObjects(Date.now()) : [];
    const items = isNodes ? nodeObjects(cluster.hosts, Date.now()) : sets;
    response.writeHead(fails ? 503 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(fails ? { kind: 'Status', code: 503 } : { metadata: {}, items }));
  });
  // Without a started SDK it records nothing.
  const telemetry = {
    ...createRecorder('vtepwatch-lab', systemClock),
    flushEvents: async () => [],
  };
  const { facts } = await gather(
    {
      now: Date.now(),
      deadline: farOff(),
      problems: [],
      systems: {
        ssm: runCommand(client, DOCUMENT),
        kubernetes:
          daemonSets === 'not-configured'
            ? { kind: daemonSets }
            : { kind: 'open', api: await kubernetes(server.kubeconfig, telemetry) },
        telemetry,
      },
      settings: {
        cluster: 'lab',
        limits: LIMITS,
        topicArn: 'arn:aws:sns:eu-central-1:123456789012:pages',
        runbook: undefined,
        targets: EVERYBODY,
      },
    },
    {
      nodeList,
      memory: {
        roster,
        latencyCommand: undefined,
        apisCommand: undefined,
        silent: [],
        agents: undefined,
        listed: [],
        isListStale,
        answerTime: UNKNOWN_ANSWER_TIME,
        runsWithoutMaster: 0,
      },
    },
  );
  return facts;
}

function entryOf(node: string): RosterEntry {
  return { node, vteps: [], master: false, lastSeen: 0, devices: [] };
}

const known = (count: number) => Array.from({ length: count }, (_, at) => entryOf(`node${at}`));

describe('the next run', () => {
  test('does not wait for hosts that were silent', () => {
    expect(givenUpBy({ silent: ['mi-1', 'mi-2'], roster: known(6) })).toEqual(
      new Set(['mi-1', 'mi-2']),
    );
  });

  test('waits for all where most of them were silent', () => {
    const silent = ['mi-1', 'mi-2', 'mi-3', 'mi-4'];
    expect(givenUpBy({ silent, roster: known(6) })).toEqual(new Set());
    expect(givenUpBy({ silent, roster: [] })).toEqual(new Set());
  });
});
