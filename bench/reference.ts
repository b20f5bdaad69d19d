/**
 * The fixed computation by which times are measured: what a busy or slow computer does to it, it does to
 * the product. It has what judging has: products modulo a prime, maps with text keys, and texts.
 */
const PRIME = 1_073_741_789;
const STEPS = 400_000;
const KEYS = 20_000;

/** What it takes on a quiet core of a server of 2026, milliseconds of CPU. */
export const REFERENCE_MILLISECONDS = 100;

/** Milliseconds of this process's CPU that the computation takes now. */
export function referenceMilliseconds(): number {
  const before = process.cpuUsage();
  if (Number.isNaN(compute())) throw new Error('The reference computation went wrong.');
  return since(before);
}

/** Milliseconds of CPU that this process has used since then. */
export function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function compute(): number {
  const sums = new Map<string, number>();
  let value = 1;
  for (let step = 0; step < STEPS; step++) {
    value = multiply(value, step + 48_271);
    const key = `10.${step % KEYS}.0/24`;
    sums.set(key, ((sums.get(key) ?? 0) + value) % PRIME);
  }
  return [...sums.values()].reduce((sum, one) => (sum + one) % PRIME, 0);
}

/** Modulo the prime, in two halves: the product itself would not be exact. */
function multiply(one: number, two: number): number {
  const high = Math.floor(one / 32_768);
  return (((high * two) % PRIME) * 32_768 + (one % 32_768) * two) % PRIME;
}
