import { installed } from '../probe/recorded-tools.ts';

/** Fails, or outside CI leaves the test out and says so, where one of these is not installed. */
export function need(skip: (note: string) => void, ...names: readonly string[]): void {
  const missing = names.filter((name) => installed(name) === undefined);
  if (missing.length === 0) return;
  const note = `not installed: ${missing.join(', ')}`;
  if (process.env['CI'] !== undefined) throw new Error(note);
  skip(note);
}
