#!/usr/bin/env node

import { printable } from '../shared/core/plain-text.ts';
import { closest } from './closest.ts';
import { messageOf, statusOf, usage } from './failure.ts';
import { KNOWN_OPTIONS } from './known-options.ts';
import { ignoreLostReaders } from './lost-readers.ts';

/** A subcommand: takes the arguments after its name and returns the exit status. */
type Command = (words: readonly string[]) => Promise<number>;

/** Each is loaded when it is called: an offline replay does not wait for the AWS SDK. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./check.ts')).check,
  completion: async () => (await import('./completion.ts')).completion,
  list: async () => (await import('./list.ts')).list,
  capture: async () => (await import('./capture.ts')).capture,
  replay: async () => (await import('./replay.ts')).replay,
  show: async () => (await import('./show.ts')).show,
  'test-page': async () => (await import('./test-page.ts')).testPage,
};

const HELP = `vtepwatch: monitors Kubernetes overlay networks on VXLAN

  vtepwatch check NAME                 run one check of a deployed cluster now; --all: of each
  vtepwatch check --ssh HOST...        run one check of hosts over ssh, with nothing deployed
  vtepwatch check --ssm --tags K=V     the same through Systems Manager
  vtepwatch test-page NAME             send a test page through every channel of a deployed cluster
  vtepwatch capture DIR --ssh HOST...  save what replay reads, anonymised if you like
  vtepwatch replay DIR|BUNDLE          check captured command outputs, offline
  vtepwatch show [FILE]                print a --json document (a file or standard input) as text
  vtepwatch list                       print the clusters: of cdk.json, a file, or your account
  vtepwatch completion bash|zsh|fish   print what completes commands and options in a shell
  vtepwatch --version                  print the version, and in a checkout its commit

  vtepwatch help COMMAND describes each. Standard output carries the result alone.
  Exit status: 0 healthy or done, 1 incident, 2 could not judge or could not run, 64 wrong usage,
  69 a host or a service is not there or does not answer, 77 these rights do not suffice.
`;

async function main([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined) throw usage('a command is missing: see vtepwatch --help');
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${await (await import('./version.ts')).versionLine()}\n`);
    return 0;
  }
  if (name === 'help' && words[0] !== undefined) return await main([words[0], '--help']);
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    const advice = adviceOn(name, [...Object.keys(COMMANDS), '--version', '--help']);
    throw usage(`there is no command "${name}"${advice}: see vtepwatch --help`);
  }
  const command = await load();
  try {
    return await command(words);
  } catch (error) {
    throw isMisuse(error)
      ? usage(`${misuseOf(error, KNOWN_OPTIONS[name] ?? [])}: see vtepwatch ${name} --help`)
      : error;
  }
}

/** Node throws these where the arguments fit no option. */
function isMisuse(error: unknown): error is TypeError {
  return (
    error instanceof TypeError &&
    'code' in error &&
    String(error.code).startsWith('ERR_PARSE_ARGS_')
  );
}

/** Node's first sentence names the mistake; the rest is advice that does not apply. */
function misuseOf({ message }: TypeError, options: readonly string[]): string {
  const [, option = '', problem] =
    /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (missing|is ambiguous)/.exec(message) ??
    [];
  if (problem === 'missing') return `${option} needs a value`;
  if (problem !== undefined) return `${option} needs a value, and what follows begins with a dash`;
  const mistake = message.replace(/\.(?: |\n).*/s, '');
  const unknown = /^Unknown option '(--[^']+)'/.exec(mistake)?.[1];
  if (unknown === undefined) return mistake;
  // Of check and capture each way has options of its own.
  if (options.includes(unknown)) return `${unknown} does not go with the other options`;
  return mistake + adviceOn(unknown, options);
}

function adviceOn(word: string, among: readonly string[]): string {
  const meant = closest(word, among);
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}

ignoreLostReaders();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // The message may quote a document or a function's answer, which must be escaped for a terminal.
  process.stderr.write(`vtepwatch: ${printable(messageOf(error))}\n`);
  process.exitCode = statusOf(error);
}
