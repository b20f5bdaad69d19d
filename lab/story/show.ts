import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Report } from '../../shared/contract/report.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** What `npx vtepwatch show --brief` prints of a run's document. */
export async function show(report: Report): Promise<string> {
  const command = [path.join(ROOT, 'cli', 'vtepwatch.ts'), 'show', '-', '--brief'];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(report));
  return await text(child.stdout);
}
