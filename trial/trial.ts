import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { messageOf } from '../cli/failure.ts';
import { remark } from '../cli/progress.ts';
import { versionLine } from '../cli/version.ts';
import { printable } from '../shared/core/plain-text.ts';
import type { Place } from './account.ts';
import { OWN_CDK } from './cdk.ts';
import type { Clients } from './clients.ts';
import { createDiary, type Diary, StepFailure } from './diary.ts';
import { destroy, findRemainder, findStacks, namesIn, NOTHING, type Remainder } from './destroy.ts';
import type { Stack } from './stacks.ts';
import { drive } from './drive.ts';
import type { Evidence, FailedStep, Findings, Outcome } from './evidence.ts';
import type { TrialOptions } from './options.ts';
import { REMAINS, removalCommands, stacksOf } from './plan.ts';
import { estimateOf, usdFor } from './prices.ts';

interface Around {
  readonly place: Place;
  readonly clients: Clients;
  readonly folder: string;
  /** Aborted when a person ends the trial. */
  readonly interrupt: AbortSignal;
}

/** Makes everything, tries it, and destroys it, whatever comes between. Returns what it saw. */
export async function runTrial(options: TrialOptions, around: Around): Promise<Evidence> {
  const { instances, keep, stepMinutes, cdk } = options;
  const { place, clients, folder, interrupt } = around;
  const began = Date.now();
  const run = randomUUID();
  const diary = createDiary({ interrupt, stepMinutes });
  let findings: Findings = {};
  const driving = await settled(
    drive(
      {
        instances,
        run,
        place,
        folder,
        clients,
        cdk: {
          program: cdk === undefined ? OWN_CDK : [cdk],
          region: place.region,
          output: path.join(folder, 'cdk.out'),
        },
        note: (found) => {
          findings = { ...findings, ...found };
        },
      },
      diary,
    ),
  );
  const own = { name: instances.name, run };
  const ended = keep ? { left: [`npm run try:aws -- --destroy`] } : await end(diary, around, own);
  const failed = failureIn(driving) ?? ('failed' in ended ? ended.failed : undefined);
  const cost = estimateOf(instances.instanceType);
  return {
    format: 'vtepwatch-trial/1',
    outcome: outcomeOf(failed, interrupt.aborted),
    failed,
    vtepwatch: await versionLine(),
    region: place.region,
    instanceType: instances.instanceType,
    k3s: instances.k3s,
    began: new Date(began).toISOString(),
    ended: new Date().toISOString(),
    cost: { ...cost, usd: usdFor(cost, Date.now() - began) },
    steps: diary.records(),
    ...findings,
    left: ended.left,
  };
}

function outcomeOf(failed: FailedStep | undefined, isInterrupted: boolean): Outcome {
  if (isInterrupted) return 'interrupted';
  return failed === undefined ? 'passed' : 'failed';
}

/** How work ended; what ended it is shown at once. Nothing may keep the destruction from taking place. */
async function settled(work: Promise<void>): Promise<PromiseSettledResult<void>> {
  const [result] = await Promise.allSettled([work]);
  if (result.status === 'rejected') remark(printable(`failed: ${wordsOf(result.reason)}`));
  return result;
}

/** What failed a step says itself what its cause was. */
function wordsOf(reason: unknown): string {
  return reason instanceof StepFailure ? reason.message : messageOf(reason);
}

/** Why a step failed; undefined where none did. Throws what no step has failed with. */
function failureIn(result: PromiseSettledResult<void>): FailedStep | undefined {
  if (result.status === 'fulfilled') return undefined;
  if (result.reason instanceof StepFailure) return result.reason.failed;
  throw result.reason;
}

interface End {
  readonly left: readonly string[];
  readonly failed?: FailedStep | undefined;
}

/** Another trial may have stacks of these names; this one destroys only what it has made itself. */
async function end(
  diary: Diary,
  { place, clients }: Around,
  own: { readonly name: string; readonly run: string },
): Promise<End> {
  // A CDK that was stopped before it made anything leaves an empty stack, which has no tags yet.
  const isOwn = ({ run, status }: Stack): boolean =>
    run === own.run || status === 'REVIEW_IN_PROGRESS';
  let known: Remainder = {
    ...NOTHING,
    stacks: stacksOf(own.name).map((stack) => ({ stack, tables: [] })),
  };
  const destroying = await settled(
    diary.step('destroy', async (step) => {
      known = await findStacks(clients, own.name, isOwn);
      await destroy(clients, known, step);
    }),
  );
  const failed = failureIn(destroying);
  if (failed === undefined) return { left: REMAINS };
  const left = await findRemainder(clients, own.name, isOwn).catch(() => known);
  return { left: removalCommands(place, namesIn(left)), failed };
}
