import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Environment,
  readSignal,
  SIGNALS,
  type SignalSettings,
} from '../../../../lambda/systems/telemetry/signals.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.net:4318/base/' };

const DEFAULTS: SignalSettings = {
  kind: 'otlp',
  url: 'https://otlp.example.net:4318/base/v1/metrics',
  headers: {},
  timeoutMilliseconds: 4000,
  compression: 'gzip',
  tls: {},
};

describe('settings of a signal', () => {
  test('an endpoint is enough; the path of the signal is added to it', () => {
    expect(readSignal(ENDPOINT, 'metrics')).toEqual(DEFAULTS);
    expect(SIGNALS.map((signal) => readSignal(ENDPOINT, signal))).toMatchObject([
      { url: 'https://otlp.example.net:4318/base/v1/metrics' },
      { url: 'https://otlp.example.net:4318/base/v1/logs' },
      { url: 'https://otlp.example.net:4318/base/v1/traces' },
    ]);
  });

  test.for<[string, Environment, Partial<SignalSettings>]>([
    [
      "a signal's own endpoint is taken as it stands",
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:9090/api/v1/otlp/v1/metrics' },
      { url: 'http://127.0.0.1:9090/api/v1/otlp/v1/metrics' },
    ],
    [
      'a timeout is in milliseconds',
      { OTEL_EXPORTER_OTLP_TIMEOUT: '2500' },
      { timeoutMilliseconds: 2500 },
    ],
    [
      "a signal's own variable wins",
      { OTEL_EXPORTER_OTLP_TIMEOUT: '2500', OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '900' },
      { timeoutMilliseconds: 900 },
    ],
    [
      'headers are percent-decoded, and those of the signal are laid over the common ones',
      {
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc,x-a=1',
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-a=2',
      },
      { headers: { authorization: 'Basic abc', 'x-a': '2' } },
    ],
    ['an empty variable is not set', { OTEL_EXPORTER_OTLP_PROTOCOL: '' }, DEFAULTS],
    [
      'the protocol may be named',
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_METRICS_EXPORTER: 'otlp' },
      DEFAULTS,
    ],
  ])('%s', ([, environment, settings]) => {
    expect(readSignal({ ...ENDPOINT, ...environment }, 'metrics')).toMatchObject(settings);
  });

  test.for<[string, Environment]>([
    ['OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
    [
      'OTEL_EXPORTER_OTLP_COMPRESSION must be gzip or none',
      { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
    ],
    [
      'OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds above 0 and below 2147483648',
      { OTEL_EXPORTER_OTLP_TIMEOUT: '5s' },
    ],
    [
      'OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds above 0 and below 2147483648',
      { OTEL_EXPORTER_OTLP_TIMEOUT: '-1' },
    ],
    ['OTEL_METRICS_EXPORTER must be otlp or none', { OTEL_METRICS_EXPORTER: 'prometheus' }],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL without user and password, for example https://example.com/path',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'otlp.example.net' },
    ],
    [
      'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT must be an http or https URL without user and password, for example https://example.com/path',
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'ftp://user:secret@otlp.example.net' },
    ],
  ])('unusable: %s', ([reason, environment]) => {
    expect(readSignal({ ...ENDPOINT, ...environment }, 'metrics')).toEqual({
      kind: 'unusable',
      reason: `the environment's settings for metrics: ${reason}`,
    });
  });

  test('certificates are read from their files, and one that is missing is reported', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, 'CERTIFICATE');

    const given = { ...ENDPOINT, OTEL_EXPORTER_OTLP_CERTIFICATE: file };
    expect(readSignal(given, 'metrics')).toMatchObject({ tls: { ca: Buffer.from('CERTIFICATE') } });
    const lost = { ...ENDPOINT, OTEL_EXPORTER_OTLP_CLIENT_KEY: path.join(folder, 'key.pem') };
    expect(readSignal(lost, 'metrics')).toMatchObject({
      kind: 'unusable',
      reason: expect.stringContaining('ENOENT'),
    });
  });
});
