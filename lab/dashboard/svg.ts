import { THEME } from './look.ts';

/** A rectangle in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly weight?: 'normal' | 'bold';
  readonly anchor?: 'start' | 'middle' | 'end';
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of a letter's height, for fonts without serifs. */
const LETTER_WIDTH = 0.56;

export function text({ x, y }: Point, words: string, style: TextStyle = {}): string {
  const { size = 12, color = THEME.text, weight = 'normal', anchor = 'start' } = style;
  return `<text x="${place(x)}" y="${place(y)}" font-size="${size}" fill="${color}" font-weight="${weight}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

export function rectangle(box: Box, fill: string, stroke = 'none'): string {
  return `<rect x="${place(box.x)}" y="${place(box.y)}" width="${place(box.w)}" height="${place(box.h)}" rx="2" fill="${fill}" stroke="${stroke}"/>`;
}

export function line(points: readonly Point[], color: string, dashes = 'none'): string {
  return `<polyline points="${listed(points)}" fill="none" stroke="${color}" stroke-width="1.5" stroke-dasharray="${dashes}"/>`;
}

export function area(points: readonly Point[], color: string, opacity: number): string {
  return `<polygon points="${listed(points)}" fill="${color}" fill-opacity="${opacity}"/>`;
}

/** A whole picture of a width and height in pixels. */
export function picture(
  { w, h }: Pick<Box, 'w' | 'h'>,
  title: string,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family="Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    rectangle({ x: 0, y: 0, w, h }, THEME.page),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** The words, cut where the width in pixels ends. */
export function fitted(words: string, width: number, size = 12): string {
  const letters = Math.floor(width / (size * LETTER_WIDTH));
  return words.length <= letters ? words : `${words.slice(0, Math.max(0, letters - 1))}…`;
}

export function widthOf(words: string, size = 12): number {
  return words.length * size * LETTER_WIDTH;
}

function listed(points: readonly Point[]): string {
  return points.map(({ x, y }) => `${place(x)},${place(y)}`).join(' ');
}

function place(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
