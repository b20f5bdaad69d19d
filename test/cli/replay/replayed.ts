import path from 'node:path';
import { readCapture } from '../../../cli/replay/capture.ts';
import type { Report } from '../../../shared/contract/report.ts';
import { recorded } from '../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../shared/core/run/report.ts';
import { run } from '../../../shared/core/run/run.ts';

/** Captures of the kinds that people report. */
export const FIELD = path.join(import.meta.dirname, '../../fixtures/field');

/** Later than anything that was captured. */
const NOW = Date.UTC(2026, 11, 1);

/** What `vtepwatch replay` decides. */
export async function replayed(directory: string): Promise<Report> {
  const { facts, latencies } = await readCapture(directory, { cluster: 'c', now: NOW });
  return reportOf(await run(facts, [], recorded(latencies)));
}
