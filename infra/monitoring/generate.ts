import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { rulesFile } from './alerts.ts';
import { dashboardFile } from './dashboard.ts';
import { DEFAULT_OPTIONS, type MonitoringOptions } from './options.ts';
import { queriesIn } from './queries.ts';
import { rulesTest } from './rules-test.ts';
import { DOTTED, UNDERSCORES, UNITLESS } from './spelling.ts';
import { telemetryDocument } from './telemetry-document.ts';

/** The files that one installation loads into its backend, by name. */
export function monitoringFiles(options: MonitoringOptions): ReadonlyMap<string, string> {
  const queries = queriesIn(options.unitSuffixes ? UNDERSCORES : UNITLESS);
  const dotted = queriesIn(DOTTED);
  const rules = 'prometheus-rules.yaml';
  return new Map([
    [rules, rulesFile(queries, options)],
    ['prometheus-rules.test.yaml', rulesTest(rules, { queries, options })],
    ['prometheus-rules-dotted.yaml', rulesFile(dotted, options)],
    ['dashboard.json', dashboardFile('vtepwatch', { queries, options })],
    ['dashboard-dotted.json', dashboardFile('vtepwatch-dotted', { queries: dotted, options })],
  ]);
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
  --runbook BASE        precedes RUNBOOK.md in links: https://example.net/ops/
  --without-units       for backends with underscores and no units in names, Mimir's default
  --help
`;

type Order =
  | { readonly kind: 'help' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'render'; readonly directory: string; readonly options: MonitoringOptions };

/** Throws an error that names an option that is wrong. */
function orderOf(args: readonly string[]): Order {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      schedule: { type: 'string' },
      slow: { type: 'string' },
      runbook: { type: 'string' },
      'without-units': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const { out, schedule, slow, runbook, help } = values;
  if (help === true) return { kind: 'help' };
  const options = {
    scheduleSeconds: schedule === undefined ? DEFAULT_OPTIONS.scheduleSeconds : secondsOf(schedule),
    slowSeconds: slow === undefined ? DEFAULT_OPTIONS.slowSeconds : slowSecondsOf(slow),
    runbookBase: runbook ?? DEFAULT_OPTIONS.runbookBase,
    unitSuffixes: !values['without-units'],
  };
  if (out !== undefined) return { kind: 'render', directory: out, options };
  if (args.length === 0) return { kind: 'commit' };
  throw new Error('--out is missing: the committed files are made without options');
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
    await carryOut(orderOf(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
