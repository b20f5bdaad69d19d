import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { committedFiles, monitoringFiles } from './files.ts';
import { DEFAULT_OPTIONS, type MonitoringOptions } from './options.ts';

const CHECKOUT = path.join(import.meta.dirname, '..', '..');

const USAGE = `Usage: npm run generate -- [OPTION]...

Writes docs/telemetry.md, and the alert rules with their promtool tests and the dashboard into
infra/monitoring. With --out it writes rules and dashboard for one installation, elsewhere.

  --out DIR             where to write them
  --schedule DURATION   how often the function runs, as 30s, 1m or 5m (default 5m)
  --slow SECONDS        from when on a master is slow (default ${DEFAULT_OPTIONS.slowSeconds})
  --runbook BASE        what stands before RUNBOOK.md in the links, as https://example.net/ops/
  --without-units       where the backend keeps underscores and no units, as Mimir does by default
  --help
`;

type Order =
  | { readonly kind: 'help' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'render'; readonly directory: string; readonly options: MonitoringOptions };

/** Throws an error that names the option where one cannot be understood. */
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
  throw new Error('--out is missing: what is committed is made without options');
}

function slowSecondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0) return seconds;
  throw new Error(`--slow: not a number of seconds: ${text}`);
}

function secondsOf(duration: string): number {
  const [, count = '', unit] = /^([1-9]\d{0,4})([sm])$/.exec(duration) ?? [];
  const seconds = Number(count) * (unit === 'm' ? 60 : 1);
  if (seconds > 0) return seconds;
  throw new Error(`--schedule: not a duration as 30s, 1m or 5m: ${duration}`);
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

try {
  await carryOut(orderOf(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
