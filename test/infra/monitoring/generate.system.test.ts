import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { needPromtool, promtool } from './promtool.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'infra/monitoring/generate.ts');

function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function generate(...args: readonly string[]) {
  return await promisify(execFile)(process.execPath, [PROGRAM, ...args]);
}

test('rules and dashboard of one installation, for its schedule and its runbook', async () => {
  const out = path.join(scratch(), 'new');
  const base = 'https://example.net/ops/';
  await generate('--out', out, '--schedule', '1m', '--slow', '2', '--runbook', base);
  expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).toSorted()).toEqual([
    'dashboard-dotted.json',
    'dashboard.json',
    'kubernetes',
    'kubernetes/configmap-dotted.yaml',
    'kubernetes/configmap.yaml',
    'kubernetes/prometheusrule-dotted.yaml',
    'kubernetes/prometheusrule.yaml',
    'prometheus-rules-dotted.yaml',
    'prometheus-rules.yaml',
    'promtool',
    'promtool/prometheus-rules-dotted.test.yaml',
    'promtool/prometheus-rules.test.yaml',
  ]);
  const rules = readFileSync(path.join(out, 'prometheus-rules.yaml'), 'utf8');
  expect(rules).toContain('last_over_time(vtepwatch_node_lost_peers[3m])');
  expect(rules).toContain(
    '(min_over_time(vtepwatch_control_plane_response_time_seconds[2m])) > 2\n',
  );
  expect(rules).toContain('runbook_url: https://example.net/ops/RUNBOOK.md#vtepwatchstale\n');
});

test('rules and dashboard of a backend that keeps no units', async ({ skip }) => {
  needPromtool(skip, 'promtool test rules, of names without units');
  const out = scratch();
  await generate('--out', out, '--runbook', 'https://example.net/', '--without-units');
  const files = new Map(
    readdirSync(out, { recursive: true, encoding: 'utf8' })
      .filter((name) => path.extname(name) !== '')
      .map((name) => [name, readFileSync(path.join(out, name), 'utf8')]),
  );
  expect(files.get('prometheus-rules.yaml')).toContain(
    'last_over_time(vtepwatch_check_last_success_timestamp[3d])',
  );
  for (const name of ['prometheus-rules.yaml', 'dashboard.json']) {
    expect(files.get(name)).not.toMatch(/vtepwatch_\w+_seconds/);
  }
  expect(promtool(['test', 'rules', 'promtool/prometheus-rules.test.yaml'], files)).toMatchObject({
    passes: true,
  });
});

test('names with dots and units, for the clusters that are named', async () => {
  const out = scratch();
  await generate(
    `--out=${out}`,
    '--runbook=https://example.net/',
    '--dotted-units',
    '--clusters=prod,test',
    '--memory=24h',
  );
  const rules = readFileSync(path.join(out, 'prometheus-rules-dotted.yaml'), 'utf8');
  expect(rules).toContain(
    'absent_over_time({"vtepwatch.check.last_success.timestamp_seconds","k8s.cluster.name"="test"}[24h])',
  );
});

test('it says how it is used', async () => {
  const { stdout } = await generate('--help');
  expect(stdout).toMatch(/^Usage: npm run generate/);
});

test.for<[readonly string[], RegExp]>([
  [
    ['--out', 'x', '--schedule', '5'],
    /^--schedule must be a duration such as 30s, 1m or 5m, not 5\n$/,
  ],
  [['--out', 'x', '--schedule', '0m'], /^--schedule must be a duration/],
  [['--out', 'x', '--slow', 'soon'], /^--slow must be a number of seconds, not soon\n$/],
  [['--schedule', '1m'], /^--out is missing/],
  [['--out', 'x', '--runbook', 'docs/'], /^--runbook must be an address/],
  [['--out', 'x', '--runbook', 'https://example.net/ops'], /with a slash at its end/],
  [
    ['--out', 'x', '--runbook', 'https://example.net/', '--clusters', 'a,,b'],
    /^--clusters must be names of clusters/,
  ],
  [
    ['--out', 'x', '--runbook', 'https://example.net/', '--memory', 'long'],
    /^--memory must be a duration such as 24h or 3d, not long\n$/,
  ],
  [['--without-units'], /^--out is missing/],
  [['--nonsense'], /--nonsense/],
])('%j is refused by the name of the option, and nothing is written', async ([args, reason]) => {
  await expect(generate(...args)).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(reason),
  });
});
