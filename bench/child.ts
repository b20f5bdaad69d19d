import { execFile } from 'node:child_process';
import path from 'node:path';
import * as z from 'zod/mini';
import { PROCESS_VARIABLES } from '../shared/contract/settings.ts';
import type { CaseName } from './cases.ts';

/** The core is measured by a program of its own, since peak memory is a process's. */
const PROGRAM = path.join(import.meta.dirname, 'decide.ts');

const decidedSchema = z.object({
  cpuMilliseconds: z.number(),
  /** How many times as long as the reference computation beside it. */
  timesReference: z.number(),
  answerBytes: z.number(),
  peakBytes: z.number(),
  series: z.number(),
  incidents: z.number(),
  verdict: z.string(),
  readInFull: z.number(),
  reportBytes: z.number(),
  stateBytes: z.number(),
  pageBytes: z.number(),
});

export type Decided = z.infer<typeof decidedSchema>;

/** How much memory a program may take for JavaScript objects, in mebibytes. */
const HEAP_MEBIBYTES = 6000;

/** Undefined where it took longer than it may. Throws where the program fails. */
export async function decided(
  nodes: number,
  name: CaseName,
  { seconds }: { readonly seconds: number },
): Promise<Decided | undefined> {
  const args = [`--max-old-space-size=${HEAP_MEBIBYTES}`, PROGRAM, String(nodes), name];
  const said = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      args,
      {
        timeout: seconds * 1000,
        killSignal: 'SIGKILL',
        env: { ...process.env, ...PROCESS_VARIABLES },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (child.signalCode === 'SIGKILL') resolve(undefined);
        else reject(new Error(`deciding ${name}, ${nodes} nodes: ${stderr}`, { cause: error }));
      },
    );
  });
  return said === undefined ? undefined : decidedSchema.parse(JSON.parse(said));
}
