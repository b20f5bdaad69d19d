import { describe, expect, test } from 'vitest';
import { METRICS } from '../../../shared/contract/telemetry.ts';
import { promDuration } from '../../../infra/monitoring/options.ts';
import { queriesIn } from '../../../infra/monitoring/queries.ts';
import { DOTTED, DOTTED_UNITS, UNDERSCORES, UNITLESS } from '../../../infra/monitoring/spelling.ts';

describe('names with underscores', () => {
  // As Prometheus' OTLP receiver and VictoriaMetrics with -opentelemetry.usePrometheusNaming make them.
  test.for<[string, string]>([
    ['vtepwatch.node.missing_peers', 'vtepwatch_node_missing_peers'],
    ['vtepwatch.node.count', 'vtepwatch_node_count'],
    ['vtepwatch.control_plane.response_time', 'vtepwatch_control_plane_response_time_seconds'],
    ['vtepwatch.check.last_success.timestamp', 'vtepwatch_check_last_success_timestamp_seconds'],
    ['vtepwatch.check.duration_last', 'vtepwatch_check_duration_last_seconds'],
  ])('%s is %s', ([name, spelled]) => {
    expect(UNDERSCORES.metric(name)).toBe(spelled);
  });

  test('every metric has a name that any Prometheus takes, and no two have one', () => {
    const names = Object.keys(METRICS).map(UNDERSCORES.metric);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z_]*$/);
  });
});

describe('a query', () => {
  const reading = {
    by: ['k8s.cluster.name'],
    where: { 'vtepwatch.node.state': 'unknown' },
    window: '15m',
  } as const;

  test('in underscores', () => {
    expect(queriesIn(UNDERSCORES).latest('vtepwatch.node.count', reading)).toBe(
      'max by (k8s_cluster_name) (last_over_time(vtepwatch_node_count{vtepwatch_node_state="unknown"}[15m]))',
    );
  });

  test('in underscores without units', () => {
    const { latest } = queriesIn(UNITLESS);
    const time = { by: ['k8s.node.name'], window: '15m' } as const;
    expect(latest('vtepwatch.control_plane.response_time', time)).toBe(
      'max by (k8s_node_name) (last_over_time(vtepwatch_control_plane_response_time[15m]))',
    );
  });

  test('in dots', () => {
    expect(queriesIn(DOTTED).latest('vtepwatch.node.count', reading)).toBe(
      'max by (k8s_cluster_name) (label_replace(last_over_time({"vtepwatch.node.count","vtepwatch.node.state"="unknown"}[15m]), "k8s_cluster_name", "$1", "k8s.cluster.name", "(.*)"))',
    );
  });

  // As Prometheus makes them with NoUTF8EscapingWithSuffixes.
  test('in dots with units', () => {
    expect(DOTTED_UNITS.selector('vtepwatch.check.last_success.timestamp', {})).toBe(
      '{"vtepwatch.check.last_success.timestamp_seconds"}',
    );
  });

  test('of a label that the metric does not have does not compile', () => {
    const { latest } = queriesIn(UNDERSCORES);
    // @ts-expect-error The count of nodes is for no node.
    expect(latest('vtepwatch.node.count', { by: ['k8s.node.name'], window: '15m' })).toBe(
      'max by (k8s_node_name) (last_over_time(vtepwatch_node_count[15m]))',
    );
  });
});

test.for<[number, string]>([
  [15, '15s'],
  [90, '90s'],
  [37.5, '37500ms'],
  [60, '1m'],
  [900, '15m'],
  [7200, '2h'],
  [259_200, '3d'],
])('%d s are written %s', ([seconds, written]) => {
  expect(promDuration(seconds)).toBe(written);
});
