import { applyFix, breakOne } from './breaking.ts';
import { deployInstances, deployVtepwatch } from './deploying.ts';
import type { Diary } from './diary.ts';
import { subscribe } from './mailbox.ts';
import { untilPaged, untilResolved } from './paging.ts';
import { readIncident, untilHealthy } from './runs.ts';
import type { Surroundings } from './surroundings.ts';
import { untilManaged, untilReady } from './waiting.ts';

/** All but the destruction. Throws a `StepFailure` where vtepwatch, AWS or k3s do not do as they should. */
export async function drive(around: Surroundings, { step }: Diary): Promise<void> {
  const cluster = await step('instances', (now) => deployInstances(around, now));
  const topicArn = await step('vtepwatch', (now) => deployVtepwatch(around, now));
  const { queueArn } = cluster;
  await step('mailbox', (now) => subscribe(around.clients.sns, { topicArn, queueArn }, now));
  await step('managed', (now) => untilManaged(around, cluster, now));
  await step('ready', (now) => untilReady(around, cluster, now));
  const healthy = await step('healthy', (now) => untilHealthy(around, cluster, now));
  const damage = await step('fault', (now) => breakOne(around, { cluster, healthy }, now));
  const page = await step('page', (now) => untilPaged(around, { cluster, damage }, now));
  const report = await step('incident', (now) => readIncident(around, damage.truth, now));
  const fixedAt = await step('fix', (now) => applyFix(around, { report, damage }, now));
  const { key } = page;
  await step('resolved', (now) => untilResolved(around, { cluster, key, fixedAt }, now));
}
