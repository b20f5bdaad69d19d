import type { Table } from '../../shared/contract/causes.ts';
import type { ReportedEntry } from '../../shared/contract/report.ts';
import { printable } from '../../shared/core/plain-text.ts';

const LETTERS: Readonly<Record<Table, string>> = { neighbour: 'N', fdb: 'F', route: 'R' };

/** The letters of what is missing or wrong in a cell: `NF`. */
export function lettersOf(entries: readonly ReportedEntry[]): string {
  return [...new Set(entries.map(({ table }) => LETTERS[table]))].join('');
}

/** Names as they are printed, without the domain that all have: `ip-10-0-0-1`, `.eu-central-1.compute.internal`. */
export function withoutCommonEnd(nodes: readonly string[]): {
  readonly names: readonly string[];
  readonly end: string;
} {
  const names = nodes.map(printable);
  const [first = ''] = names;
  const dots = [...first.matchAll(/\./g)].map(({ index }) => first.slice(index));
  const end = dots.find((domain) =>
    names.every((name) => name.endsWith(domain) && name.length > domain.length),
  );
  if (end === undefined) return { names, end: '' };
  return { names: names.map((name) => name.slice(0, -end.length)), end };
}

/** Says which end `withoutCommonEnd` cut. */
export function endLines(end: string): readonly string[] {
  return end === '' ? [] : [`all names end in ${end}`];
}

/** What a table of cells is printed of. */
interface PrintedCells {
  readonly labels: readonly string[];
  readonly headings: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

export function tableLines({ labels, headings, cells }: PrintedCells): readonly string[] {
  const margin = Math.max(...labels.map(({ length }) => length));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (label: string, texts: readonly string[]): string =>
    `${label.padEnd(margin)}  ${texts.map((text, at) => centre(text, widths[at] ?? 0)).join('  ')}`.trimEnd();
  return [line('', headings), ...cells.map((row, at) => line(labels[at] ?? '', row))];
}

function centre(text: string, width: number): string {
  const left = Math.floor((Math.max(width, text.length) - text.length) / 2);
  return `${' '.repeat(left)}${text}`.padEnd(width);
}

/** A sentence in lines of at most so many characters; a longer word has a line of its own. */
export function wrapped(sentence: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
