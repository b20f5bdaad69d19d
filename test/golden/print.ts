import { CAUSES } from '../../shared/contract/causes.ts';
import { areSame, typedLines } from './same-fixes.ts';

/** Prints how many commands page, `--json` document and runbook have for each cause, and whether they are the same. */

const header = ['cause', 'page', '--json', 'RUNBOOK.md', ''];
const rows = await Promise.all(
  CAUSES.map(async (cause) => {
    const lines = await typedLines(cause);
    const verdict = areSame(lines) ? 'the same' : 'NOT THE SAME';
    const counts = [lines.page, lines.json, lines.runbook].map(({ length }) => String(length));
    return [
      cause,
      ...counts,
      lines.isShortened
        ? `${verdict}; the page leaves ${lines.json.length - lines.page.length} to the others, and says so`
        : verdict,
    ];
  }),
);
const widths = header.map((_, at) =>
  Math.max(...[header, ...rows].map((row) => row[at]?.length ?? 0)),
);
for (const row of [header, ...rows]) {
  const cells = row.map((cell, at) => cell.padEnd(widths[at] ?? 0));
  process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
}
if (rows.some((row) => row.at(-1)?.startsWith('NOT'))) process.exitCode = 1;
