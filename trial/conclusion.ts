import type { Evidence } from './evidence.ts';
import type { StepName } from './steps.ts';

/** Steps in which vtepwatch, and not AWS or k3s, does not do as it should. */
const OF_VTEPWATCH: ReadonlySet<StepName> = new Set([
  'healthy',
  'page',
  'incident',
  'fix',
  'resolved',
]);

/** 1 where vtepwatch did not do as it should; otherwise as that of any command. */
export function exitStatusOf({ failed }: Pick<Evidence, 'failed'>): number {
  if (failed === undefined) return 0;
  return failed.status === COULD_NOT && OF_VTEPWATCH.has(failed.step) ? 1 : failed.status;
}

/** The exit status of what could not be done, for whatever reason. */
const COULD_NOT = 2;

/** The result of a trial in a few lines. */
export function summaryOf(evidence: Evidence, file: string): readonly string[] {
  const { outcome, failed, page, resolved, cost, left } = evidence;
  const usd = cost.usd === undefined ? 'not known' : `about ${cost.usd} USD`;
  return [
    `trial: ${outcome}`,
    ...(failed === undefined
      ? []
      : [`  ${failed.doing}: ${failed.error}`, `  next: ${failed.next}`]),
    ...(page === undefined
      ? []
      : [`  ${page.secondsAfterFault} s after the fault: ${page.subject}`]),
    ...(resolved === undefined
      ? []
      : [`  ${resolved.secondsAfterFix} s after the fix: ${resolved.subject}`]),
    `  cost: ${usd}, by estimate`,
    '  left in the account:',
    ...left.map((line) => `    ${line}`),
    `  evidence: ${file}; attach it to an issue`,
  ];
}
