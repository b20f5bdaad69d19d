import { rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Availability } from './api-services.ts';
import { askPod } from './backend.ts';
import { METRICS, METRICS_PATH } from './catalogue.ts';
import type { Freshness } from './discovery.ts';
import type { ApiServerOrder } from './orders.ts';

/** What this API server knows of the aggregated API. */
export interface MetricsState {
  readonly availability: Availability;
  readonly freshness: Freshness;
}

/** kube-aggregator kubernetes-1.14.8, pkg/controllers/status/available_controller.go: 5 s. */
const PROBE_SECONDS = 5;
const PAUSE_SECONDS = 10;

const CANCELLED =
  'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)';

/** A master that has not reached the API for so long, failed attempt and pause, has lost it. */
const REACHED_SECONDS = 2 * (PROBE_SECONDS + PAUSE_SECONDS);

/**
 * Tries the aggregated API again and again, as kube-aggregator's availability controller does, and
 * resolves after the first attempt.
 *
 * The Available condition is one object in etcd that all masters write. A master that fails sets
 * it to False, and one that succeeds sets it back within milliseconds. So the API counts as
 * available while any master reaches it, and the master that does not keeps trying and hangs:
 * that is why the seed's kubectl waited and was not refused at once. Discovery's freshness, on the
 * other hand, is each API server's own.
 */
export async function watchMetrics(order: ApiServerOrder): Promise<() => MetricsState> {
  const ownMark = markOf(order.master);
  let freshness = await probe();
  void (async () => {
    for (;;) {
      await sleep(PAUSE_SECONDS * 1000, undefined, { ref: false });
      freshness = await probe();
    }
  })();

  const masters = order.hosts.filter(({ master }) => master).map(({ name }) => name);
  return () => ({ freshness, availability: availability(masters.some(isReachedBy)) });

  async function probe(): Promise<Freshness> {
    const signal = AbortSignal.timeout(PROBE_SECONDS * 1000);
    try {
      const response = await askPod(order, {
        path: METRICS_PATH,
        dialSeconds: PROBE_SECONDS,
        signal,
      });
      response.resume();
      writeFileSync(ownMark, '');
      return 'Current';
    } catch (cause) {
      rmSync(ownMark, { force: true });
      process.stderr.write(logLine(cause, order.pod));
      return 'Stale';
    }
  }

  function markOf(master: string): string {
    return path.join(order.commonDirectory, `metrics-reached-by-${master}`);
  }

  function isReachedBy(master: string): boolean {
    const mark = statSync(markOf(master), { throwIfNoEntry: false });
    return mark !== undefined && Date.now() - mark.mtimeMs < REACHED_SECONDS * 1000;
  }
}

function availability(available: boolean): Availability {
  return available
    ? { available, reason: 'Passed', message: 'all checks passed' }
    : { available, reason: 'FailedDiscoveryCheck', message: 'no response from the service' };
}

/** As the seed's API server logged it. */
function logLine(cause: unknown, { listens }: ApiServerOrder['pod']): string {
  const [date = '', time = ''] = new Date().toISOString().split(/[TZ]/);
  const prefix = `E${date.slice(5).replace('-', '')} ${time}       1 available_controller.go:353]`;
  const why = cause instanceof Error && cause.name !== 'AbortError' ? cause.message : CANCELLED;
  const url = `https://${listens.host}:${listens.port}`;
  return `${prefix} ${METRICS.version}.${METRICS.group} failed with: Get ${url}: ${why}\n`;
}
