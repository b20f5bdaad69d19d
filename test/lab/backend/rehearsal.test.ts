import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UNDERSCORES } from '../../../infra/monitoring/spelling.ts';
import type { AlertChange } from '../../../lab/backend/alert-receiver.ts';
import { type Backend, startBackend } from '../../../lab/backend/backend.ts';
import { findPackage } from '../../../lab/backend/debian-package.ts';
import { type Act, rehearse } from '../../../lab/backend/rehearsal.ts';
import { VICTORIA_METRICS } from '../../../lab/backend/victoria-metrics.ts';
import { FAULTS } from '../../../lab/faults.ts';
import { teller } from '../../../lab/program.ts';
import { startWorld, type World } from '../../../lab/world.ts';
import { METRICS } from '../../../shared/contract/telemetry.ts';
import { dashboardQueries } from './dashboard-queries.ts';
import { needPackage } from './need-package.ts';

const CLUSTER = 'demo';

/** The shortest in which three runs, a loaded computer's own delays included, are no silence. */
const SCHEDULE_SECONDS = 6;

/** The two looks one second apart, and an API server that gives up after one. */
const QUICK = { limits: { secondLookSeconds: 1 }, dialSeconds: 1 } as const;

const found = await findPackage(VICTORIA_METRICS);

describe('a backend that nobody here wrote', { timeout: 60_000 }, () => {
  let backend: Backend;
  let world: World;
  let acts: readonly Act[] = [];

  // A whole life: nothing, a healthy watch, a fault, its mend, silence, and a watch again.
  beforeAll(async () => {
    if (found.kind === 'missing') return;
    const scheduleSeconds = SCHEDULE_SECONDS;
    backend = await startBackend({ root: found.root, scheduleSeconds });
    world = await startWorld({
      cluster: CLUSTER,
      ...QUICK,
      env: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: backend.database.otlpEndpoint },
    });
    const fault = FAULTS['neighbour-missing'];
    acts = await rehearse({ world, backend, scheduleSeconds, fault, tell: teller(() => {}) });
    await backend.database.settle();
  }, 900_000);
  afterAll(async () => {
    await world?.close();
    await backend?.close();
  });

  /** The changes of one act, as `fires Alert` and `resolves Alert`. */
  const heard = (name: Act['name']): readonly string[] =>
    changesIn(acts, name).map(({ kind, alert }) => `${kind} ${alert}`);

  test("before the first run the dead man's switch fires, and nothing else", ({ skip }) => {
    needPackage(found, skip);
    expect(heard('unwatched')).toEqual(['fires VtepwatchAbsent']);
  });

  test('a healthy watch takes it back, and calls no node lost', ({ skip }) => {
    needPackage(found, skip);
    expect(heard('healthy')).toContain('resolves VtepwatchAbsent');
    expect(heard('healthy')).not.toContain('fires VtepwatchNodeCutOff');
    expect(heard('healthy')).not.toContain('fires VtepwatchVtepMissing');
  });

  test('a fault fires the alert that names the node, the cluster and the runbook', ({ skip }) => {
    needPackage(found, skip);
    const fired = changesIn(acts, 'broken').find(({ alert }) => alert === 'VtepwatchNodeCutOff');
    expect(fired).toMatchObject({
      kind: 'fires',
      labels: {
        alertname: 'VtepwatchNodeCutOff',
        k8s_cluster_name: CLUSTER,
        k8s_node_name: 'master1',
        severity: 'critical',
      },
      annotations: {
        summary: 'demo: master1 is cut off from half of the checked nodes or more',
        runbook_url: 'https://git.example.com/vtepwatch/blob/HEAD/RUNBOOK.md#vtepwatchnodecutoff',
      },
    });
  });

  test('the mend resolves it', ({ skip }) => {
    needPackage(found, skip);
    expect(heard('fixed')).toContain('resolves VtepwatchNodeCutOff');
  });

  test("when the watch stops the dead man's switch fires, and names the cluster", ({ skip }) => {
    needPackage(found, skip);
    const fired = changesIn(acts, 'silent').find(({ alert }) => alert === 'VtepwatchStale');
    expect(fired).toMatchObject({ kind: 'fires', labels: { k8s_cluster_name: CLUSTER } });
  });

  test('the next run takes that back', ({ skip }) => {
    needPackage(found, skip);
    expect(heard('resumed')).toContain('resolves VtepwatchStale');
  });

  test('every rule was evaluated, and none with an error', async ({ skip }) => {
    needPackage(found, skip);
    const rules = await backend.evaluator.rules();
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      expect(rule).toMatchObject({ error: '', evaluatedAt: expect.any(Date) });
    }
  });

  test('every metric of the table is stored under the name that rules and dashboard ask for', async ({
    skip,
  }) => {
    needPackage(found, skip);
    const promql = 'count by (__name__) (last_over_time({__name__=~"vtepwatch_.+"}[1h]))';
    const stored = await backend.database.query(promql, new Date());
    expect(new Set(stored.map(({ labels }) => labels['__name__']))).toEqual(
      new Set(Object.keys(METRICS).map(UNDERSCORES.metric)),
    );
  });

  test('every query of every panel of the dashboard has an answer', async ({ skip }) => {
    needPackage(found, skip);
    const { database, monitoring } = backend;
    const range = { from: acts[0]?.began ?? new Date(), to: new Date(), stepSeconds: 1 };
    const { panels } = await dashboardQueries(monitoring.dashboard, CLUSTER);
    const empty: string[] = [];
    for (const { panel, promql, instant } of panels) {
      const answer = instant
        ? await database.query(promql, range.to)
        : await database.queryRange(promql, range);
      if (answer.length === 0) empty.push(`${panel}: ${promql}`);
    }
    expect(panels.length).toBeGreaterThan(0);
    expect(empty).toEqual([]);
  });

  test('the dashboard offers the cluster to choose', async ({ skip }) => {
    needPackage(found, skip);
    const { database, monitoring } = backend;
    const { clusters } = await dashboardQueries(monitoring.dashboard, CLUSTER);
    const offered = await database.query(clusters, new Date());
    expect(offered.map(({ labels }) => labels)).toEqual([{ k8s_cluster_name: CLUSTER }]);
  });

  test('each signal went where its own variable says', ({ skip }) => {
    needPackage(found, skip);
    expect(world.otlp.points()).toEqual([]);
    expect(world.otlp.logs().map(({ event }) => event)).toEqual([
      'vtepwatch.incident.opened',
      'vtepwatch.incident.resolved',
    ]);
    expect(world.otlp.spans().length).toBeGreaterThan(0);
  });
});

function changesIn(acts: readonly Act[], name: Act['name']): readonly AlertChange[] {
  const act = acts.find((one) => one.name === name);
  if (act === undefined) throw new Error(`the rehearsal has no act "${name}"`);
  return act.changes;
}
