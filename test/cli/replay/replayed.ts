import path from 'node:path';
import { type CapturedFiles, openCapture } from '../../../cli/replay/captured-files.ts';
import { judgeCapture } from '../../../cli/replay/judge-capture.ts';
import type { Report } from '../../../shared/contract/report.ts';

export const FIXTURES = path.join(import.meta.dirname, '../../fixtures');

/** Captures of the kinds that people report. */
export const FIELD = path.join(FIXTURES, 'field');

/** What `vtepwatch replay` decides. */
export async function replayed(directory: string): Promise<Report> {
  return await replayedFiles(await openCapture(directory));
}

export async function replayedFiles(files: CapturedFiles): Promise<Report> {
  return await judgeCapture(files, 'c');
}
