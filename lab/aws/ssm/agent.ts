/**
 * Runs a document's script on a machine as the SSM agent does: where it puts the script and the
 * output, with which environment, and when it is killed.
 * https://github.com/aws/amazon-ssm-agent/tree/1c217c89/agent/plugins/runscript
 */
import type { ChildProcess } from 'node:child_process';
import type { Machine } from '../../machines/machine.ts';
import { judge } from './exit-codes.ts';
import type { Ending, ScriptAnswer } from './exit-codes.ts';

interface AgentTask {
  readonly commandId: string;
  readonly step: string;
  readonly script: string;
  /** How long the script may run, in real milliseconds. */
  readonly timeoutMilliseconds: number;
  readonly region: string;
  /** The agent's `OrchestrationDirectoryCleanup`: whether the command's directory goes at the end. */
  readonly cleanUp: boolean;
}

/** A flood of output ends up in the agent's memory; the lab's is bounded. */
const STREAM_LIMIT_BYTES = 16 * 1024 * 1024;

/** As an argument of a program, it must stay below the kernel's 128 KiB. */
const STDERR_KEPT_CHARACTERS = 32_768;

/** A modelled machine's files are below this directory; a real one's are where they seem to be. */
const ROOT = '"${VTEPWATCH_ROOT:-}"';

/** The agent keeps each stream twice: for uploads, and for what it sends back. Arguments: the
 * directory, standard error. */
const KEEP_SCRIPT = `
d=${ROOT}$1
mkdir -p "$d" && cd "$d" && cat >stdout && cp stdout stdoutConsole &&
printf %s "$2" >stderr && cp stderr stderrConsole`;

/** Rejects where the machine cannot be written to or started on. */
export async function runScript(
  machine: Machine,
  task: AgentTask,
  cancelled: AbortSignal,
): Promise<ScriptAnswer> {
  const root = `/var/lib/amazon/ssm/${machine.instanceId}/document/orchestration`;
  const directory = `${root}/${task.commandId}`;
  const file = `${directory}/${task.step}/_script.sh`;
  await machine.write(file, task.script);
  await machine.run(['sh', '-c', `chmod 700 ${ROOT}${file}`]);

  // The machine's own PATH is systemd's; its HOME is one that no service of systemd's has.
  const child = machine.spawn(['env', '-u', 'HOME', 'sh', '-c', `${ROOT}${file}`], {
    env: {
      AWS_SSM_INSTANCE_ID: machine.instanceId,
      AWS_SSM_REGION_NAME: task.region,
      AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux',
      AWS_SSM_PLATFORM_VERSION: '13',
      SSM_COMMAND_ID: task.commandId,
    },
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const ending = await endingOf(child, task.timeoutMilliseconds, cancelled);
  const answer = judge(ending, stdout(), stderr());

  // A cancelled run's streams are partial, and its machine may be going.
  if (answer.status === 'Cancelled') return answer;
  if (task.cleanUp && (answer.status === 'Success' || answer.status === 'Failed')) {
    await machine.run(['sh', '-c', `rm -rf ${ROOT}${directory}`]);
  } else {
    const kept = `${directory}/awsrunShellScript/${task.step}`;
    const errors = answer.stderr.toString('utf8', 0, STDERR_KEPT_CHARACTERS).replaceAll('\0', '');
    await machine.run(['sh', '-c', KEEP_SCRIPT, 'sh', kept, errors], {
      stdin: answer.stdout.toString('utf8'),
    });
  }
  return answer;
}

function collect(stream: ChildProcess['stdout']): () => Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, STREAM_LIMIT_BYTES - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks);
}

/** The end comes when every process that holds the streams has closed them, as with the agent. */
async function endingOf(
  child: ChildProcess,
  timeoutMilliseconds: number,
  cancelled: AbortSignal,
): Promise<Ending> {
  return new Promise((resolve) => {
    const finish = (ending: Ending): void => {
      clearTimeout(timer);
      cancelled.removeEventListener('abort', cancel);
      resolve(ending);
    };
    const stop = (ending: Ending): void => {
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
      finish(ending);
    };
    const cancel = (): void => {
      stop({ kind: 'cancelled' });
    };
    const timer = setTimeout(stop, timeoutMilliseconds, { kind: 'timed-out' });
    child.once('error', ({ message }) => {
      finish({ kind: 'not-started', message });
    });
    child.once('close', (code, signal) => {
      finish(
        code === null
          ? { kind: 'signalled', signal: signal ?? 'unknown' }
          : { kind: 'exited', code },
      );
    });
    if (cancelled.aborted) cancel();
    else cancelled.addEventListener('abort', cancel);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself in the meantime.
  }
}
