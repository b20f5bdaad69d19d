import type { Look } from './panels.ts';

/** Grafana's colours on its dark theme. */
export const THEME = {
  page: '#111217',
  panel: '#181b1f',
  border: '#2c3235',
  text: '#ccccdc',
  faint: '#8e8e99',
  grid: '#2a2d33',
} as const;

const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  yellow: '#fade2a',
  orange: '#ff9830',
  red: '#f2495c',
  purple: '#b877d9',
  blue: '#5794f2',
  text: THEME.text,
  transparent: THEME.panel,
};

/** For series that nothing names a colour of, in their order. */
const PALETTE = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9'];

export function paletteColor(at: number): string {
  return PALETTE[at % PALETTE.length] ?? THEME.text;
}

export function namedColor(name: string): string {
  return NAMED[name] ?? THEME.text;
}

/** The colour that the thresholds give a value. */
export function stepColor(value: number, { steps }: Look): string {
  return namedColor(steps.findLast((step) => value >= step.value)?.color ?? 'text');
}

/** A value as a panel shows it: `15.2 s`, `100%`, `up`. */
export function inWords(value: number, { unit, words }: Look): string {
  const word = words[String(value)];
  if (word !== undefined) return word;
  switch (unit) {
    case 's':
      return value < 120 ? `${rounded(value)} s` : `${rounded(value / 60)} min`;
    case 'percentunit':
      return `${rounded(value * 100)}%`;
    case '':
      return rounded(value);
    default:
      throw new Error(`the picture has no words for the unit "${unit}"`);
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
