import { readFile } from 'node:fs/promises';
import { usage } from '../failure.ts';

/**
 * A host as ssh takes it, `[user@]host`: a name, an alias of the ssh configuration, or an address. It never
 * begins with a dash, so ssh cannot take it for an option, and has nothing that a shell acts on.
 */
const TARGET = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}@)?[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,252}$/;

/** The targets of the command line and of a file, each once. Throws where one is none, or there are none. */
export async function readTargets(
  words: readonly string[],
  file: string | undefined,
): Promise<readonly string[]> {
  const named = words.map((word) => targetOf(word, '--ssh'));
  const listed = file === undefined ? [] : targetsIn(await textOf(file), file);
  const targets = [...new Set([...named, ...listed])];
  if (targets.length === 0) throw usage('no host is named: see vtepwatch check --help');
  return targets;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`reading the hosts in ${file}`, { cause });
  }
}

/** One target a line; the rest of a line behind `#` is a comment. */
function targetsIn(text: string, file: string): readonly string[] {
  return text.split('\n').flatMap((line, at) => {
    const word = line.replace(/#.*/, '').trim();
    return word === '' ? [] : [targetOf(word, `${file}, line ${at + 1}`)];
  });
}

function targetOf(word: string, where: string): string {
  if (TARGET.test(word)) return word;
  const shown = JSON.stringify(word.slice(0, 80));
  throw usage(`${where}: ${shown} is no host: it must be [user@]host, as ssh takes it`);
}
