import { expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import type { HostFacts, Install } from '../../../../shared/core/overlay/vtep.ts';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';

const six = cluster(6).listed();

interface Running {
  readonly install: Install;
  /** Of those on which no flanneld runs. */
  readonly uptimeSeconds?: number;
  readonly sees?: Cluster;
}

/** All run flannel in this way, but for those that run no flanneld. */
function running(
  stopped: readonly string[],
  { install, uptimeSeconds = 9000, sees = six }: Running,
): Cluster {
  const hostOf = (host: HostFacts): HostFacts =>
    stopped.includes(host.node)
      ? { ...host, install, uptimeSeconds, flanneldSeconds: undefined }
      : { ...host, install, uptimeSeconds: 9000, flanneldSeconds: 8000 };
  return sees.names.reduce(
    (sofar, name) => sofar.answer(name, (answer) => ({ ...answer, host: hostOf(answer.host) })),
    sees,
  );
}

function problemsOf(sees: Cluster): readonly string[] {
  const { problems } = judge(sees.facts());
  return problems.filter(({ where }) => where === 'flannel').map(({ message }) => message);
}

test('a host without flanneld is a problem', () => {
  expect(problemsOf(running(['node2', 'node1'], { install: 'canal' }))).toEqual([
    'no flanneld runs on node1 and node2: nodes that join or change are not programmed there. Look why its pod does not run',
  ]);
});

test.for<readonly [string, Cluster]>([
  ['k3s runs flannel within itself', running(['node2'], { install: 'k3s' })],
  [
    'it may not have run since the boot',
    running(['node2'], { install: 'canal', uptimeSeconds: 359 }),
  ],
  ['all show one', running([], { install: 'canal' })],
])('it is none where %s', ([_where, sees]) => {
  expect(problemsOf(sees)).toEqual([]);
});

test('that nobody shows one is a problem of all: none may run, or none can be seen', async () => {
  const everywhere = running(six.names, { install: 'canal' });
  expect(problemsOf(everywhere)).toEqual([
    'no host shows a flanneld: where none runs, nodes that join or change are programmed nowhere. Look whether its pods run; where they do, the script does not see the processes of its hosts',
  ]);
  expect(problemsOf(running(six.names, { install: 'k3s' }))).toEqual([]);
  expect(problemsOf(running(six.names, { install: 'canal', uptimeSeconds: 359 }))).toEqual([]);
});

test('it stands with what it explains', async () => {
  const lost = six.lose('neighbour', { observer: 'node2' });
  const { reported } = await decided(running(['node2'], { install: 'canal', sees: lost }).facts());
  expect(reported[0]?.evidence).toContain('no flanneld runs on node2');
});
