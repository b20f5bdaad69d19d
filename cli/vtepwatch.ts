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
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? COULD_NOT : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`vtepwatch: there is no command "${name}"\n\n${HELP}`);
    return COULD_NOT;
  }
  return await command(words);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`vtepwatch: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = COULD_NOT;
}
