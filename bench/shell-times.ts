import { checkParameters, readDocument, scriptOf } from '../lab/aws/ssm/document.ts';
import { readProbeDocument } from '../lab/probe-script.ts';

/** What one run of the script costs a host. */
export interface HostCost {
  /** User and system time of the script and of all that it starts. */
  readonly cpuMilliseconds: number;
  /** How many times as long as the reference computation beside it. */
  readonly timesReference: number;
  readonly answerBytes: number;
}

/** How often the script runs; the mean counts, since shells know hundredths of a second. */
const REPEATS = 5;

export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The script as the agent gets it. `wanted`: whom it sends packets to (`packetRound`); nobody, if left out. */
export async function scriptFor(action: 'digest' | 'tables', wanted = ''): Promise<string> {
  const document = readDocument('vtepwatch-Probe', await readProbeDocument());
  return scriptOf(document, checkParameters(document, { Action: [action], Wanted: [wanted] }));
}

/** The fixed computation by which the script's time is measured: what the script does, in its awk. */
const REFERENCE = `awk 'BEGIN {
  for (i = 0; i < 300000; i++) {
    x = (x * 31 + i) % 1073741789
    n[substr(sprintf("%x", x), 1, 2)] += x % 7
  }
}'`;

/** What it takes on a quiet core of a server of 2026, milliseconds of CPU. */
export const REFERENCE_MILLISECONDS = 100;

/**
 * Shell commands that run the script in this file and the reference by turns, and print what `readTimes`
 * reads.
 */
export function timing(script: string): string {
  return `i=0
while [ $i -lt ${REPEATS} ]; do
  sh ${script} >${script}.out; times
  ${REFERENCE}; times
  i=$((i + 1))
done
wc -c <${script}.out`;
}

/**
 * Reads the times of a shell and its children after each program, `0m0.010000s 0m0.020000s`, and at the
 * end an answer's size.
 */
export function readTimes(said: string): HostCost {
  const lines = said.trim().split('\n');
  const totals = lines
    .slice(0, -1)
    .filter((_, at) => at % 2 === 1)
    .map(readTotal);
  const known = totals.filter((total) => total !== undefined);
  if (known.length !== 2 * REPEATS) {
    throw new Error(`These are no times of a shell: ${said.slice(0, 200)}`);
  }
  const took = known.map((total, at) => total - (known[at - 1] ?? 0));
  const [script, reference] = [0, 1].map((turn) =>
    took.filter((_, at) => at % 2 === turn).reduce((sum, one) => sum + one, 0),
  );
  if (script === undefined || !reference) throw new Error('The reference took no time.');
  return {
    cpuMilliseconds: (script * 1000) / REPEATS,
    timesReference: script / reference,
    answerBytes: Number(lines.at(-1)),
  };
}

/** Seconds in user and system mode together; undefined of any other line. */
function readTotal(line: string): number | undefined {
  const seconds = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return seconds.length === 2 ? seconds.reduce((sum, one) => sum + one, 0) : undefined;
}

/** The most that the script may take on a host with so many peers, as a multiple of the reference. */
export function ratioBound(peers: number): number {
  return cpuBound(peers) / REFERENCE_MILLISECONDS;
}

/** The same in milliseconds of CPU of a quiet core. */
export function cpuBound(peers: number): number {
  const [few, many] = [
    { peers: 250, milliseconds: 50 },
    { peers: 5000, milliseconds: 500 },
  ] as const;
  const share = Math.max(0, peers - few.peers) / (many.peers - few.peers);
  return few.milliseconds + share * (many.milliseconds - few.milliseconds);
}
