import { reportNow } from '../cli/check.ts';
import { Failure, messageOf } from '../cli/failure.ts';
import { stackNameOf } from '../shared/contract/deployment.ts';
import type { Report } from '../shared/contract/report.ts';
import type { Step } from './diary.ts';
import { differences, incidentIn, type Truth } from './expected.ts';
import type { Cluster, Surroundings } from './surroundings.ts';
import { awaited, there, unless, untilThere } from './until.ts';

/**
 * One run after the other, as `vtepwatch check` has it. So soon after the deployment a run may fail because IAM does
 * not yet know the function's role everywhere: it is repeated.
 */
export async function untilHealthy(
  around: Surroundings,
  { ids }: Cluster,
  step: Step,
): Promise<Report> {
  return await untilThere(step, async () => {
    const report = await runNow(around, step).catch((error: unknown) => {
      if (step.signal.aborted || error instanceof Failure) throw error;
      return messageOf(error);
    });
    if (typeof report === 'string') return awaited(report);
    around.note({ healthy: report });
    const { verdict, checked } = report;
    const nodes = checked?.nodes ?? 0;
    if (verdict === 'healthy' && nodes === ids.length) return there(report);
    const reason = checked?.reason === undefined ? '' : `: ${checked.reason}`;
    return awaited(`${verdict}, ${nodes} of ${ids.length} nodes checked${reason}`);
  });
}

/** One run now; one that keeps it from running is waited for. */
export async function oneRun(around: Surroundings, step: Step): Promise<Report> {
  return await untilThere(step, async () => {
    const found = await runNow(around, step);
    return typeof found === 'string' ? awaited(found) : there(found);
  });
}

/** The report, or why there is none yet. */
async function runNow(
  { instances: { name }, place: { region } }: Surroundings,
  { signal }: Step,
): Promise<Report | string> {
  const options = { cluster: name, stack: stackNameOf(name), region, json: false };
  try {
    return await unless(signal, reportNow(options));
  } catch (error) {
    const words = messageOf(error);
    if (words.includes('try again in a minute')) return words;
    throw error;
  }
}

export async function readIncident(
  around: Surroundings,
  truth: Truth,
  step: Step,
): Promise<Report> {
  const report = await oneRun(around, step);
  around.note({ incident: report });
  const incident = incidentIn(report, truth);
  if (incident === undefined) throw new Error(`the report has no open incident of ${truth.victim}`);
  const wrong = differences(incident, truth);
  if (wrong.length > 0) throw new Error(`the report is wrong: ${wrong.join('; ')}`);
  return report;
}
