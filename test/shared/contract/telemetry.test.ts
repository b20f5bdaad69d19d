import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import {
  ATTRIBUTES,
  CONVENTIONS_VERSION,
  EVENTS,
  METRICS,
  type Point,
  SPANS,
  type TelemetryEvent,
} from '../../../shared/contract/telemetry.ts';

const RECORDS = [...Object.values(METRICS), ...Object.values(EVENTS), ...Object.values(SPANS)];

describe('the table of telemetry', () => {
  test('names are dotted, lower case, and below the own name unless a convention has them', () => {
    const own = [...Object.keys(METRICS), ...Object.keys(EVENTS)];
    for (const name of own) expect(name).toMatch(/^vtepwatch(\.[a-z][a-z_]*)+$/);
    for (const name of Object.keys(ATTRIBUTES))
      expect(name).toMatch(/^[a-z0-9]+(\.[a-z][a-z_]*)+$/);
  });

  test('attributes are spelled as the pinned semantic conventions spell them', () => {
    const known = new Set<unknown>(Object.values(conventions));
    const foreign = Object.keys(ATTRIBUTES).filter((name) => !name.startsWith('vtepwatch.'));
    expect(foreign.filter((name) => !known.has(name))).toEqual([]);
    expect(manifest.dependencies['@opentelemetry/semantic-conventions']).toBe(CONVENTIONS_VERSION);
  });

  test('units are UCUM: seconds, or the annotation of what is counted; never the unit 1', () => {
    for (const { unit } of Object.values(METRICS)) expect(unit).toMatch(/^(s|\{[a-z]+\})$/);
  });

  test('every metric has the cluster, none has text without end', () => {
    const free = new Set<string>(['k8s.cluster.name', 'k8s.node.name']);
    for (const { attributes } of Object.values(METRICS)) {
      expect(attributes).toContain('k8s.cluster.name');
      expect(
        attributes.filter((name) => !free.has(name) && !('values' in ATTRIBUTES[name])),
      ).toEqual([]);
    }
  });

  test('what is sent for each node or master has its name, and nothing else has', () => {
    for (const { attributes, per } of Object.values(METRICS)) {
      expect(new Set<string>(attributes).has('k8s.node.name')).toBe(per !== 'cluster');
    }
  });

  test('every attribute is used', () => {
    const used = new Set<string>(
      RECORDS.flatMap((record) => [
        ...record.attributes,
        ...('optional' in record ? record.optional : []),
      ]),
    );
    expect(Object.keys(ATTRIBUTES).filter((name) => !used.has(name))).toEqual([]);
  });

  test('descriptions are there, and fit one line of a table', () => {
    for (const { description } of [...RECORDS, ...Object.values(ATTRIBUTES)]) {
      expect(description).toMatch(/^[^\n|]{3,120}$/);
    }
  });
});

test('a record that is not of the table does not compile', () => {
  const cluster = { 'k8s.cluster.name': 'lab' } as const;
  const points: readonly Point[] = [
    // @ts-expect-error There is no such metric.
    { metric: 'vtepwatch.node.missing', value: 1, attributes: cluster },
    // @ts-expect-error The node is missing.
    { metric: 'vtepwatch.node.checked_peers', value: 1, attributes: cluster },
    {
      metric: 'vtepwatch.check.duration_last',
      value: 1,
      // @ts-expect-error This metric has no node.
      attributes: { ...cluster, 'k8s.node.name': 'node1' },
    },
    {
      metric: 'vtepwatch.node.count',
      value: 1,
      // @ts-expect-error There is no such verdict.
      attributes: { ...cluster, 'vtepwatch.node.state': 'dead' },
    },
  ];
  const events: readonly TelemetryEvent[] = [
    {
      event: 'vtepwatch.check.exception',
      severity: 'fatal',
      body: '',
      // @ts-expect-error The message is missing.
      attributes: { ...cluster, 'exception.type': 'Error' },
    },
  ];
  expect([...points, ...events]).toHaveLength(5);
});
