import type { Report } from '../../shared/contract/report.ts';
import { recorded } from '../../shared/core/run/hosts.ts';
import { reportOf } from '../../shared/core/run/report.ts';
import { run } from '../../shared/core/run/run.ts';
import { readCapture } from './capture.ts';
import type { CapturedFiles } from './captured-files.ts';

/** What a run decides on captured outputs. It took place when they were captured. */
export async function judgeCapture(files: CapturedFiles, cluster: string): Promise<Report> {
  const now = files.captured?.at ?? Date.now();
  const { facts, latencies } = readCapture(files, { cluster, now });
  return reportOf(await run(facts, [], recorded(latencies)));
}
