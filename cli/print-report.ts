import type { Report } from '../shared/contract/report.ts';
import { remark } from './progress.ts';
import { coloured, wantsColour } from './render/colour.ts';
import { filtered } from './render/filter.ts';
import { renderReport } from './render/report.ts';
import { columnsOf } from './render/terminal.ts';
import { EXIT } from './verdict.ts';

/** The options of every command that prints a report. */
export const VIEW_OPTIONS = {
  json: { type: 'boolean', default: false },
  node: { type: 'string' },
  cause: { type: 'string' },
  color: { type: 'string', default: 'auto' },
} as const;

export const VIEW_HELP = `  --node NAME     only what concerns this node; the verdict stays that of the cluster
  --cause CAUSE   only incidents of this cause
  --color WHEN    always, never or auto: on a terminal, unless NO_COLOR is set
`;

/** How its reader wants a report. */
export interface View {
  readonly json: boolean;
  readonly node?: string | undefined;
  readonly cause?: string | undefined;
  readonly color: string;
}

/** Prints a report in the way that its reader wants, and returns the exit status of its verdict. */
export function printReport(
  report: Report,
  view: View,
  render: (report: Report, columns: number) => string = renderReport,
): number {
  const terminal = { isTerminal: process.stdout.isTTY, noColor: process.env['NO_COLOR'] };
  const isColoured = wantsColour(view.color, terminal);
  const shown = filtered(report, view);
  const hidden = report.incidents.length - shown.incidents.length;
  if (hidden > 0) remark(`incidents that do not fit --node or --cause: ${hidden}`);
  const text = view.json
    ? `${JSON.stringify(shown, undefined, 2)}\n`
    : render(shown, columnsOf(process.stdout, process.env['COLUMNS']));
  process.stdout.write(isColoured && !view.json ? coloured(text) : text);
  return EXIT[report.verdict];
}
