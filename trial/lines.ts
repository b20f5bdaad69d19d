import { printable } from '../shared/core/plain-text.ts';

/** Text of a host or of a page as lines that can be shown anywhere. */
export function linesOf(text: string): readonly string[] {
  const trimmed = text.replace(/\n+$/, '');
  return trimmed === '' ? [] : trimmed.split('\n').map(printable);
}
