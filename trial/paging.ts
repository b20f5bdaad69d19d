import type { Broken } from './breaking.ts';
import type { Step } from './diary.ts';
import { missingOnPage } from './expected.ts';
import { newPages, type Page } from './mailbox.ts';
import { oneRun } from './runs.ts';
import type { Cluster, Surroundings } from './surroundings.ts';
import { awaited, there, untilThere } from './until.ts';

/** Nobody calls the function: this page is by a run of the schedule. */
export async function untilPaged(
  around: Surroundings,
  { cluster, damage }: { readonly cluster: Cluster; readonly damage: Broken },
  step: Step,
): Promise<Page> {
  const page = await untilPage(around, cluster, { kind: 'opened', step });
  const secondsAfterFault = secondsBetween(damage.at, page.at);
  around.note({ page: { ...page, secondsAfterFault } });
  const missing = missingOnPage(page, damage.truth);
  if (missing.length === 0) return page;
  throw new Error(`the page "${page.subject}" does not name ${missing.join(' and ')}`);
}

async function untilPage(
  { clients: { sqs } }: Surroundings,
  { queueUrl }: Pick<Cluster, 'queueUrl'>,
  { kind, key, step }: { readonly kind: string; readonly key?: string; readonly step: Step },
): Promise<Page> {
  const others: string[] = [];
  return await untilThere(step, async () => {
    const pages = await newPages(sqs, queueUrl, step.signal);
    const page = pages.find((one) => one.kind === kind && (key === undefined || one.key === key));
    if (page !== undefined) return there(page);
    others.push(...pages.map(({ subject }) => subject));
    return awaited(`no such page yet${others.length === 0 ? '' : `, but ${others.join(', ')}`}`);
  });
}

export async function untilResolved(
  around: Surroundings,
  {
    cluster,
    key,
    fixedAt,
  }: { readonly cluster: Cluster; readonly key: string; readonly fixedAt: number },
  step: Step,
): Promise<void> {
  const page = await untilPage(around, cluster, { kind: 'resolved', key, step });
  around.note({ resolved: { ...page, secondsAfterFix: secondsBetween(fixedAt, page.at) } });
  const afterwards = await oneRun(around, step);
  around.note({ afterwards });
  if (afterwards.verdict !== 'healthy') {
    throw new Error(`after RESOLVED a run says ${afterwards.verdict}`);
  }
}

function secondsBetween(from: number, to: string): number {
  return Math.round((Date.parse(to) - from) / 1000);
}
