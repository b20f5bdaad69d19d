import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { MATRIX } from '../../shared/core/report/checked.ts';
import { ENTRIES_PER_INCIDENT } from '../../shared/core/report/incident-report.ts';
import { endLines, lettersOf, tableLines, withoutCommonEnd, wrapped } from './table.ts';
import { renderWrong } from './wrong-cells.ts';

const LEGEND =
  'row: observer, column: subject; N neighbour, F FDB, R route entry missing or wrong; ' +
  '· ok, ? not checked, - itself';

/** An incident lists only some of its entries, so the other cells of its rows are open. */
const CUT_LEGEND = '* may be wrong: the document lists only the first entries of the incident';

/** The columns of a terminal that does not report its own. */
export const USUAL_COLUMNS = 80;

/**
 * The observer × subject matrix of a report, in so many columns of a terminal: whole where it fits, by
 * names without their common end or by numbers; else only what is wrong in it.
 */
export function renderMatrix(report: Report, columns = USUAL_COLUMNS): readonly string[] {
  const nodes = [...report.hosts.observed, ...report.hosts.unknown].toSorted();
  if (nodes.length === 0) return [];
  const standing = report.incidents.filter(({ phase }) => phase !== 'resolved');
  if (nodes.length > MATRIX) return renderWrong(report.hosts, standing, columns);
  const cut = standing.filter(
    (incident) => incident.entries.length === ENTRIES_PER_INCIDENT[incident.phase],
  );
  const legend = [LEGEND, ...(cut.length > 0 ? [CUT_LEGEND] : [])];
  const grid = { nodes, cells: cellsOf(report, standing, cut) };
  const table = [byName(grid), byShortName(grid), byNumber(grid)].find((lines) =>
    lines.every(({ length }) => length <= columns),
  );
  return table === undefined
    ? renderWrong(report.hosts, standing, columns)
    : [...table, ...legend.flatMap((line) => wrapped(line, columns))];
}

interface Grid {
  readonly nodes: readonly string[];
  /** A row for each node, with a cell for each. */
  readonly cells: readonly (readonly string[])[];
}

function cellsOf(
  { hosts, checked }: Report,
  standing: readonly ReportedIncident[],
  cut: readonly ReportedIncident[],
): Grid['cells'] {
  const nodes = [...hosts.observed, ...hosts.unknown].toSorted();
  const observed = new Set(hosts.observed);
  const unknown = new Map(checked?.unknown.map((row) => [row.observer, row.subjects]));
  const entries = standing.flatMap((incident) => incident.entries);
  const isCut = (observer: string, subject: string): boolean =>
    cut.some(
      (incident) =>
        incident.observers.includes(observer) && (incident.subject ?? subject) === subject,
    );
  const cell = (observer: string, subject: string): string => {
    if (observer === subject) return '-';
    if (!observed.has(observer)) return '?';
    const found = lettersOf(
      entries.filter((entry) => entry.observer === observer && entry.subject === subject),
    );
    if (found !== '') return found;
    if (isCut(observer, subject)) return '*';
    return unknown.get(observer)?.includes(subject) === true ? '?' : '·';
  };
  return nodes.map((observer) => nodes.map((subject) => cell(observer, subject)));
}

function byName({ nodes, cells }: Grid): readonly string[] {
  const names = nodes.map(printable);
  return tableLines({ labels: names, headings: names, cells });
}

function byShortName({ nodes, cells }: Grid): readonly string[] {
  const { names, end } = withoutCommonEnd(nodes);
  return [...tableLines({ labels: names, headings: names, cells }), ...endLines(end)];
}

function byNumber({ nodes, cells }: Grid): readonly string[] {
  const { names, end } = withoutCommonEnd(nodes);
  const headings = nodes.map((_, at) => String(at + 1));
  const wide = String(nodes.length).length;
  const labels = names.map((name, at) => `${String(at + 1).padStart(wide)} ${name}`);
  return [...tableLines({ labels, headings, cells }), ...endLines(end)];
}
