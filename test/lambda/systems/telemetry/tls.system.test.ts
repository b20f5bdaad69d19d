import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../../../../lab/control-plane/access.ts';
import { REMAINING_MILLISECONDS, runningTelemetry } from './running.ts';
import { checkedPeers } from './samples.ts';

/** An HTTPS backend that takes anything, whose certificate only `caFile` vouches for. */
async function runningHttps(): Promise<{ readonly endpoint: string; readonly caFile: string }> {
  const { certificate, key } = await makeCertificate(['127.0.0.1']);
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const caFile = path.join(folder, 'ca.pem');
  writeFileSync(caFile, certificate);

  const server = createServer({ cert: certificate, key }, (request, response) => {
    request.resume().on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { endpoint: `https://127.0.0.1:${port}`, caFile };
}

test('a private certificate authority is trusted when the environment names it', async () => {
  const { endpoint, caFile } = await runningHttps();
  const environment = {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
  };
  const telemetry = runningTelemetry({ ...environment, OTEL_EXPORTER_OTLP_CERTIFICATE: caFile });
  telemetry.record([checkedPeers('node1', 5)]);
  expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
});

test('without it the flush fails with the reason', async () => {
  const { endpoint } = await runningHttps();
  const telemetry = runningTelemetry({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint });
  telemetry.record([checkedPeers('node1', 5)]);
  expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
    { signal: 'metrics', reason: expect.stringMatching(/self-signed certificate/) },
  ]);
});
