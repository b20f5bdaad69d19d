import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { reportSchema } from '../shared/contract/report.ts';
import { renderBrief, renderReport } from './render/report.ts';
import { EXIT } from './verdict.ts';

const HELP = `vtepwatch show [FILE] [--brief]

Shows a --json document to a person: verdict, matrix, incidents, problems, latencies.
Without FILE, or with -, it is read from standard input.

  --brief  verdict, matrix, latencies and problems alone
  --help   this text

Exit status: 0 healthy, 1 incident, 2 could not judge.
`;

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
  const [file = '-'] = positionals;
  const document = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  const parsed = reportSchema.safeParse(readJson(document, file));
  if (!parsed.success) {
    throw new Error(`${file} is not a vtepwatch document:\n${z.prettifyError(parsed.error)}`);
  }
  process.stdout.write(values.brief ? renderBrief(parsed.data) : renderReport(parsed.data));
  return EXIT[parsed.data.verdict];
}

function readJson(document: string, file: string): unknown {
  try {
    return JSON.parse(document);
  } catch (cause) {
    throw new Error(`reading ${file}: it is not JSON`, { cause });
  }
}
