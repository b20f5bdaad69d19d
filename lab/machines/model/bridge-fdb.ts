import { linkNamed } from './model.ts';
import type { FdbEntry, Model } from './model.ts';
import { changed, kernelRefused, noDevice, notModelled, shown } from './reply.ts';
import type { Reply } from './reply.ts';
import { askedFor, wordAfter } from './words.ts';

const STATES = ['permanent', 'static'] as const;

export function showFdb(model: Model, words: readonly string[]): Reply {
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['fdb', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  const dev = (name: string): string => (device === undefined ? ` dev ${name}` : '');
  const entries = model.fdb
    .filter((entry) => (device ?? entry.device) === entry.device)
    .map(
      (entry) => `${entry.mac}${dev(entry.device)} dst ${entry.destination} self ${entry.state}`,
    );
  const groups = model.links
    .filter(({ kind, up, name }) => kind === 'cable' && up && (device ?? name) === name)
    .flatMap(({ name, mac }) =>
      groupsOf(mac).map((group) => `${group}${dev(name)} self permanent`),
    );
  return shown([...groups, ...entries]);
}

export function replaceFdb(model: Model, words: readonly string[]): Reply {
  const [mac] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const destination = wordAfter(words, 'dst');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (mac === undefined || destination === undefined) return notModelled(words);
  const state = STATES.find((word) => words.includes(word)) ?? 'permanent';
  const others = model.fdb.filter((entry) => !isAt(entry, device, mac));
  return changed({ ...model, fdb: [...others, { device, mac, destination, state }] });
}

export function deleteFdb(model: Model, words: readonly string[]): Reply {
  const [mac = ''] = words;
  const device = wordAfter(words, 'dev') ?? '';
  const destination = wordAfter(words, 'dst');
  if (linkNamed(model, device) === undefined) return noDevice(device);
  const fdb = model.fdb.filter(
    (entry) =>
      !isAt(entry, device, mac) || (destination ?? entry.destination) !== entry.destination,
  );
  if (fdb.length === model.fdb.length) return kernelRefused('No such file or directory');
  return changed({ ...model, fdb });
}

function isAt(entry: FdbEntry, device: string, mac: string): boolean {
  return entry.device === device && entry.mac === mac;
}

/** The multicast groups that a device listens to: all nodes in both families, and its own address. */
function groupsOf(mac: string): readonly string[] {
  return ['33:33:00:00:00:01', '01:00:5e:00:00:01', `33:33:ff:${mac.slice(9)}`];
}
