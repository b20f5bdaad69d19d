import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLines } from './log-lines.ts';
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts';
import { environmentOf, exited, timedOut } from './sandbox.ts';
import type { Sandbox, SandboxAnswer, SandboxOptions, SandboxRequest } from './sandbox.ts';

/** How long a process may take to ask for its next invocation before it is frozen all the same. */
const IDLE_MILLISECONDS = 2000;

/** What the process wrote before it asked is in the pipe by then, and is read in this time. */
const LAST_LINES_MILLISECONDS = 50;

/**
 * A process as Lambda runs it: by Lambda's own runtime interface client, whose program is given, and
 * frozen between invocations, so that nothing of it runs, while time and the network go on. Linux
 * alone.
 */
export function startLambdaSandbox(program: string, options: SandboxOptions): Sandbox {
  const api = startRuntimeApi();
  const child = api.then(({ address }) => startProcess(program, address, options));
  let isGone = false;
  const gone = child.then(async (process) => {
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
    isGone = true;
    await (await api).close();
    return process;
  });
  const kill = async (): Promise<void> => {
    // It ends a frozen process, too.
    (await child).kill('SIGKILL');
    await gone;
  };
  return {
    ended: () => isGone,
    end: kill,
    invoke: async (request) => {
      const { requestId, timeoutSeconds } = request;
      const process = await child;
      process.kill('SIGCONT');
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        void kill();
      }, timeoutSeconds * 1000);
      const answer = await Promise.race([
        ask(await api, request, options.name),
        gone.then((ended) =>
          isLate ? timedOut(requestId, timeoutSeconds) : exited(requestId, ended),
        ),
      ]);
      clearTimeout(timer);
      if (!isGone) await freeze(await api, process);
      return answer;
    },
  };
}

function startProcess(program: string, address: string, options: SandboxOptions): ChildProcess {
  // A frozen process could not see by itself that its parent has gone.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, program], {
    env: {
      ...environmentOf(options),
      PATH: '/usr/local/bin:/usr/bin:/bin',
      AWS_LAMBDA_RUNTIME_API: address,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) readLines(stream, options.log);
  return child;
}

async function ask(
  api: RuntimeApi,
  { requestId, event, timeoutSeconds }: SandboxRequest,
  functionName = 'vtepwatch',
): Promise<SandboxAnswer> {
  const timeoutMilliseconds = timeoutSeconds * 1000;
  return await api.invoke({ requestId, event, timeoutMilliseconds, functionName });
}

async function freeze(api: RuntimeApi, process: ChildProcess): Promise<void> {
  await Promise.race([api.idle(), sleep(IDLE_MILLISECONDS)]);
  process.kill('SIGSTOP');
  await sleep(LAST_LINES_MILLISECONDS);
}
