import path from 'node:path';
import { openWorkplace } from '../machines/modelled/workplace.ts';
import { type AlertChange, type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';
import { type Monitoring, renderMonitoring } from './monitoring.ts';
import { startVictoriaMetrics, type VictoriaMetrics } from './victoria-metrics.ts';
import { startVmalert, type Vmalert } from './vmalert.ts';

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
  /** The folder in which VictoriaMetrics' programs are. */
  readonly programs: string;
  /** How often the function will run: what the rules' windows are made of. */
  readonly scheduleSeconds: number;
  /** Told of every alert that begins to fire or is taken back. */
  readonly heard?: (change: AlertChange) => void;
}

export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { programs, scheduleSeconds, heard = () => {} } = options;
  const workplace = await openWorkplace();
  const alerts = await startAlertReceiver(heard);
  const close = async (): Promise<void> => {
    await workplace.close();
    await alerts.close();
  };
  try {
    const files = path.join(workplace.directory, 'monitoring');
    const monitoring = await renderMonitoring(files, scheduleSeconds);
    const database = await startVictoriaMetrics(workplace, programs);
    const evaluator = await startVmalert(workplace, {
      programs,
      rules: monitoring.rules,
      database: database.url,
      receiver: alerts.url,
    });
    return { database, evaluator, alerts, monitoring, close };
  } catch (cause) {
    await close();
    throw new Error('starting the metrics backend', { cause });
  }
}
