import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { ATTRIBUTES, METRICS } from '../../../shared/contract/telemetry.ts';
import { ALERT_NAMES, alertsOf, ruleGroups } from '../../../infra/monitoring/alerts.ts';
import { storiesOf } from '../../../infra/monitoring/alert-stories.ts';
import { monitoringFiles } from '../../../infra/monitoring/generate.ts';
import { DEFAULT_OPTIONS } from '../../../infra/monitoring/options.ts';
import { queriesIn } from '../../../infra/monitoring/queries.ts';
import { DOTTED, DOTTED_UNITS, UNDERSCORES, UNITLESS } from '../../../infra/monitoring/spelling.ts';
import { readQuery } from './promql.ts';
import { needPromtool, needPromtool3, promtool } from './promtool.ts';

const RULES = 'prometheus-rules.yaml';
const TESTS = 'promtool/prometheus-rules.test.yaml';

const DOTTED_RULES = 'prometheus-rules-dotted.yaml';
const DOTTED_TESTS = 'promtool/prometheus-rules-dotted.test.yaml';

/** The default, the quickest that the function knows, and one for a test that cannot wait. */
const SCHEDULES = [300, 60, 10];

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ),
});

type Rule = z.infer<typeof rulesSchema>['groups'][number]['rules'][number];

function rulesIn(text: string | undefined): readonly Rule[] {
  return rulesSchema.parse(parse(text ?? '')).groups.flatMap(({ rules }) => rules);
}

describe.for(SCHEDULES)('the rules of a schedule of %d s', (scheduleSeconds) => {
  const files = monitoringFiles({ ...DEFAULT_OPTIONS, scheduleSeconds });

  test('are rules to Prometheus', ({ skip }) => {
    needPromtool(skip, 'promtool check rules');
    const { passes, text } = promtool(['check', 'rules', RULES], files);
    expect(text).toContain(`${ALERT_NAMES.length} rules found`);
    expect(passes).toBe(true);
  });

  test('tell every story as it is written', ({ skip }) => {
    needPromtool(skip, 'promtool test rules');
    const { passes, text } = promtool(['test', 'rules', TESTS], files);
    expect(text).toContain('SUCCESS');
    expect(passes).toBe(true);
  });
});

test.for([
  { name: 'no units', options: { unitSuffixes: false } },
  { name: 'each of two clusters', options: { clusters: ['prod', 'test'] } },
  { name: 'a backend that looks back a day', options: { memory: '24h' } },
])('rules of $name tell every story', ({ options }, { skip }) => {
  needPromtool(skip, 'promtool test rules, of other options');
  const files = monitoringFiles({ ...DEFAULT_OPTIONS, ...options });
  const { passes, text } = promtool(['test', 'rules', TESTS], files);
  expect(text).toContain('SUCCESS');
  expect(passes).toBe(true);
});

test.for([
  { name: 'underscores and units', tests: TESTS, options: {} },
  { name: 'underscores', tests: TESTS, options: { unitSuffixes: false } },
  { name: 'dots', tests: DOTTED_TESTS, options: {} },
  { name: 'dots and units', tests: DOTTED_TESTS, options: { dottedUnits: true } },
])(
  'to Prometheus 3 the rules with $name tell every story',
  async ({ tests, options }, { skip }) => {
    const program = await needPromtool3(skip, 'promtool test rules, of every spelling');
    const files = monitoringFiles({ ...DEFAULT_OPTIONS, ...options, clusters: ['prod', 'test'] });
    for (const rules of [RULES, DOTTED_RULES]) {
      const { passes, text } = promtool(['check', 'rules', rules], files, program);
      expect({ passes, text }).toEqual({
        passes: true,
        text: expect.stringContaining('rules found'),
      });
    }
    const { passes, text } = promtool(['test', 'rules', tests], files, program);
    expect(text).toContain('SUCCESS');
    expect(passes).toBe(true);
  },
);

test('a rule that is wrong breaks its story', ({ skip }) => {
  needPromtool(skip, 'promtool test rules finds a wrong rule');
  const files = monitoringFiles(DEFAULT_OPTIONS);
  const rules = files.get(RULES) ?? '';
  const wrong = new Map([...files, [RULES, rules.replaceAll('>= 0.5', '> 0.5')]]);
  const { passes, text } = promtool(['test', 'rules', TESTS], wrong);
  expect(passes).toBe(false);
  expect(text).toContain('VtepwatchNodeCutOff: half of the peers are enough, fewer are not');
});

describe('every alert', () => {
  const stories = storiesOf(DEFAULT_OPTIONS);
  const rules = rulesIn(monitoringFiles(DEFAULT_OPTIONS).get(RULES));

  test.for(ALERT_NAMES)('%s has a story in which it fires and is silent', (name) => {
    const moments = stories[name].flatMap((story) => story.moments);
    expect(moments.some(({ fires }) => fires !== undefined)).toBe(true);
    expect(moments.some(({ fires }) => fires === undefined)).toBe(true);
  });

  test.for(ALERT_NAMES)('%s says what is wrong, how bad, and where to read on', (name) => {
    const rule = rules.find(({ alert }) => alert === name);
    expect(rule?.labels['severity']).toMatch(/^(critical|warning)$/);
    expect(rule?.annotations['summary']).toMatch(/^[^\n]{20,140}$/);
    expect(rule?.annotations['description']).toMatch(/\.$/);
    expect(rule?.annotations['summary']).not.toContain('$value');
    expect(rule?.annotations['runbook_url']).toBe(
      `https://git.example.com/vtepwatch/blob/HEAD/RUNBOOK.md#${name.toLowerCase()}`,
    );
  });

  test('the links of the runbook have the base that was asked for', () => {
    const base = 'https://git.example.net/vtepwatch/blob/main/';
    const files = monitoringFiles({ ...DEFAULT_OPTIONS, runbookBase: base });
    for (const { annotations } of rulesIn(files.get(RULES))) {
      expect(annotations['runbook_url']).toMatch(
        /^https:\/\/git\.example\.net\/vtepwatch\/blob\/main\/RUNBOOK\.md#[a-z]+$/,
      );
    }
  });

  test('a stricter limit for masters is in the rule', () => {
    const files = monitoringFiles({ ...DEFAULT_OPTIONS, slowSeconds: 2.5 });
    const slow = rulesIn(files.get(RULES)).find(({ alert }) => alert.endsWith('Slow'));
    expect(slow?.expr.match(/\) > \S+/g)).toEqual([') > 2.5', ') > 2.5']);
  });
});

describe.for([
  { name: 'underscores', spelling: UNDERSCORES },
  { name: 'underscores without units', spelling: UNITLESS },
  { name: 'dots', spelling: DOTTED },
  { name: 'dots and units', spelling: DOTTED_UNITS },
])('the expressions in $name', ({ spelling }) => {
  const alerts = alertsOf(queriesIn(spelling), DEFAULT_OPTIONS);
  const metrics = new Set(Object.keys(METRICS).map(spelling.metric));
  const labels = new Set([
    ...Object.keys(ATTRIBUTES),
    ...Object.keys(ATTRIBUTES).map(UNITLESS.metric),
  ]);

  test.for(ALERT_NAMES)('%s parses, and names what the table has', (name) => {
    const query = readQuery(alerts[name].expr);
    expect(query.parses).toBe(true);
    expect(query.metrics.length).toBeGreaterThan(0);
    expect(query.metrics.filter((metric) => !metrics.has(metric))).toEqual([]);
    expect(query.labels.filter((label) => !labels.has(label))).toEqual([]);
  });
});

test('in dots the rules say the same: only the names differ', () => {
  const files = monitoringFiles(DEFAULT_OPTIONS);
  const dotted = rulesIn(files.get('prometheus-rules-dotted.yaml'));
  expect(dotted.map(inUnderscores)).toEqual(rulesIn(files.get(RULES)));
});

describe.for([RULES, DOTTED_RULES])('the labels of the alerts of %s', (file) => {
  // Alertmanager before 0.27 refuses others.
  const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
  const rules = rulesIn(
    monitoringFiles({ ...DEFAULT_OPTIONS, clusters: ['prod', 'test'] }).get(file),
  );

  test('are names that any Alertmanager takes', () => {
    for (const { expr, labels, annotations } of rules) {
      const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = '']) =>
        names.split(', '),
      );
      const named = Object.values(annotations).flatMap((text) =>
        [...text.matchAll(/\{\{[^}]*labels([^}]*)\}\}/g)].map(([, name = '']) => name.trim()),
      );
      expect(named.filter((name) => !NAME.test(name.slice(1)))).toEqual([]);
      expect([...grouped, ...Object.keys(labels)].filter((name) => !NAME.test(name))).toEqual([]);
      // Nothing but an aggregation with names of its own drops a label that the backend has with dots.
      expect(expr).toMatch(/^\(?(?:time\(\) - )?(?:max|min|sum)(?: by)? ?\(/);
    }
  });

  test('each named cluster has an absent rule of its own', () => {
    const absent = rules.filter(({ alert }) => alert === 'VtepwatchAbsent');
    expect(absent.map(({ labels }) => labels)).toEqual([
      { severity: 'critical', k8s_cluster_name: 'prod' },
      { severity: 'critical', k8s_cluster_name: 'test' },
    ]);
    expect(absent.map(({ expr }) => expr.includes('prod'))).toEqual([true, false]);
  });
});

test.for([
  { suffix: '', spelling: UNDERSCORES },
  { suffix: '-dotted', spelling: DOTTED },
])('Kubernetes gets the same rules: prometheusrule$suffix.yaml', ({ suffix, spelling }) => {
  const files = monitoringFiles(DEFAULT_OPTIONS);
  const wanted = ruleGroups(queriesIn(spelling), DEFAULT_OPTIONS);
  expect(parse(files.get(`kubernetes/prometheusrule${suffix}.yaml`) ?? '')).toMatchObject({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    spec: wanted,
  });
  expect(parse(files.get(`kubernetes/configmap${suffix}.yaml`) ?? '')).toMatchObject({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: { 'vtepwatch.yaml': files.get(`prometheus-rules${suffix}.yaml`) },
  });
});

function inUnderscores(rule: Rule): Rule {
  const expr = withoutRelabelling(rule.expr)
    .replaceAll(/\{"([^"]+)",?/g, (_, metric: string) => `${spell(metric)}{`)
    .replaceAll(/"([^"]+)"(?=[=,)])/g, (_, label: string) => spell(label))
    .replaceAll('{}', '');
  return { ...rule, expr };
}

/** The innermost vector of every `label_replace`. */
function withoutRelabelling(expr: string): string {
  const inner = expr.replaceAll(
    /label_replace\(((?:(?!label_replace).)*?), "\w+", "\$1", "[\w.]+", "\(\.\*\)"\)/g,
    '$1',
  );
  return inner === expr ? expr : withoutRelabelling(inner);
}

const spell = UNDERSCORES.metric;
