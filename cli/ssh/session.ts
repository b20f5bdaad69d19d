import { type ChildProcess, spawn } from 'node:child_process';
import type { ErrorType } from '../../shared/contract/telemetry.ts';
import type { HostAnswer } from '../../lambda/systems/ssm/answers.ts';
import { unpack } from '../../lambda/systems/ssm/packed.ts';

/** As whom the script runs on a host: as the user of the connection, or through sudo. */
export type Privilege = 'own' | 'sudo';

/** One question to one host. */
interface Question {
  /** `[user@]host`; it does not begin with a dash. */
  readonly target: string;
  /** What its shell reads. */
  readonly input: string;
  readonly privilege: Privilege;
  readonly timeoutSeconds: number;
  /** The longest output that it takes; default: ten times what Systems Manager returns of an answer. */
  readonly outputBytes?: number;
}

const OUTPUT_BYTES = 256 * 1024;

/** Of standard error the end is kept: ssh and sudo give their reason last. An account without a shell prints it. */
const COMPLAINT_CHARACTERS = 2048;

/** After its end, ssh may leave a shared connection behind that holds its output open. */
const DRAIN_MS = 500;

/** ssh has this long to end by itself when it is stopped. */
const STOP_MS = 1000;

/**
 * The user's own configuration applies, with its keys, jump hosts and host-key checks. Nothing is asked at a
 * terminal, and of the configuration these do not apply: forwards, which 30 connections cannot all open, and
 * a command of its own.
 */
const OPTIONS = [
  '-T',
  '-a',
  '-x',
  ...[
    'BatchMode=yes',
    'ConnectTimeout=10',
    'ClearAllForwardings=yes',
    'RemoteCommand=none',
  ].flatMap((option) => ['-o', option]),
] as const;

const REMOTE: Readonly<Record<Privilege, string>> = { own: 'sh -s', sudo: 'sudo -n sh -s' };

/** Runs a script on a host. Never rejects: where there is no answer, it has the reason. */
export async function ask(question: Question, stopped: AbortSignal): Promise<HostAnswer> {
  const { target, input, privilege, timeoutSeconds, outputBytes = OUTPUT_BYTES } = question;
  if (stopped.aborted) return STOPPED;
  const child = spawn('ssh', [...OPTIONS, '--', target, REMOTE[privilege]], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A host that has gone reads no more; its exit status says so.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const output: Buffer[] = [];
  let complaint = '';
  child.stderr.on('data', (part: Buffer) => {
    complaint = (complaint + part.toString('latin1')).slice(-COMPLAINT_CHARACTERS);
  });
  const settled = new AbortController();
  const ending = await new Promise<Ending>((resolve) => {
    const late = setTimeout(() => resolve({ kind: 'late' }), timeoutSeconds * 1000);
    settled.signal.addEventListener('abort', () => clearTimeout(late));
    stopped.addEventListener('abort', () => resolve({ kind: 'stopped' }), {
      signal: settled.signal,
    });
    let bytes = 0;
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > outputBytes) resolve({ kind: 'flood' });
      else output.push(part);
    });
    child.once('error', ({ message }) => resolve({ kind: 'not-started', message }));
    child.once('exit', (exit) => {
      const end = (): void => resolve({ kind: 'exit', exit });
      if (child.stdout.readableEnded) return end();
      child.stdout.once('end', end);
      setTimeout(end, DRAIN_MS).unref();
    });
  });
  settled.abort();
  stop(child);
  return await answerOf(ending, { question, output: Buffer.concat(output), complaint });
}

const STOPPED: HostAnswer = { kind: 'ended', reason: 'it was not asked any more', error: '_OTHER' };

/** How asking a host ended. */
type Ending =
  | { readonly kind: 'exit'; readonly exit: number | null }
  | { readonly kind: 'not-started'; readonly message: string }
  | { readonly kind: 'late' | 'flood' | 'stopped' };

/** Nothing of it holds this program up. */
function stop(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.once('exit', () => clearTimeout(kill));
}

async function answerOf(
  ending: Ending,
  seen: {
    readonly question: Question;
    readonly output: Buffer;
    readonly complaint: string;
  },
): Promise<HostAnswer> {
  const { question, output, complaint } = seen;
  switch (ending.kind) {
    case 'exit':
      return ending.exit === 0
        ? await unpack(output.toString('latin1'))
        : failed(ending.exit, lastLine(complaint) || lastLine(output.toString('latin1')));
    case 'not-started':
      return ended(`ssh could not be started: ${ending.message}`, '_OTHER');
    case 'late':
      return ended(`no answer within ${question.timeoutSeconds} s`, 'timeout');
    case 'flood':
      return ended(
        `it sent more than ${(question.outputBytes ?? OUTPUT_BYTES) / 1024} KiB`,
        'bad_output',
      );
    case 'stopped':
      return STOPPED;
  }
}

/** The exit status of ssh itself where it could not connect; every other one is that of the host. */
const SSH_FAILED = 255;

function failed(exit: number | null, complaint: string): HostAnswer {
  const isRefused = /permission denied|verification failed|password is required|sudoers/i.test(
    complaint,
  );
  const where = exit === SSH_FAILED ? 'ssh failed' : `the script ended with ${exit ?? 'a signal'}`;
  const error = isRefused ? 'access_denied' : exit === SSH_FAILED ? 'undeliverable' : '_OTHER';
  return ended(complaint === '' ? `${where}, without a reason` : `${where}: ${complaint}`, error);
}

function ended(reason: string, error: ErrorType): HostAnswer {
  return { kind: 'ended', reason, error };
}

const LINE_CHARACTERS = 200;

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? '')
    .trim()
    .replace(/^ssh: /, '')
    .slice(0, LINE_CHARACTERS);
}
