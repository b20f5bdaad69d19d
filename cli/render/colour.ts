import { usage } from '../failure.ts';

/** Whether text goes out with colours: as `--color` says, else where a terminal reads it and NO_COLOR is not set. */
export function wantsColour(
  when: string,
  { isTerminal, noColor }: { readonly isTerminal: boolean; readonly noColor: string | undefined },
): boolean {
  switch (when) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'auto':
      return isTerminal && (noColor === undefined || noColor === '');
    default:
      throw usage(`--color must be always, never or auto, not ${JSON.stringify(when)}`);
  }
}

/** Select graphic rendition (ECMA-48): bold alone, or with a colour. */
const BOLD = '1';
const RED = '1;31';
const YELLOW = '1;33';
const GREEN = '1;32';

/** Words that a line begins with, and how it looks. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/^cluster [^:]*: (?=INCIDENT)/, RED],
  [/^cluster [^:]*: (?=healthy)/, GREEN],
  [/^cluster [^:]*: (?=could not judge)/, YELLOW],
  [/^(?=CRITICAL\b)/, RED],
  [/^(?=(?:WARNING|SUSPECTED)\b)/, YELLOW],
  [/^(?=RESOLVED\b)/, GREEN],
  [/^(?=(?:Fix|Why|Latency|Not read|Problems|Coverage|What would show more)$)/, BOLD],
];

/** A report's text with its verdict, severities and headings in colour: every word of it stays. */
export function coloured(text: string): string {
  return text.split('\n').map(colouredLine).join('\n');
}

function colouredLine(line: string): string {
  for (const [begins, look] of LOOKS) {
    const found = begins.exec(line)?.[0];
    if (found === undefined) continue;
    const word = /^[A-Za-z]+(?: [a-z]+)*/.exec(line.slice(found.length))?.[0] ?? '';
    const rest = line.slice(found.length + word.length);
    return `${found}\u001B[${look}m${word}\u001B[0m${rest}`;
  }
  return line;
}
