import type { Table } from '../../shared/contract/causes.ts';
import type { Report } from '../../shared/contract/report.ts';
import { plain } from '../../shared/core/page/plain.ts';

/** A wider matrix does not fit a terminal. */
const WIDEST = 24;

const LETTERS: Readonly<Record<Table, string>> = { neighbour: 'N', fdb: 'F', route: 'R' };

const LEGEND =
  'row: observer, column: subject; N neighbour, F FDB, R route entry missing or wrong; ' +
  '· right, ? not read, - itself';

/** The observer × subject matrix of a report; nothing where it would be too wide to read. */
export function renderMatrix({ hosts, incidents }: Report): readonly string[] {
  const nodes = [...hosts.observed, ...hosts.unknown].toSorted();
  if (nodes.length === 0 || nodes.length > WIDEST) return [];
  const observed = new Set(hosts.observed);
  const entries = incidents
    .filter(({ phase }) => phase !== 'resolved')
    .flatMap((incident) => incident.entries);
  const letters = (observer: string, subject: string): string =>
    [
      ...new Set(
        entries
          .filter((entry) => entry.observer === observer && entry.subject === subject)
          .map(({ table }) => LETTERS[table]),
      ),
    ].join('');
  const cell = (observer: string, subject: string): string => {
    if (observer === subject) return '-';
    return observed.has(observer) ? letters(observer, subject) || '·' : '?';
  };
  const names = nodes.map(plain);
  const margin = Math.max(...names.map((name) => name.length));
  const rows = nodes.map((observer, at) => {
    const cells = nodes.map((subject, column) =>
      centre(cell(observer, subject), names[column]?.length ?? 0),
    );
    return `${(names[at] ?? '').padEnd(margin)}  ${cells.join('  ')}`;
  });
  return [`${' '.repeat(margin)}  ${names.join('  ')}`, ...rows, LEGEND];
}

function centre(text: string, width: number): string {
  const left = Math.floor((Math.max(width, text.length) - text.length) / 2);
  return `${' '.repeat(left)}${text}`.padEnd(width);
}
