import { checkParameters, readDocument, scriptOf } from '../lab/aws/ssm/document.ts';
import { readProbeDocument } from '../lab/probe-script.ts';

export type HostAction = 'digest' | 'tables';

/** What one run of the script costs a host. */
export interface HostCost {
  /** User and system time of the script and of all that it starts. */
  readonly cpuMilliseconds: number;
  readonly answerBytes: number;
}

/** How often the script runs; the mean counts, since shells know hundredths of a second. */
const REPEATS = 5;

export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The script as the agent gets it. */
export async function scriptFor(action: HostAction): Promise<string> {
  const document = readDocument('vtepwatch-Probe', await readProbeDocument());
  return scriptOf(document, checkParameters(document, { Action: [action] }));
}

/** Shell commands that run the script in this file some times, and print what `readTimes` reads. */
export function timing(script: string): string {
  return (
    `i=0; while [ $i -lt ${REPEATS} ]; do sh ${script} >${script}.out; i=$((i + 1)); done; ` +
    `wc -c <${script}.out; times`
  );
}

/** Reads an answer's size, the shell's own time and its children's: `0m0.010000s 0m0.020000s`. */
export function readTimes(said: string): HostCost {
  const [size = '', , children = ''] = said.trim().split('\n');
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  if (seconds.length !== 2) throw new Error(`These are no times of a shell: ${said.slice(0, 200)}`);
  const total = seconds.reduce((sum, one) => sum + one, 0);
  return { cpuMilliseconds: (total * 1000) / REPEATS, answerBytes: Number(size) };
}

/** The most that the script may take on a host with so many peers, in milliseconds of CPU. */
export function cpuBound(peers: number): number {
  const [few, many] = [
    { peers: 250, milliseconds: 50 },
    { peers: 5000, milliseconds: 500 },
  ] as const;
  const share = Math.max(0, peers - few.peers) / (many.peers - few.peers);
  return few.milliseconds + share * (many.milliseconds - few.milliseconds);
}
