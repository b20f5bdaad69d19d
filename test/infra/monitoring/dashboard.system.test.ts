import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { ATTRIBUTES, METRICS } from '../../../shared/contract/telemetry.ts';
import { timeoutSeconds } from '../../../infra/cluster.ts';
import { monitoringFiles } from '../../../infra/monitoring/generate.ts';
import { DEFAULT_OPTIONS } from '../../../infra/monitoring/options.ts';
import { DOTTED, UNDERSCORES } from '../../../infra/monitoring/spelling.ts';
import { readQuery } from './promql.ts';
import { needPromtool, needPromtool3, promtool } from './promtool.ts';

const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.optional(z.string()),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.optional(z.object({ uid: z.string() })),
  targets: z.optional(z.array(z.object({ refId: z.string(), expr: z.string() }))),
});

const dashboardSchema = z.object({
  uid: z.string(),
  schemaVersion: z.number(),
  links: z.optional(z.array(z.object({ url: z.string() }))),
  panels: z.array(panelSchema),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
});

type Dashboard = z.infer<typeof dashboardSchema>;

const clusterQuerySchema = z.object({ query: z.string() });

function dashboardIn(name: string, options = DEFAULT_OPTIONS): Dashboard {
  return dashboardSchema.parse(JSON.parse(monitoringFiles(options).get(name) ?? ''));
}

/** The query of the variable `$cluster`, without Grafana's own function around it. */
function clusterQuery({ templating }: Dashboard): string {
  const variable = templating.list.find(({ name }) => name === 'cluster');
  const { query } = clusterQuerySchema.parse(variable?.query);
  return /^query_result\((.*)\)$/.exec(query)?.[1] ?? '';
}

function queriesOf(dashboard: Dashboard): readonly string[] {
  const shown = dashboard.panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
  return [clusterQuery(dashboard), ...shown];
}

describe.for([
  { name: 'dashboard.json', spelling: UNDERSCORES },
  { name: 'dashboard-dotted.json', spelling: DOTTED },
])('$name', ({ name, spelling }) => {
  const dashboard = dashboardIn(name);
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  const metrics = Object.keys(METRICS).map(spelling.metric);

  test('asks in PromQL, and for nothing that the table does not have', () => {
    const known = new Set(
      [...Object.keys(METRICS), ...Object.keys(ATTRIBUTES)]
        .map(spelling.metric)
        .concat(Object.keys(ATTRIBUTES).map(UNDERSCORES.metric)),
    );
    const queries = queriesOf(dashboard);
    expect(queries.filter((expr) => !readQuery(expr).parses)).toEqual([]);
    const named = queries.map(readQuery).flatMap((query) => [...query.metrics, ...query.labels]);
    expect(named.filter((one) => !known.has(one))).toEqual([]);
  });

  test('shows every metric of the table', () => {
    const shown = new Set(queriesOf(dashboard).flatMap((expr) => readQuery(expr).metrics));
    expect(metrics.filter((metric) => !shown.has(metric))).toEqual([]);
  });

  test('every panel has a question, a data source to choose, and an id of its own', () => {
    expect(panels.length).toBeGreaterThan(10);
    for (const { description, datasource, targets } of panels) {
      expect(description).toMatch(/^[^\n]{10,220}[.]$/);
      expect(datasource?.uid).toBe('${datasource}');
      expect(targets?.length).toBeGreaterThan(0);
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  test('no two panels share a place, and none is wider than the page', () => {
    const places = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThan(25);
  });
});

/** Prometheus has no check of a single query, but one of a file of rules. */
function rulesOfQueries(dashboard: string): { readonly file: string; readonly count: number } {
  const rules = queriesOf(dashboardIn(dashboard)).map((expr, at) => ({
    record: `panel:${at}`,
    expr,
  }));
  return { file: stringify({ groups: [{ name: 'dashboard', rules }] }), count: rules.length };
}

test('Prometheus itself takes every query', ({ skip }) => {
  needPromtool(skip, "promtool check rules of the dashboard's queries");
  const { file, count } = rulesOfQueries('dashboard.json');
  const { passes, text } = promtool(['check', 'rules', 'd.yaml'], new Map([['d.yaml', file]]));
  expect(text).toContain(`${count} rules found`);
  expect(passes).toBe(true);
});

test.for(['dashboard.json', 'dashboard-dotted.json'] as const)(
  'Prometheus 3 takes every query of %s',
  async (name, { skip }) => {
    const program = await needPromtool3(skip, `promtool check rules of the queries of ${name}`);
    const { file, count } = rulesOfQueries(name);
    const files = new Map([['d.yaml', file]]);
    const { passes, text } = promtool(['check', 'rules', 'd.yaml'], files, program);
    expect(text).toContain(`${count} rules found`);
    expect(passes).toBe(true);
  },
);

test('it links the runbook at the base that was asked for', () => {
  const runbookBase = 'https://example.net/';
  expect(dashboardIn('dashboard.json', { ...DEFAULT_OPTIONS, runbookBase }).links).toMatchObject([
    { url: 'https://example.net/RUNBOOK.md' },
  ]);
});

test.for([
  { scheduleMinutes: 1, seconds: 55 },
  { scheduleMinutes: 5, seconds: 120 },
])(
  'says that Lambda ends a run after $seconds s, on a schedule of $scheduleMinutes min',
  ({ scheduleMinutes, seconds }) => {
    expect(timeoutSeconds({ scheduleMinutes })).toBe(seconds);
    const options = { ...DEFAULT_OPTIONS, scheduleSeconds: 60 * scheduleMinutes };
    const panel = dashboardIn('dashboard.json', options).panels.find(
      ({ title }) => title === 'How long a run takes',
    );
    expect(panel?.description).toContain(`Lambda ends the function after ${seconds} s.`);
  },
);
