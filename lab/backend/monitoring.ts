import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** What an installation loads into its backend: files' paths. */
export interface Monitoring {
  /** Alert rules for Prometheus and those who read its files. */
  readonly rules: string;
  /** A dashboard for Grafana. */
  readonly dashboard: string;
}

const PROGRAM = path.join(import.meta.dirname, '..', '..', 'infra', 'monitoring', 'generate.ts');

const SECONDS_MAX = 30;

/** Renders the rules and the dashboard into a folder, as whoever installs them for a schedule does. */
export async function renderMonitoring(
  directory: string,
  scheduleSeconds: number,
): Promise<Monitoring> {
  const options = ['--out', directory, '--schedule', `${scheduleSeconds}s`];
  await promisify(execFile)(process.execPath, [PROGRAM, ...options], {
    timeout: SECONDS_MAX * 1000,
  });
  return {
    rules: path.join(directory, 'prometheus-rules.yaml'),
    dashboard: path.join(directory, 'dashboard.json'),
  };
}
