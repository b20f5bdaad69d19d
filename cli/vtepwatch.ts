#!/usr/bin/env node
import { replay } from './replay.ts';
import { show } from './show.ts';

/** A subcommand: it is given the words behind its name and returns the exit status. */
export type Command = (words: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { replay, show };

const HELP = `vtepwatch: watches Kubernetes overlay networks on VXLAN

  vtepwatch replay DIR   judge captured command outputs, offline
  vtepwatch show [FILE]  show a --json document (of a file or of standard input) to a person

  vtepwatch COMMAND --help tells more. Standard output carries the result alone.
  Exit status: 0 healthy, 1 incident, 2 could not judge or could not run.
`;

/** Exit status of a command that could not do its work. */
const COULD_NOT = 2;

async function main([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined) throw new Error('a command is missing: see vtepwatch --help');
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new Error(`there is no command "${name}": see vtepwatch --help`);
  }
  return await command(words);
}

/** What was being done, and what came in its way. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`vtepwatch: ${messageOf(error)}\n`);
  process.exitCode = COULD_NOT;
}
