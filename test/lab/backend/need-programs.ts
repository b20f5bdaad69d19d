import type { Programs } from '../../../lab/backend/backend.ts';

/** Leaves a test out where VictoriaMetrics is not to be had, and says which check that was. */
export function needPrograms(programs: Programs, skip: (note: string) => void): string {
  if (programs.kind === 'found') return programs.directory;
  const note = `left out, there is no VictoriaMetrics: ${programs.reason}`;
  skip(note);
  throw new Error(note);
}
