import { FAILURE_KINDS, type FailureKind } from './oracle/failure.ts';
import { type Figures, kinds } from './figures.ts';
import type { Soaked } from './job.ts';

/** How many rows of the breakdown a summary shows. */
const ROWS = 30;

/** The summary for people; its last line has the figures. */
export function renderSummary({ figures, unexpected }: Soaked): string {
  const occurred = kinds().filter((kind) => figures.failures[kind] > 0);
  return [
    `${figures.deployment}: ${figures.stories} stories, ${figures.runs} runs in ${Math.round(figures.seconds)} s`,
    '',
    ...occurred.map((kind) => rowOf(figures, kind)),
    ...(occurred.length === 0 ? ['no failure'] : ['']),
    ...figures.breakdown
      .slice(0, ROWS)
      .map(({ kind, of, count }) => `${String(count).padStart(6)}  ${kind}: ${of}`),
    '',
    `pages per fault   ${histogram(figures.pagesPerFault)}`,
    `keys per fault    ${histogram(figures.keysPerFault)}`,
    '',
    ...unexpected.map(({ sentence }) => `unexpected: ${sentence}`),
    figuresLine(figures),
    '',
  ].join('\n');
}

function rowOf({ failures, runs, examples }: Figures, kind: FailureKind): string {
  const rate = ((failures[kind] * 1000) / runs).toFixed(1);
  const counts = `${String(failures[kind]).padStart(6)}  ${rate.padStart(6)} in 1,000 runs`;
  const stories = (examples[kind] ?? []).join(' ');
  return `${counts}  ${kind.padEnd(16)} ${FAILURE_KINDS[kind]} (${stories})`;
}

/** `0: 3, 1: 12, 2: 40`: how many had so many. */
function histogram(counts: readonly number[]): string {
  return counts.flatMap((count, number) => (count === 0 ? [] : `${number}: ${count}`)).join(', ');
}

function figuresLine(figures: Figures): string {
  const { deployment, runs, pages, faults, failures, secondsToPage } = figures;
  const { wide, small } = secondsToPage;
  return [
    `soak ${deployment} seed=${figures.seed} runs=${runs} faults=${faults} pages=${pages}`,
    ...kinds().map((kind) => `${kind}=${failures[kind]}`),
    `wide-p50=${wide.p50}s wide-p95=${wide.p95}s wide-max=${wide.max}s`,
    `small-p50=${small.p50}s small-p95=${small.p95}s small-max=${small.max}s`,
  ].join(' ');
}
