import { linkNamed } from './model.ts';
import type { Model, Neighbour } from './model.ts';
import type { Options } from './options.ts';
import { changed, kernelRefused, noDevice, notModelled, shown } from './reply.ts';
import type { Reply } from './reply.ts';
import { askedFor, wordAfter } from './words.ts';

/** What only an explicit `nud` shows or flushes. */
const KEPT_BY_FLUSH: ReadonlySet<string> = new Set(['PERMANENT', 'NOARP']);

export function showNeighbours(model: Model, words: readonly string[], options: Options): Reply {
  const asked = askedFor(words, ['dev', 'nud']);
  if (asked === undefined) return notModelled(['neighbour', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  if (options.ipv6) return shown([]);
  const state = asked.get('nud')?.toUpperCase() ?? 'ALL';
  return shown(
    model.neighbours
      .filter((entry) => (device ?? entry.device) === entry.device)
      .filter((entry) => state === 'ALL' || state === entry.state)
      .map((entry) => {
        const dev = device === undefined ? ` dev ${entry.device}` : '';
        return `${entry.ip}${dev} lladdr ${entry.mac} ${entry.state} `;
      }),
  );
}

export function replaceNeighbour(model: Model, words: readonly string[]): Reply {
  const [ip] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const mac = wordAfter(words, 'lladdr');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (ip === undefined || mac === undefined) return notModelled(words);
  const state = (wordAfter(words, 'nud') ?? 'permanent').toUpperCase();
  const others = model.neighbours.filter((entry) => !isAt(entry, device, ip));
  return changed({ ...model, neighbours: [...others, { device, ip, mac, state }] });
}

/** The kernel goes by the IP alone, whatever MAC is named. */
export function deleteNeighbour(model: Model, words: readonly string[]): Reply {
  const [ip = ''] = words;
  const device = wordAfter(words, 'dev') ?? '';
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const neighbours = model.neighbours.filter((entry) => !isAt(entry, device, ip));
  if (neighbours.length === model.neighbours.length)
    return kernelRefused('No such file or directory');
  return changed({ ...model, neighbours });
}

export function flushNeighbours(model: Model, words: readonly string[]): Reply {
  const device = wordAfter(words, 'dev') ?? '';
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const state = wordAfter(words, 'nud')?.toUpperCase();
  const flushed = (entry: Neighbour): boolean =>
    state === undefined
      ? !KEPT_BY_FLUSH.has(entry.state)
      : state === 'ALL' || state === entry.state;
  const neighbours = model.neighbours.filter((entry) => entry.device !== device || !flushed(entry));
  return changed({ ...model, neighbours });
}

function isAt(entry: Neighbour, device: string, ip: string): boolean {
  return entry.device === device && entry.ip === ip;
}
