import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { enumerate, printable } from '../../shared/core/plain-text.ts';
import { endLines, lettersOf, tableLines, withoutCommonEnd, wrapped } from './table.ts';

/** How many rows, sentences and names are printed: together they leave room for a page on one screen. */
const ROWS = 12;
const SENTENCES = 12;
const NAMES = 6;

/** The widest cell, `NFR`, with the blanks beside it. */
const CELL = 5;

const LEGEND =
  'row: observer, column: subject; N neighbour, F FDB, R route entry missing or wrong; · nothing wrong listed';

/**
 * Only what is wrong in the matrix of a cluster that is too large to print: a sentence for each incident
 * that concerns a whole row or column, and a table of the cells of the others.
 */
export function renderWrong(
  hosts: Report['hosts'],
  standing: readonly ReportedIncident[],
  columns: number,
): readonly string[] {
  const wrong = standing.filter(({ entries }) => entries.length > 0);
  if (wrong.length === 0) return [];
  const sentences = wrong.flatMap((incident) => sentenceOf(incident) ?? []);
  const scattered = wrong.filter((incident) => sentenceOf(incident) === undefined);
  const hidden = sentences.length - SENTENCES;
  return [
    ...sentences.slice(0, SENTENCES),
    ...(hidden > 0 ? [`and ${hidden} more rows or columns`] : []),
    ...tableOf(scattered, columns),
    restOf(hosts),
  ].flatMap((line) => (line.length > columns ? wrapped(line, columns) : [line]));
}

/** `59 of 59 rows miss worker-003 (N)`; nothing of what is not a whole row or column. */
function sentenceOf(incident: ReportedIncident): string | undefined {
  const { scope, subject, subjects, observers, checkedPeers, missingPeers } = incident;
  const letters = `(${lettersOf(incident.entries)})`;
  const of = `${missingPeers} of ${checkedPeers}`;
  switch (scope) {
    case 'subject':
      return subject === undefined ? undefined : `${of} rows miss ${printable(subject)} ${letters}`;
    case 'observer': {
      const [observer, ...more] = observers;
      if (observer === undefined || more.length > 0) return undefined;
      return `row ${printable(observer)} misses ${of} columns ${letters}`;
    }
    case 'group':
    case 'cluster': {
      if (subjects !== undefined) {
        const count = `${observers.length} rows miss ${missingPeers} columns`;
        return `${count} ${letters}: ${namesOf(subjects, missingPeers)}`;
      }
      const count = `${observers.length} rows miss columns`;
      return `${count} ${letters}: ${namesOf(observers, observers.length)}`;
    }
    case 'pair':
      return undefined;
  }
}

/** The first names, and a count of the others; `count` may be more than are known by name. */
function namesOf(nodes: readonly string[], count: number): string {
  const names = nodes.map(printable);
  return count > NAMES
    ? `${names.slice(0, NAMES).join(', ')} and ${count - Math.min(NAMES, names.length)} more`
    : enumerate(names, NAMES);
}

function tableOf(scattered: readonly ReportedIncident[], columns: number): readonly string[] {
  const entries = scattered.flatMap((incident) => incident.entries);
  const observers = [...new Set(entries.map(({ observer }) => observer))].toSorted();
  const subjects = [...new Set(entries.map(({ subject }) => subject))].toSorted();
  if (entries.length === 0) return [];
  const { names, end } = withoutCommonEnd([...observers, ...subjects]);
  const labels = names.slice(0, observers.length).slice(0, ROWS);
  const margin = Math.max(...labels.map(({ length }) => length));
  const room = Math.max(1, Math.floor((columns - margin - 2) / CELL));
  const shown = subjects.slice(0, room);
  const cells = observers.slice(0, ROWS).map((observer) =>
    shown.map((subject) => {
      if (observer === subject) return '-';
      const found = entries.filter(
        (entry) => entry.observer === observer && entry.subject === subject,
      );
      return found.length === 0 ? '·' : lettersOf(found);
    }),
  );
  const headings = shown.map((_, at) => String(at + 1));
  const key = shown.map((_, at) => `${at + 1} ${names[observers.length + at] ?? ''}`);
  const left = [
    ...(observers.length > ROWS ? [`${observers.length - ROWS} more rows`] : []),
    ...(subjects.length > room ? [`${subjects.length - room} more columns`] : []),
  ];
  return [
    ...tableLines({ labels, headings, cells }),
    `columns: ${key.join(', ')}`,
    ...endLines(end),
    ...(left.length === 0 ? [] : [`not shown: ${left.join(', ')}`]),
    LEGEND,
  ];
}

/** What is not printed is not all right: who could not be read is counted. */
function restOf({ observed, unknown }: Report['hosts']): string {
  const all = observed.length + unknown.length;
  const rows = unknown.length === 1 ? 'row' : 'rows';
  const silent = unknown.length === 0 ? '' : `; ${unknown.length} ${rows} could not be read`;
  return `only what is wrong of ${all} rows and ${all} columns is shown${silent}`;
}
