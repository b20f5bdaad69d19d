import { SELF_METRICS } from '../shared/contract/self-metrics.ts';
import type { Report } from '../shared/contract/report.ts';
import { errorText } from './error-text.ts';
import type { Invocation } from './invocation.ts';
import { logMetrics } from './systems/embedded-metrics.ts';
import { beat } from './systems/heartbeat.ts';
import type { OutboxEntry } from './systems/incident-store/stored.ts';
import { log } from './systems/log.ts';

/**
 * Reports that a run is complete: state and outbox are written, and every page that could go out is
 * out. A report that fails does not fail the run.
 */
export async function reportCompletion(
  { settings, end }: Invocation,
  { hosts }: Report,
  {
    outbox,
    subscribers,
  }: {
    readonly outbox: readonly OutboxEntry[];
    /** Undefined where their number is not known, or does not matter. */
    readonly subscribers: number | undefined;
  },
): Promise<void> {
  const { cluster, heartbeatUrl } = settings;
  const { namespace, dimension, ...names } = SELF_METRICS;
  const all = hosts.observed.length + hosts.unknown.length;
  const now = end.clock.now();
  const oldest = Math.min(now, ...outbox.map(({ page }) => page.at));
  logMetrics('run.completed', {
    namespace,
    dimensions: { [dimension]: cluster },
    at: now,
    metrics: [
      { name: names.runCompleted, unit: 'Count', value: 1 },
      { name: names.outboxOldestSeconds, unit: 'Seconds', value: (now - oldest) / 1000 },
      {
        name: names.hostsReadRatio,
        unit: 'None',
        value: all === 0 ? 0 : hosts.observed.length / all,
      },
      ...(subscribers === undefined
        ? []
        : [{ name: names.confirmedSubscribers, unit: 'Count', value: subscribers } as const]),
    ],
  });
  if (heartbeatUrl === undefined) return;
  await beat(heartbeatUrl, end).catch((error: unknown) => {
    log('heartbeat.failed', { cluster, error: errorText(error) });
  });
}
