import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { openWorkplace } from '../machines/modelled/workplace.ts';
import { type AlertChange, type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';
import {
  startVictoriaMetrics,
  startVmalert,
  type VictoriaMetrics,
  type Vmalert,
} from './victoria-metrics.ts';

/** A metrics backend that nobody here wrote, with the product's rules: VictoriaMetrics, vmalert, and
 * whom vmalert tells. */
export interface Backend {
  readonly database: VictoriaMetrics;
  readonly evaluator: Vmalert;
  readonly alerts: AlertReceiver;
  readonly monitoring: Monitoring;
  /** Ends and removes everything. May be called again. */
  close(): Promise<void>;
}

interface BackendOptions {
  /** Of the unpacked package of VictoriaMetrics. */
  readonly root: string;
  /** How often the function will run: what the rules' windows are made of. */
  readonly scheduleSeconds: number;
  /** Told of every alert that begins to fire or is taken back. */
  readonly heard?: (change: AlertChange) => void;
}

export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { root, scheduleSeconds, heard = () => {} } = options;
  const workplace = await openWorkplace();
  const alerts = await startAlertReceiver(heard);
  const close = async (): Promise<void> => {
    await workplace.close();
    await alerts.close();
  };
  try {
    const files = path.join(workplace.directory, 'monitoring');
    const monitoring = await renderMonitoring(files, scheduleSeconds);
    const database = await startVictoriaMetrics(workplace, {
      root,
      naming: 'prometheus',
    });
    const evaluator = await startVmalert(workplace, {
      root,
      rules: monitoring.rules,
      database: database.url,
      receivers: [alerts.url],
    });
    return { database, evaluator, alerts, monitoring, close };
  } catch (cause) {
    await close();
    throw new Error('starting the metrics backend', { cause });
  }
}

/** What an installation loads into its backend: files' paths. */
interface Monitoring {
  /** Alert rules for Prometheus and those who read its files. */
  readonly rules: string;
  /** A dashboard for Grafana. */
  readonly dashboard: string;
}

const PROGRAM = path.join(import.meta.dirname, '..', '..', 'infra', 'monitoring', 'generate.ts');

const SECONDS_MAX = 30;

/** The lab's rules link to a runbook that nobody opens. */
const RUNBOOK = 'https://git.example.com/vtepwatch/blob/HEAD/';

/** Renders the rules and the dashboard into a folder, as their installation for a schedule does. */
async function renderMonitoring(directory: string, scheduleSeconds: number): Promise<Monitoring> {
  const options = [`--out=${directory}`, `--schedule=${scheduleSeconds}s`, `--runbook=${RUNBOOK}`];
  await promisify(execFile)(process.execPath, [PROGRAM, ...options], {
    timeout: SECONDS_MAX * 1000,
  });
  return {
    rules: path.join(directory, 'prometheus-rules.yaml'),
    dashboard: path.join(directory, 'dashboard.json'),
  };
}
