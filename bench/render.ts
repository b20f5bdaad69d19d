import type { Measurement, Part, Unit } from './measurement.ts';

const TITLES: Readonly<Record<Part, string>> = {
  scale: 'By size of the cluster: a healthy run, beside its bounds',
  plain: 'Digests beside the plain way: tables in full, gzipped, judged by a small Go program',
  growth: 'CPU of decide by size and fault, and how many times that of a healthy cluster it is',
  device: 'The script on a real device',
  bundle: 'The function’s bundle, beside the Systems Manager client alone',
};

/** Parts whose figures are compared from size to size: a row for each, a column for each size. */
const ACROSS: ReadonlySet<Part> = new Set(['growth']);

const HEADINGS = ['', 'nodes', 'measured', 'bound', '', 'plain way', 'plain / measured'] as const;

/** The measurements of a part as a table for people. */
export function renderPart(part: Part, measurements: readonly Measurement[]): string {
  const own = measurements.filter((one) => one.part === part);
  const rows = ACROSS.has(part)
    ? rowsAcross(own)
    : [HEADINGS, ...own.map((one, at) => rowOf(one, own[at - 1]))];
  return `${TITLES[part]}\n\n${columns(rows)}\n`;
}

function rowsAcross(measurements: readonly Measurement[]): readonly (readonly string[])[] {
  const sizes = [...new Set(measurements.map(({ nodes = 0 }) => nodes))];
  const whats = [...new Set(measurements.map(({ what }) => what))];
  const bounds = new Map(measurements.map(({ what, bound, unit }) => [what, { bound, unit }]));
  return [
    ['', ...sizes.map((nodes) => `${nodes.toLocaleString('en')} nodes`), 'bound'],
    ...whats.map((what) => {
      const { bound, unit } = bounds.get(what) ?? { bound: undefined, unit: 'ms' };
      const cells = sizes.map((size) =>
        cellOf(measurements.find((one) => one.what === what && one.nodes === size)),
      );
      return [what, ...cells, bound === undefined ? '' : `<= ${amount(bound, unit)}`];
    }),
  ];
}

function cellOf(one: Measurement | undefined): string {
  if (one === undefined) return '';
  const { value, unit, bound, note } = one;
  if (value === undefined) return note ?? '-';
  const mark = bound !== undefined && value > bound ? ' OVER' : '';
  return `${amount(value, unit)}${mark}${note === undefined ? '' : ` (${note})`}`;
}

function rowOf(one: Measurement, before: Measurement | undefined): readonly string[] {
  const { what, nodes, value, unit, bound, plain, note } = one;
  return [
    what === before?.what ? '' : what,
    nodes === undefined ? '' : nodes.toLocaleString('en'),
    value === undefined ? (note ?? '-') : amount(value, unit),
    bound === undefined ? '' : `<= ${amount(bound, unit)}`,
    bound === undefined || value === undefined ? '' : value <= bound ? 'ok' : 'OVER',
    plain === undefined ? '' : amount(plain, unit),
    plain === undefined || value === undefined ? '' : ratio(plain / value),
    ...(value !== undefined && note !== undefined ? [note] : []),
  ];
}

function amount(value: number, unit: Unit): string {
  switch (unit) {
    case 'B':
      return value < 10_000
        ? `${Math.round(value).toLocaleString('en')} B`
        : value < 10_000_000
          ? `${(value / 1000).toFixed(0)} kB`
          : `${(value / 1_000_000).toFixed(0)} MB`;
    case 'ms':
      return value < 10_000 ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : seconds(value);
    case 'calls':
    case 'points':
    case 'nodes':
      return value.toLocaleString('en');
    case 'ratio':
      return ratio(value);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} x`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
