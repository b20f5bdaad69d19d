import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { UNDERSCORES } from '../../infra/monitoring/spelling.ts';
import { ATTRIBUTES, METRICS } from '../../shared/contract/telemetry.ts';
import { readQuery } from '../infra/monitoring/promql.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

const BACKENDS = [
  'VictoriaMetrics',
  'Prometheus',
  'Mimir',
  'Grafana Cloud',
  'Datadog',
  'Dynatrace',
  'New Relic',
  'Honeycomb',
  'CloudWatch',
] as const;

const text = await readFile(path.join(ROOT, 'docs', 'backends.md'), 'utf8');

const sections = new Map(
  text.split(/^## /m).map((section): [string, string] => {
    const [title = '', ...lines] = section.split('\n');
    return [title, lines.join('\n')];
  }),
);

/** Names of the table as a query may have them. */
const KNOWN = new Set(
  [...Object.keys(METRICS), ...Object.keys(ATTRIBUTES)].flatMap((name) => [
    name,
    UNDERSCORES.metric(name),
  ]),
);

describe('docs/backends.md', () => {
  test.for(BACKENDS)('%s: an endpoint, and a query for who is cut off', (backend) => {
    const section = sections.get(backend) ?? '';
    expect(section).toMatch(/^OTEL_EXPORTER_OTLP_(METRICS_)?ENDPOINT=https:\/\/\S+$/m);
    expect(section).toMatch(/^.*vtepwatch[._]node[._]lost_peers.*$/m);
  });

  test('names no metric and no attribute that the table does not have', () => {
    const named = text.match(/\b(vtepwatch|k8s)[._][a-z_.]*[a-z]\b/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !KNOWN.has(name))).toEqual([]);
  });

  test('its PromQL is PromQL', () => {
    const queries = [...text.matchAll(/^```promql\n([^]*?)^```$/gm)].map(([, query = '']) => query);
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter((query) => !readQuery(query).parses)).toEqual([]);
  });
});
