import type { Host, Machine, RunOptions } from '../machine.ts';
import { assertOwnPath } from '../own-path.ts';
import { DEFAULT_RUN_SECONDS, outcomeOf } from '../process-end.ts';
import type { Namespaces } from './namespaces.ts';

/** Makes the directories above the file that is its first argument, and the file from its input. */
const WRITE_SCRIPT = 'mkdir -p -- "${1%/*}" && cat >"$1"';

/** A host whose programs run inside its namespaces. */
export function realMachine(host: Host, namespaces: Namespaces): Machine {
  const run = (command: readonly string[], options: RunOptions = {}): ReturnType<Machine['run']> =>
    outcomeOf(namespaces.spawn(command, options), {
      what: `running ${command.join(' ')} on ${host.name}`,
      timeoutSeconds: options.timeoutSeconds ?? DEFAULT_RUN_SECONDS,
    });

  return {
    ...host,
    spawn: (command, options) => namespaces.spawn(command, options),
    run,
    async write(path, text) {
      assertOwnPath(host.name, path);
      const { exit, stderr } = await run(['sh', '-c', WRITE_SCRIPT, 'sh', path], { stdin: text });
      if (exit !== 0) throw new Error(`writing ${path} on ${host.name}: ${stderr.trim()}`);
    },
  };
}
