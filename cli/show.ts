import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type Report, reportSchema } from '../shared/contract/report.ts';
import { isManagedNodeId } from '../shared/core/fix/remote.ts';
import { isNodeName } from '../shared/core/parse/kubernetes.ts';
import { enumerate } from '../shared/core/plain-text.ts';
import { renderBrief, renderReport } from './render/report.ts';
import { Failure, usage } from './failure.ts';
import { printReport, VIEW_HELP, VIEW_OPTIONS } from './print-report.ts';
import { EXIT } from './verdict.ts';

const HELP = `vtepwatch show [FILE] [--brief] [--json]
vtepwatch show KEY --hosts|--ids [--step N] [FILE]

Prints a --json document as text: verdict, matrix, incidents, problems, latencies.
Reads standard input where FILE is missing or -.

With --hosts it prints the nodes on which a step of the incident KEY's fix is done, one a line, for a
loop of the shell: the first step that sets entries or restarts, or step N. Without FILE it runs one check
of the deployed cluster that KEY begins with, a full run.

  --json          print the document itself, of what fits
${VIEW_HELP}  --brief         verdict, matrix, latencies and problems alone
  --hosts         the nodes of an incident's fix alone
  --ids           the same by their ids in Systems Manager, as send-command takes them
  --step N        which step of the fix, from 1 on
  --help          this text

Exit status: 0 healthy, 1 incident, 2 could not judge or read, or there is no such incident or step,
64 wrong usage; of a check that it runs, also 69 and 77, as of vtepwatch check.
`;

/** How many wrong fields of a document an error names. */
const PLACES = 3;

export async function show(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      ...VIEW_OPTIONS,
      brief: { type: 'boolean', default: false },
      hosts: { type: 'boolean', default: false },
      ids: { type: 'boolean', default: false },
      step: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.hosts || values.ids) {
    return await showHosts(positionals, { number: values.step, as: values.ids ? 'id' : 'node' });
  }
  const [file = '-', ...more] = positionals;
  if (more.length > 0) throw usage('show takes one file: see vtepwatch show --help');
  return printReport(await readReport(file), values, values.brief ? renderBrief : renderReport);
}

async function showHosts(
  [key, file, ...more]: readonly string[],
  { number, as }: { readonly number: string | undefined; readonly as: 'node' | 'id' },
): Promise<number> {
  if (key === undefined || more.length > 0) {
    throw usage('--hosts and --ids need the KEY of an incident: see vtepwatch show --help');
  }
  const report = file === undefined ? await reportOfCluster(key) : await readReport(file);
  const incident = report.incidents.find((one) => one.key === key);
  if (incident === undefined) throw new Error(`there is no incident ${key} now`);
  const step =
    number === undefined
      ? incident.fix.find(({ kind }) => kind === 'entries' || kind === 'restart')
      : incident.fix[Number(number) - 1];
  // A loop over nobody would look as if it had done its work.
  if (step === undefined)
    throw new Error(`the fix of ${key} has no step ${number ?? 'on hosts'} now`);
  const words = as === 'node' ? step.hosts.filter(isNodeName) : idsOf(step.hosts, report);
  if (words.length === 0) throw new Error('no host of that step has such a name or id');
  process.stdout.write(words.map((word) => `${word}\n`).join(''));
  return EXIT[report.verdict];
}

/** What is no id is left out, as a name that is no node's: each becomes a word of a command. */
function idsOf(nodes: readonly string[], { hosts }: Report): readonly string[] {
  const ids = new Map(Object.entries(hosts.ids ?? {}));
  return nodes.flatMap((node) => ids.get(node) ?? []).filter(isManagedNodeId);
}

async function reportOfCluster(key: string): Promise<Report> {
  const words = ['--cluster', key.split('/')[0] ?? ''];
  // The SDK is loaded only where a cluster is asked.
  const options = (await import('./deployed/options.ts')).readDeployedOptions('show', words);
  if (options === 'help') throw new Error('show --hosts: no cluster is named');
  const running = (await import('./check.ts')).reportNow(options);
  return await running.catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    const advice =
      'of a check that was not of a deployed cluster, name the file with its --json document';
    throw new Failure(error.kind, `${error.message}; ${advice}`, { cause: error.cause });
  });
}

async function readReport(file: string): Promise<Report> {
  const document = file === '-' ? await text(process.stdin) : await readDocument(file);
  const parsed = reportSchema.safeParse(readJson(document, file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the top');
  throw new Error(
    `${nameOf(file)} is not a vtepwatch document: wrong fields: ${enumerate(places, PLACES)}`,
  );
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function readDocument(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`reading ${file}`, { cause });
  });
}

function readJson(document: string, file: string): unknown {
  try {
    return JSON.parse(document);
  } catch (cause) {
    throw new Error(`${nameOf(file)} is not JSON`, { cause });
  }
}
