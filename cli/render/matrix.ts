import type { Table } from '../../shared/contract/causes.ts';
import type { Report } from '../../shared/contract/report.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { MATRIX } from '../../shared/core/report/checked.ts';
import { ENTRIES_PER_INCIDENT } from '../../shared/core/report/incident-report.ts';

const LETTERS: Readonly<Record<Table, string>> = { neighbour: 'N', fdb: 'F', route: 'R' };

const LEGEND =
  'row: observer, column: subject; N neighbour, F FDB, R route entry missing or wrong; ' +
  '· ok, ? not checked, - itself';

/** An incident lists only some of its entries, so the other cells of its rows are open. */
const CUT_LEGEND = '* may be wrong: the document lists only the first entries of the incident';

/** The observer × subject matrix of a report; empty where it would be too wide to read. */
export function renderMatrix({ hosts, incidents, checked }: Report): readonly string[] {
  const nodes = [...hosts.observed, ...hosts.unknown].toSorted();
  if (nodes.length === 0 || nodes.length > MATRIX) return [];
  const observed = new Set(hosts.observed);
  const unknown = new Map(checked?.unknown.map((row) => [row.observer, row.subjects]));
  const standing = incidents.filter(({ phase }) => phase !== 'resolved');
  const entries = standing.flatMap((incident) => incident.entries);
  const cut = standing.filter(
    (incident) => incident.entries.length === ENTRIES_PER_INCIDENT[incident.phase],
  );
  const letters = (observer: string, subject: string): string =>
    [
      ...new Set(
        entries
          .filter((entry) => entry.observer === observer && entry.subject === subject)
          .map(({ table }) => LETTERS[table]),
      ),
    ].join('');
  const isCut = (observer: string, subject: string): boolean =>
    cut.some(
      (incident) =>
        incident.observers.includes(observer) && (incident.subject ?? subject) === subject,
    );
  const cell = (observer: string, subject: string): string => {
    if (observer === subject) return '-';
    if (!observed.has(observer)) return '?';
    const found = letters(observer, subject);
    if (found !== '') return found;
    if (isCut(observer, subject)) return '*';
    return unknown.get(observer)?.includes(subject) === true ? '?' : '·';
  };
  const names = nodes.map(printable);
  const margin = Math.max(...names.map((name) => name.length));
  const rows = nodes.map((observer, at) => {
    const cells = nodes.map((subject, column) =>
      centre(cell(observer, subject), names[column]?.length ?? 0),
    );
    return `${(names[at] ?? '').padEnd(margin)}  ${cells.join('  ')}`.trimEnd();
  });
  const legend = cut.length > 0 ? [LEGEND, CUT_LEGEND] : [LEGEND];
  return [`${' '.repeat(margin)}  ${names.join('  ')}`, ...rows, ...legend];
}

function centre(text: string, width: number): string {
  const left = Math.floor((Math.max(width, text.length) - text.length) / 2);
  return `${' '.repeat(left)}${text}`.padEnd(width);
}
