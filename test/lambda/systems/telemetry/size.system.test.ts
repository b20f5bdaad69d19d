import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { costlyRun } from '../../../shared/core/telemetry/costly-run.ts';
import { REMAINING_MILLISECONDS, runningTelemetry } from './running.ts';

/** A backend that takes anything, and knows how many bytes it was sent. */
async function countingBackend(): Promise<{
  readonly endpoint: string;
  readonly bytes: () => number;
}> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { endpoint: `http://127.0.0.1:${port}/v1/metrics`, bytes: () => bytes };
}

/** The bytes of the metrics of one run in which everything that can have a series has one. */
async function bytesOf(nodes: number, compression: 'gzip' | 'none'): Promise<number> {
  const { endpoint, bytes } = await countingBackend();
  const telemetry = runningTelemetry({
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
  });
  const { report, figures } = costlyRun(nodes, 3);
  telemetry.record(pointsOf(report, figures));
  expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  return bytes();
}

describe.for([6, 100, 1000])('the metrics of %d nodes, everything broken at once', (nodes) => {
  test('are at most 40 bytes a node on the wire, and 2,500 that do not grow', async () => {
    expect(await bytesOf(nodes, 'gzip')).toBeLessThanOrEqual(2500 + 40 * nodes);
  });

  test('are at most 750 bytes a node where the backend takes no gzip, and 6,000', async () => {
    expect(await bytesOf(nodes, 'none')).toBeLessThanOrEqual(6000 + 750 * nodes);
  });
});
