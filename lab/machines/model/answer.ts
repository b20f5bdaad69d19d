import { deleteFdb, replaceFdb, showFdb } from './bridge-fdb.ts';
import { replaceAddress, showAddresses } from './ip-address.ts';
import { addLink, deleteLink, setLink, showLinks } from './ip-link.ts';
import {
  deleteNeighbour,
  flushNeighbours,
  replaceNeighbour,
  showNeighbours,
} from './ip-neighbour.ts';
import { deleteRoute, replaceRoute, showRoutes } from './ip-route.ts';
import type { Model } from './model.ts';
import { optionsOf } from './options.ts';
import type { Options } from './options.ts';
import { notModelled, shown } from './reply.ts';
import type { Reply } from './reply.ts';
import { expanded } from './words.ts';

export type Program = 'ip' | 'bridge';

/** What iproute2 6.1 would answer on this machine. */
export function answer(program: Program, model: Model, words: readonly string[]): Reply {
  const optionWords = words.filter((word) => word.startsWith('-'));
  if (optionWords.includes('-V')) return shown([VERSIONS[program]]);

  const options = optionsOf(optionWords);
  const [objectWord = '', ...rest] = words.filter((word) => !word.startsWith('-'));
  const objects = COMMANDS[program];
  const object = expanded(objectWord, Object.keys(objects));
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
    address: { ...showing(showAddresses), add: replaceAddress, replace: replaceAddress },
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
