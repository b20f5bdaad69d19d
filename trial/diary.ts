import { printable, shorten } from '../shared/core/plain-text.ts';
import { messageOf, statusOf } from '../cli/failure.ts';
import { remark } from '../cli/progress.ts';
import type { FailedStep, StepRecord } from './evidence.ts';
import { nextStepAfter, STEPS, type StepName } from './steps.ts';

/** What a step of the trial is given. */
export interface Step {
  /** Aborts where the step has taken too long, or a person ends the trial. */
  readonly signal: AbortSignal;
  /** Says what the step is waiting for; progress shows it, and so does the error where it takes too long. */
  readonly awaits: (what: string) => void;
}

/** The trial's steps as they happen, on standard error and for the evidence. */
export interface Diary {
  readonly step: <T>(name: StepName, work: (step: Step) => Promise<T>) => Promise<T>;
  records(): readonly StepRecord[];
}

/** Why a trial ended. */
export class StepFailure extends Error {
  readonly failed: FailedStep;

  constructor(failed: FailedStep, cause: unknown) {
    super(`${failed.doing}: ${failed.error}; ${failed.next}`, { cause });
    this.name = 'StepFailure';
    this.failed = failed;
  }
}

interface DiaryOptions {
  /** Aborted when a person ends the trial. */
  readonly interrupt: AbortSignal;
  /** No step may take longer than this, whatever its own limit is. */
  readonly stepMinutes: number;
}

/** How often a step shows that it still waits. */
const REMINDER_MS = 15_000;

/** An error quotes the end of the CDK's output, or what a host printed. */
const ERROR_LENGTH = 1500;

export function createDiary({ interrupt, stepMinutes }: DiaryOptions): Diary {
  const records: StepRecord[] = [];
  return {
    records: () => records,
    step: async (name, work) => {
      const began = Date.now();
      const seconds = (): number => Math.round((Date.now() - began) / 1000);
      const { title } = STEPS[name];
      const minutes = Math.min(STEPS[name].minutes, stepMinutes);
      let awaited = '';
      remark(`[${clock(began)}] ${title} ...`);
      const reminder = setInterval(() => {
        const what = awaited === '' ? '' : `; ${awaited}`;
        remark(`  for ${seconds()} s${printable(what)}`);
      }, REMINDER_MS);
      const limit = AbortSignal.timeout(minutes * 60_000);
      const record = (outcome: StepRecord['outcome']): void => {
        const at = new Date(began).toISOString();
        records.push({ step: name, began: at, seconds: seconds(), outcome });
      };
      // The destruction begins after a person has ended the rest.
      const signals = name === 'destroy' ? [limit] : [limit, interrupt];
      try {
        const value = await work({
          signal: AbortSignal.any(signals),
          awaits: (what) => {
            awaited = what;
          },
        });
        record('done');
        return value;
      } catch (error) {
        record('failed');
        const isLate = limit.aborted && !interrupt.aborted;
        const words = messageOf(error);
        const said = isLate ? lateText(minutes, awaited) : shorten(words, ERROR_LENGTH);
        const next = nextStepAfter(name, words);
        const status = statusOf(error);
        const failed = { step: name, doing: title, error: printable(said), next, status };
        throw new StepFailure(failed, error);
      } finally {
        clearInterval(reminder);
      }
    },
  };
}

function lateText(minutes: number, awaited: string): string {
  const when = `not done after ${Number((minutes * 60).toFixed(0))} s`;
  return awaited === '' ? when : `${when}; last seen: ${awaited}`;
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
