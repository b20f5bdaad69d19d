import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ANSWER_BEGIN, ANSWER_END, checksum } from '../../../../shared/contract/wire.ts';
import { type Packets, probeScript, withParameters } from './probe-script.ts';
import { scratchDirectory } from './scratch.ts';

export interface Run {
  readonly action: string;
  readonly wanted?: string;
  /** The script that is sent, if left out. */
  readonly script?: string;
  /** Off, if left out. */
  readonly packets?: Packets;
  /** Directories that come before the system's own on PATH. */
  readonly path?: readonly string[];
  /** The host's file system; without it, this machine's. */
  readonly root?: string;
  /** The program and arguments that are given the script's file; as the agent does, if left out. */
  readonly shell?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly exit: number | null;
  /** One character a byte. */
  readonly stdout: string;
  readonly stderr: string;
}

const AS_THE_AGENT_DOES = ['sh', '-c'] as const;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_RUN_MILLISECONDS = 60_000;

export function runProbe(run: Run): Promise<Ended> {
  const script = path.join(scratchDirectory(), '_script.sh');
  writeFileSync(script, withParameters(run.script ?? probeScript(), run), { mode: 0o700 });
  const [program = 'sh', ...words] = run.shell ?? AS_THE_AGENT_DOES;
  const env = {
    PATH: [...(run.path ?? []), SYSTEM_PATH].join(':'),
    ...(run.root === undefined ? {} : { VTEPWATCH_ROOT: run.root }),
    ...run.env,
  };
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...words, script],
      {
        env,
        cwd: path.dirname(script),
        encoding: 'latin1',
        maxBuffer: MAX_OUTPUT_BYTES,
        timeout: MAX_RUN_MILLISECONDS,
        killSignal: 'SIGKILL',
      },
      (_error, stdout, stderr) => resolve({ exit: child.exitCode, stdout, stderr }),
    );
  });
}

/** The payload's lines, of a complete answer alone. */
export function payloadOf({ exit, stdout, stderr }: Ended): readonly string[] {
  if (exit !== 0) throw new Error(`the probe ended with ${exit}: ${stderr}`);
  const lines = stdout.split('\n');
  const end = lines.at(-2) ?? '';
  const payload = lines.slice(1, -2);
  const text = payload.map((line) => `${line}\n`).join('');
  const sealed = `${ANSWER_END} ${text.length} ${checksum(text)}`;
  if (!stdout.startsWith(`${ANSWER_BEGIN} `) || end !== sealed || lines.at(-1) !== '') {
    throw new Error(`not a complete answer, it should end with "${sealed}": ${stdout}`);
  }
  return payload;
}

/** The payload's lines about tables: all but the facts before them. */
export function tablesOf(ended: Ended): readonly string[] {
  return payloadOf(ended).filter((line) => /^[A-Z] /.test(line));
}
