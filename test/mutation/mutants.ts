/**
 * Mutants of a source file: copies that differ in one operator or constant. The formatter puts a space on both sides
 * of a binary operator and nowhere else, so a mutant needs no parser.
 */
export interface Mutant {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** Where `from` stands in the file's text. */
  readonly at: number;
}

const OPERATORS = [
  [' === ', ' !== '],
  [' !== ', ' === '],
  [' < ', ' <= '],
  [' <= ', ' < '],
  [' > ', ' >= '],
  [' >= ', ' > '],
  [' && ', ' || '],
  [' || ', ' && '],
  [' + ', ' - '],
  [' - ', ' + '],
  [' * ', ' + '],
  [' ?? ', ' && '],
  ['.some(', '.every('],
  ['.every(', '.some('],
  ['Math.min(', 'Math.max('],
  ['Math.max(', 'Math.min('],
  ['true', 'false'],
  ['false', 'true'],
] as const;

export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const code = codeOf(text);
  return OPERATORS.flatMap(([from, to]) =>
    placesOf(code, from).map((at) => ({
      file,
      line: code.slice(0, at).split('\n').length,
      from,
      to,
      at,
    })),
  );
}

/** The file's text with the mutant's operator in place of the right one. */
export function mutated(text: string, { from, to, at }: Mutant): string {
  return text.slice(0, at) + to + text.slice(at + from.length);
}

/** The text with everything blank that is no code of a function: comments, texts, imports and types. */
function codeOf(text: string): string {
  return [
    /\/\*.*?\*\//gs,
    /\/\/.*$/gm,
    /^(import|export) (type )?\{.*?;$/gms,
    /^(export )?type .*?;$/gms,
    /^(export )?interface .*?^\}$/gms,
    /'[^'\n]*'/g,
  ].reduce((rest, pattern) => rest.replaceAll(pattern, blank), text);
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}

function placesOf(code: string, from: string): readonly number[] {
  const places: number[] = [];
  for (let at = code.indexOf(from); at >= 0; at = code.indexOf(from, at + 1)) places.push(at);
  return places;
}
