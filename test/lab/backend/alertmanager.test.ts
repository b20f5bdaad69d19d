import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { monitoringFiles } from '../../../infra/monitoring/generate.ts';
import { DEFAULT_OPTIONS } from '../../../infra/monitoring/options.ts';
import { findPackage, type FoundPackage } from '../../../lab/backend/debian-package.ts';
import {
  type Naming,
  startVictoriaMetrics,
  startVmalert,
  VICTORIA_METRICS,
} from '../../../lab/backend/victoria-metrics.ts';
import { openWorkplace, type Workplace } from '../../../lab/machines/modelled/workplace.ts';
import { simulatedHosts } from '../../../lab/machines/simulated/hosts.ts';
import { startSimulatedWorld } from '../../../lab/world.ts';
import {
  type Alertmanager,
  canUnshare,
  NEW_ALERTMANAGER,
  OLD_ALERTMANAGER,
  startAlertmanager,
} from './alertmanager.ts';
import { needPackage } from './need-package.ts';
import {
  type Notification,
  type NotificationReceiver,
  startNotificationReceiver,
} from './notifications.ts';

/** From the function through a database, its rules and Alertmanager to whom it notifies. */

const SPELLINGS: readonly { readonly naming: Naming; readonly rules: string }[] = [
  { naming: 'prometheus', rules: 'prometheus-rules.yaml' },
  { naming: 'dots', rules: 'prometheus-rules-dotted.yaml' },
];

const AGES = ['old', 'new'] as const;
type Age = (typeof AGES)[number];

/** The cluster that loses one node, and the one that loses three by one cause. */
const CLUSTERS = { one: ['node1'], many: ['node1', 'node2', 'node3'] } as const;
const CLUSTER_NAMES = ['one', 'many'] as const;

/** Far above the seconds that it takes, for a computer that does much else. */
const NOTIFIED_MILLISECONDS = 90_000;

const RUNBOOK = 'https://git.example.net/vtepwatch/blob/main/';

// Version 1.145 reads names in quotes.
const database = await findPackage({ ...VICTORIA_METRICS, suite: 'forky' });
const alertmanagers: Readonly<Record<Age, FoundPackage>> = {
  old: await findPackage(OLD_ALERTMANAGER),
  new: await findPackage(NEW_ALERTMANAGER),
};
const mayUnshare = canUnshare();
const allFound =
  mayUnshare && [database, ...Object.values(alertmanagers)].every(({ kind }) => kind === 'found');

describe.for(SPELLINGS)('alerts of $rules', ({ naming, rules }) => {
  let workplace: Workplace;
  let receiver: NotificationReceiver;
  const started = new Map<Age, Alertmanager>();

  beforeAll(async () => {
    if (!allFound) return;
    workplace = await openWorkplace();
    receiver = await startNotificationReceiver();
    const route = await documentedRoute();
    for (const age of AGES) {
      const receivers = {
        pager: `${receiver.url}/${age}/pager`,
        chat: `${receiver.url}/${age}/chat`,
      };
      const root = rootOf(alertmanagers[age]);
      started.set(age, await startAlertmanager(workplace, { root, route, receivers }));
    }
    await playFaults();
    await vi.waitUntil(() => AGES.every(hasPagesOfAll), { timeout: NOTIFIED_MILLISECONDS });
  }, 240_000);
  afterAll(async () => {
    await workplace?.close();
    await receiver?.close();
  });

  const hasPagesOfAll = (age: Age): boolean =>
    CLUSTER_NAMES.every((name) =>
      pages(age).some(({ groupLabels }) => groupLabels['k8s_cluster_name'] === name),
    );

  async function playFaults(): Promise<void> {
    const root = rootOf(database);
    const series = await startVictoriaMetrics(workplace, { root, naming });
    for (const cluster of CLUSTER_NAMES) {
      const world = await startSimulatedWorld(simulatedHosts(8, 1), {
        cluster,
        limits: { secondLookSeconds: 1 },
        service: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
        env: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: series.otlpEndpoint },
      });
      try {
        await world.tick();
        await world.inflict({
          kind: 'lost',
          tables: ['neighbour'],
          on: 'all',
          of: CLUSTERS[cluster],
        });
        await world.tick();
      } finally {
        await world.close();
      }
    }
    // The series of one request come to count one after the other, and by itself vmalert asks for
    // what was 30 s ago.
    await series.settle();
    await startVmalert(workplace, {
      root,
      rules: await renderedRules(workplace.directory, rules),
      database: series.url,
      receivers: [...started.values()].map(({ url }) => url),
    });
  }

  const pages = (age: Age): readonly Notification[] => receiver.notifications(`/${age}/pager`);

  test('the two Alertmanagers are of before and after labels with dots', async ({ skip }) => {
    needAll(skip);
    expect(await started.get('old')?.version()).toMatch(/^0\.2[0-6]\./);
    expect(await started.get('new')?.version()).toMatch(/^0\.(2[7-9]|[3-9]\d)\./);
    expect(await post(started.get('old'), { 'k8s.cluster.name': 'one' })).toBe(400);
    expect(await post(started.get('new'), { 'k8s.cluster.name': 'one' })).toBe(200);
  });

  test.for(AGES)(
    'the %s one notifies of the node, the cluster and the runbook',
    (age, { skip }) => {
      needAll(skip);
      const cutOff = pages(age).filter(
        ({ groupLabels }) => groupLabels['k8s_cluster_name'] === 'one',
      );
      expect(cutOff).toMatchObject([
        {
          receiver: 'pager',
          groupLabels: { alertname: 'VtepwatchNodeCutOff', k8s_cluster_name: 'one' },
          alerts: [
            {
              status: 'firing',
              labels: { k8s_node_name: 'node1', severity: 'critical' },
              annotations: {
                summary: 'one: node1 is cut off from half of the checked nodes or more',
                runbook_url: `${RUNBOOK}RUNBOOK.md#vtepwatchnodecutoff`,
              },
            },
          ],
        },
      ]);
    },
  );

  test.for(AGES)('through the %s one three nodes are one alert', (age, { skip }) => {
    needAll(skip);
    const cutOff = pages(age).filter(
      ({ groupLabels }) => groupLabels['k8s_cluster_name'] === 'many',
    );
    expect(cutOff).toMatchObject([
      {
        groupLabels: { alertname: 'VtepwatchNodesCutOff', k8s_cluster_name: 'many' },
        alerts: [
          {
            status: 'firing',
            labels: { vtepwatch_cause: 'neighbour-missing', severity: 'critical' },
            annotations: { runbook_url: `${RUNBOOK}RUNBOOK.md#vtepwatchnodescutoff` },
          },
        ],
      },
    ]);
  });
});

function needAll(skip: (note: string) => void): void {
  for (const found of [database, ...Object.values(alertmanagers)]) needPackage(found, skip);
  if (mayUnshare) return;
  const note = 'left out: no program can have a /usr/share of its own here (unshare)';
  if (process.env['CI'] === undefined) skip(note);
  throw new Error(note);
}

function rootOf(found: FoundPackage): string {
  if (found.kind === 'found') return found.root;
  throw new Error(found.reason);
}

const routeSchema = z.object({ route: z.record(z.string(), z.unknown()) });

/** The route that docs/monitoring.md recommends, with waits for a test. */
async function documentedRoute(): Promise<Readonly<Record<string, unknown>>> {
  const document = await readFile('docs/monitoring.md', 'utf8');
  const block = /```yaml\n(route:\n[^`]*)```/.exec(document)?.[1];
  const { route } = routeSchema.parse(parse(block ?? ''));
  return { ...route, group_wait: '1s', group_interval: '1s' };
}

async function renderedRules(directory: string, name: string): Promise<string> {
  const options = { ...DEFAULT_OPTIONS, scheduleSeconds: 60, runbookBase: RUNBOOK };
  const file = path.join(directory, name);
  await writeFile(file, monitoringFiles({ ...options, clusters: CLUSTER_NAMES }).get(name) ?? '');
  return file;
}

/** The status of Alertmanager's answer to an alert with these labels. */
async function post(
  alertmanager: Alertmanager | undefined,
  labels: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const answer = await fetch(`${alertmanager?.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: 'Dots', ...labels } }]),
  });
  return answer.status;
}
