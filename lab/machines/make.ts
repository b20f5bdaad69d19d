import type { Machines } from './machine.ts';
import { modelledMachines } from './modelled/machines.ts';
import { realMachines } from './real/machines.ts';

/** A lab's machines, and why they are modelled ones where real ones were wanted. */
export interface MadeMachines extends Machines {
  readonly reason?: string;
}

/**
 * Makes real machines where that is possible and modelled ones elsewhere. As root on Linux in CI,
 * real machines that cannot be made are an error: a fallback there would pass unseen.
 */
export async function makeMachines(
  options: { readonly prefer?: 'real' | 'modelled' } = {},
): Promise<MadeMachines> {
  if (options.prefer === 'modelled') return modelledMachines();
  try {
    return await realMachines();
  } catch (cause) {
    const mustBeReal = process.platform === 'linux' && process.getuid?.() === 0;
    if (process.env['CI'] !== undefined && mustBeReal) throw cause;
    return { ...(await modelledMachines()), reason: reasonOf(cause) };
  }
}

/** A chain of causes in one line, the outermost first. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
