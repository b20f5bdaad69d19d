import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { reportSchema } from '../shared/contract/report.ts';
import { enumerate } from '../shared/core/plain-text.ts';
import { renderBrief, renderReport } from './render/report.ts';
import { EXIT } from './verdict.ts';

const HELP = `vtepwatch show [FILE] [--brief]

Prints a --json document as text: verdict, matrix, incidents, problems, latencies.
Reads standard input where FILE is missing or -.

  --brief  verdict, matrix, latencies and problems alone
  --help   this text

Exit status: 0 healthy, 1 incident, 2 could not judge.
`;

/** How many wrong fields of a document an error names. */
const PLACES = 3;

export async function show(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      brief: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [file = '-', ...more] = positionals;
  if (more.length > 0) throw new Error('show takes one file: see vtepwatch show --help');
  const document = file === '-' ? await text(process.stdin) : await readDocument(file);
  const parsed = reportSchema.safeParse(readJson(document, file));
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the top');
    throw new Error(
      `${nameOf(file)} is not a vtepwatch document: wrong fields: ${enumerate(places, PLACES)}`,
    );
  }
  process.stdout.write(values.brief ? renderBrief(parsed.data) : renderReport(parsed.data));
  return EXIT[parsed.data.verdict];
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
