import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runbookOfCheckout } from '../runbook-link.ts';
import { dashboardFile } from './dashboard.ts';
import { DEFAULT_OPTIONS, type MonitoringOptions } from './options.ts';
import { type Queries, queriesIn } from './queries.ts';
import { configMap, prometheusRule, rulesFile } from './rules-files.ts';
import { rulesTest } from './rules-test.ts';
import { DOTTED, DOTTED_UNITS, UNDERSCORES, UNITLESS } from './spelling.ts';
import { telemetryDocument } from './telemetry-document.ts';

/** The files that one installation loads into its backend, by name. */
export function monitoringFiles(options: MonitoringOptions): ReadonlyMap<string, string> {
  const underscored = queriesIn(options.unitSuffixes ? UNDERSCORES : UNITLESS);
  const dotted = queriesIn(options.dottedUnits ? DOTTED_UNITS : DOTTED);
  return new Map([...filesIn(underscored, '', options), ...filesIn(dotted, '-dotted', options)]);
}

/** The tests stand in a folder of their own: a Prometheus that loads `*.yaml` must not load them. */
function filesIn(
  queries: Queries,
  suffix: string,
  options: MonitoringOptions,
): readonly (readonly [string, string])[] {
  const rules = `prometheus-rules${suffix}.yaml`;
  return [
    [rules, rulesFile(queries, options)],
    [
      `promtool/prometheus-rules${suffix}.test.yaml`,
      rulesTest(`../${rules}`, { queries, options }),
    ],
    [`kubernetes/prometheusrule${suffix}.yaml`, prometheusRule(queries, options)],
    [`kubernetes/configmap${suffix}.yaml`, configMap(queries, options)],
    [`dashboard${suffix}.json`, dashboardFile(`vtepwatch${suffix}`, { queries, options })],
  ];
}

/** Everything that is committed, by its path in the checkout. */
export function committedFiles(): ReadonlyMap<string, string> {
  const monitoring = [...monitoringFiles(DEFAULT_OPTIONS)].map(
    ([name, text]) => [`infra/monitoring/${name}`, text] as const,
  );
  return new Map([...monitoring, ['docs/telemetry.md', telemetryDocument()]]);
}

const CHECKOUT = path.join(import.meta.dirname, '..', '..');

const USAGE = `Usage: npm run generate -- [OPTION]...

Writes docs/telemetry.md, and into infra/monitoring the alert rules with their promtool tests and
the dashboard. With --out it writes rules and dashboard for your installation to another folder.

  --out DIR             the folder to write to
  --schedule DURATION   the time between two runs: 30s, 1m or 5m (default 5m)
  --slow SECONDS        a master that takes longer is slow (default ${DEFAULT_OPTIONS.slowSeconds})
  --runbook BASE        precedes RUNBOOK.md in links: https://example.net/ops/ (default: where
                        this checkout was cloned from)
  --clusters A,B        a rule for each of these clusters that fires if it has never reported;
                        without it, one that fires if no cluster has
  --memory DURATION     for so long a cluster that stops reporting is listed: 24h or 3d (default
                        ${DEFAULT_OPTIONS.memory}; CloudWatch looks back no further than 24h)
  --without-units       for backends with underscores and no units in names, Mimir's default
  --dotted-units        for backends with dots and units: NoUTF8EscapingWithSuffixes
  --help
`;

type Order =
  | { readonly kind: 'help' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'render'; readonly directory: string; readonly options: MonitoringOptions };

/** Throws an error that names an option that is wrong. */
async function orderOf(args: readonly string[]): Promise<Order> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      schedule: { type: 'string' },
      slow: { type: 'string' },
      runbook: { type: 'string' },
      clusters: { type: 'string' },
      memory: { type: 'string' },
      'without-units': { type: 'boolean', default: false },
      'dotted-units': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const { out, schedule, slow, runbook, clusters, memory, help } = values;
  if (help === true) return { kind: 'help' };
  if (args.length === 0) return { kind: 'commit' };
  if (out === undefined) {
    throw new Error('--out is missing: the committed files are made without options');
  }
  const options = {
    scheduleSeconds: schedule === undefined ? DEFAULT_OPTIONS.scheduleSeconds : secondsOf(schedule),
    slowSeconds: slow === undefined ? DEFAULT_OPTIONS.slowSeconds : slowSecondsOf(slow),
    runbookBase: await runbookBaseOf(runbook),
    unitSuffixes: !values['without-units'],
    dottedUnits: values['dotted-units'],
    clusters: clusters === undefined ? [] : clustersOf(clusters),
    memory: memory === undefined ? DEFAULT_OPTIONS.memory : memoryOf(memory),
  };
  return { kind: 'render', directory: out, options };
}

/** A link in an alert is read where there is no checkout, so it must be a whole address. */
async function runbookBaseOf(given: string | undefined): Promise<string> {
  if (given === undefined) {
    const runbook = await runbookOfCheckout(CHECKOUT);
    if (runbook !== undefined) return runbook.replace(/RUNBOOK\.md$/, '');
    throw new Error(
      '--runbook is missing: this checkout was not cloned from an address that a browser can open; ' +
        'give the folder of RUNBOOK.md, such as https://example.net/ops/',
    );
  }
  if (/^https?:\/\/[^\s/]+\/(?:\S*\/)?$/.test(given)) return given;
  throw new Error(
    `--runbook must be an address with a slash at its end, such as https://example.net/ops/, not ${given}`,
  );
}

function clustersOf(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '') && new Set(names).size === names.length) return names;
  throw new Error(
    `--clusters must be names of clusters, each once, such as prod,test, not ${text}`,
  );
}

function memoryOf(text: string): string {
  if (/^[1-9]\d{0,2}[hd]$/.test(text)) return text;
  throw new Error(`--memory must be a duration such as 24h or 3d, not ${text}`);
}

function slowSecondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0) return seconds;
  throw new Error(`--slow must be a number of seconds, not ${text}`);
}

function secondsOf(duration: string): number {
  const [, count = '', unit] = /^([1-9]\d{0,4})([sm])$/.exec(duration) ?? [];
  const seconds = Number(count) * (unit === 'm' ? 60 : 1);
  if (seconds > 0) return seconds;
  throw new Error(`--schedule must be a duration such as 30s, 1m or 5m, not ${duration}`);
}

async function writeAll(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of files) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
}

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return;
    case 'commit':
      await writeAll(CHECKOUT, committedFiles());
      return;
    case 'render':
      await writeAll(order.directory, monitoringFiles(order.options));
  }
}

if (import.meta.main) {
  try {
    await carryOut(await orderOf(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
