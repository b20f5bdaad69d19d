import {
  addLink,
  deleteLink,
  deleteAddress,
  replaceAddress,
  setLink,
  showAddresses,
  showLinks,
} from './devices.ts';
import type { Model } from './kernel.ts';
import {
  deleteFdb,
  deleteNeighbour,
  deleteRoute,
  flushNeighbours,
  replaceFdb,
  replaceNeighbour,
  replaceRoute,
  showFdb,
  showNeighbours,
  showRoutes,
} from './tables.ts';
import { expanded, notModelled, type Options, optionsOf, type Reply, shown } from './words.ts';

type Program = 'ip' | 'bridge';

/** What iproute2 6.1 would answer on this machine. */
function answer(program: Program, model: Model, words: readonly string[]): Reply {
  const optionWords = words.filter((word) => word.startsWith('-'));
  if (optionWords.includes('-V')) return shown([VERSIONS[program]]);

  const options = optionsOf(optionWords);
  const [objectWord = '', ...rest] = words.filter((word) => !word.startsWith('-'));
  const objects = COMMANDS[program];
  const object = objectWord === '' ? undefined : expanded(objectWord, Object.keys(objects));
  // Where the word is no verb it is already an operand: `ip neigh dev flannel.1` shows.
  const verb = expanded(rest[0] ?? 'show', VERBS);
  const command = object === undefined ? undefined : objects[object]?.[verb ?? 'show'];
  if (options === undefined || command === undefined) return notModelled([program, ...words]);
  return command(model, verb === undefined ? rest : rest.slice(1), options);
}

const VERSIONS: Readonly<Record<Program, string>> = {
  ip: 'ip utility, iproute2-6.1.0, libbpf 1.1.2',
  bridge: 'bridge utility, 6.1.0',
};

const VERBS = ['add', 'replace', 'delete', 'set', 'flush', 'show', 'list', 'ls', 'lst'] as const;

type Command = (model: Model, operands: readonly string[], options: Options) => Reply;
type Commands = Readonly<
  Record<string, Readonly<Partial<Record<(typeof VERBS)[number], Command>>>>
>;

const showing = (show: Command): Partial<Record<(typeof VERBS)[number], Command>> => ({
  show,
  list: show,
  ls: show,
  lst: show,
});

/** In iproute2's order, by which it resolves abbreviations. */
const COMMANDS: Readonly<Record<Program, Commands>> = {
  ip: {
    address: {
      ...showing(showAddresses),
      add: replaceAddress,
      replace: replaceAddress,
      delete: deleteAddress,
    },
    route: {
      ...showing(showRoutes),
      add: replaceRoute,
      replace: replaceRoute,
      delete: deleteRoute,
    },
    link: { ...showing(showLinks), add: addLink, delete: deleteLink, set: setLink },
    neighbour: {
      ...showing(showNeighbours),
      add: replaceNeighbour,
      replace: replaceNeighbour,
      delete: deleteNeighbour,
      flush: flushNeighbours,
    },
  },
  bridge: {
    fdb: { ...showing(showFdb), add: replaceFdb, replace: replaceFdb, delete: deleteFdb },
  },
};

export interface Session {
  /** The machine after it; the same object where nothing was changed. */
  readonly model: Model;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

/** One command. `bridge` exits with 255 where `ip` tells its own refusals from the kernel's. */
export function single(program: Program, model: Model, words: readonly string[]): Session {
  const reply = answer(program, model, words);
  switch (reply.kind) {
    case 'shown':
      return { model, stdout: reply.text, stderr: '', exit: 0 };
    case 'changed':
      return { model: reply.model, stdout: '', stderr: '', exit: 0 };
    case 'refused': {
      const exit = program === 'bridge' ? 255 : reply.exit;
      return { model, stdout: '', stderr: `${reply.message}\n`, exit };
    }
  }
}

/** `-batch`: a command a line, up to the first that fails. What went before it stays done. */
export function batch(program: Program, model: Model, text: string): Session {
  let session: Session = { model, stdout: '', stderr: '', exit: 0 };
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    const next = single(program, session.model, words);
    const complaint = next.exit === 0 ? '' : `${next.stderr}Command failed -:${index + 1}\n`;
    session = {
      model: next.model,
      stdout: session.stdout + next.stdout,
      stderr: complaint,
      exit: next.exit === 0 ? 0 : 1,
    };
    if (session.exit !== 0) break;
  }
  return session;
}
