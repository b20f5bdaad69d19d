import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { monitoringFiles } from './files.ts';
import { DEFAULT_OPTIONS, type MonitoringOptions } from './options.ts';

const USAGE = `Usage: npm run generate -- [OPTION]...

Writes the alert rules with their promtool tests, and the dashboard, in both spellings, into
infra/monitoring. With options it renders them for one installation, elsewhere.

  --out DIR             where to write the rules and the dashboard
  --schedule DURATION   how often the function runs, as 30s, 1m or 5m (default 5m)
  --slow SECONDS        from when on a master is slow (default ${DEFAULT_OPTIONS.slowSeconds})
  --runbook BASE        what stands before RUNBOOK.md in the links, as https://example.net/ops/
  --help
`;

interface Order {
  readonly directory: string;
  readonly options: MonitoringOptions;
}

/** Throws an error that names the option where one cannot be understood. */
function orderOf(args: readonly string[]): Order | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string', default: import.meta.dirname },
      schedule: { type: 'string', default: `${DEFAULT_OPTIONS.scheduleSeconds}s` },
      slow: { type: 'string', default: `${DEFAULT_OPTIONS.slowSeconds}` },
      runbook: { type: 'string', default: DEFAULT_OPTIONS.runbookBase },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const slowSeconds = Number(values.slow);
  if (!(slowSeconds > 0)) throw new Error(`--slow: not a number of seconds: ${values.slow}`);
  return {
    directory: values.out,
    options: {
      scheduleSeconds: secondsOf(values.schedule),
      slowSeconds,
      runbookBase: values.runbook,
    },
  };
}

function secondsOf(duration: string): number {
  const [, count = '', unit] = /^([1-9]\d{0,4})([sm])$/.exec(duration) ?? [];
  const seconds = Number(count) * (unit === 'm' ? 60 : 1);
  if (seconds > 0) return seconds;
  throw new Error(`--schedule: not a duration as 30s, 1m or 5m: ${duration}`);
}

async function writeAll({ directory, options }: Order): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of monitoringFiles(options)) {
    const file = path.join(directory, name);
    await writeFile(file, text);
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
}

try {
  const order = orderOf(process.argv.slice(2));
  if (order === 'help') process.stdout.write(USAGE);
  else await writeAll(order);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
