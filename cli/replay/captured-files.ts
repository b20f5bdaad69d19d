import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { parseTime } from '../../shared/core/time.ts';
import { BUNDLE_BYTES, readBundle } from './bundle.ts';

/** The files of one host that `replay` reads. */
const HOST_FILES = [
  'ip-neigh.txt',
  'bridge-fdb.txt',
  'ip-route.txt',
  'ip-link.txt',
  'ip-addr.txt',
  'kubectl-get-nodes.txt',
] as const;

export type HostFile = (typeof HOST_FILES)[number];

/** Those of the cluster. `capture.json` has the time at which the capture was made. */
const CLUSTER_FILES = ['nodes.json', 'daemonsets.json', 'capture.json'] as const;

/** Captured outputs, from a directory or from a bundle. */
export interface CapturedFiles {
  /** Where they come from, for a message. */
  readonly from: string;
  /** The names of the folders, in order: each is a host's, or has none of the files. */
  readonly folders: readonly string[];
  /** By path, as `master1/ip-neigh.txt`. */
  readonly texts: ReadonlyMap<string, string>;
  /** When they were captured, epoch milliseconds, and what shows it. */
  readonly captured: CaptureTime | undefined;
}

interface CaptureTime {
  readonly at: number;
  readonly shownBy: 'capture.json' | 'the times of the files';
}

/** Reads a directory, or the one file that `capture --bundle` writes. */
export async function openCapture(path: string): Promise<CapturedFiles> {
  const doing = `reading the captured outputs in ${path}`;
  const found = await stat(path).catch((cause: unknown) => {
    throw new Error(doing, { cause });
  });
  if (found.isDirectory()) return await openDirectory(path);
  if (!found.isFile()) throw new Error(`${doing}: it is neither a directory nor a file`);
  if (found.size > BUNDLE_BYTES)
    throw new Error(`${doing}: it has more than ${BUNDLE_BYTES} bytes`);
  const texts = readBundle(path, decoded(await readFile(path)));
  const unknownName = [...texts.keys()].find((name) => !isCapturePath(name));
  if (unknownName === undefined) return capturedFiles(path, texts);
  throw new Error(`${doing}: no capture has a file ${JSON.stringify(unknownName.slice(0, 80))}`);
}

/** Files by their paths, as a capture. */
export function capturedFiles(from: string, texts: ReadonlyMap<string, string>): CapturedFiles {
  const folders = new Set([...texts.keys()].flatMap((path) => /^([^/]+)\//.exec(path)?.[1] ?? []));
  return { from, folders: [...folders].toSorted(), texts, captured: statedTime(texts) };
}

/** Whether a capture can have a file at this path: of a host, or of the cluster. */
function isCapturePath(path: string): boolean {
  const [folder = '', file, ...more] = path.split('/');
  if (file === undefined) return CLUSTER_FILES.some((name) => name === folder);
  const isFolder = folder.length < 256 && !/^\.{0,2}$|\\|\p{Cc}/u.test(folder);
  return isFolder && more.length === 0 && HOST_FILES.some((name) => name === file);
}

/** Somebody else may have made it: nothing is read that is not a file in it. */
async function openDirectory(directory: string): Promise<CapturedFiles> {
  const within = await realpath(directory);
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new Error(`reading the captured outputs in ${directory}`, { cause });
  });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
  const paths = [
    ...CLUSTER_FILES,
    ...folders.flatMap((folder) => HOST_FILES.map((file) => `${folder}/${file}`)),
  ];
  const texts = new Map<string, string>();
  let newest: number | undefined;
  for (const path of paths) {
    const file = await readIfThere(join(directory, path), within);
    if (file === undefined) continue;
    texts.set(path, file.text);
    newest = Math.max(newest ?? 0, file.changedAt);
  }
  const fileTime =
    newest === undefined ? undefined : ({ at: newest, shownBy: 'the times of the files' } as const);
  return { from: directory, folders, texts, captured: statedTime(texts) ?? fileTime };
}

async function readIfThere(
  path: string,
  within: string,
): Promise<{ readonly text: string; readonly changedAt: number } | undefined> {
  try {
    const place = await realpath(path);
    if (!place.startsWith(within + sep)) throw new Error('it leads out of the capture');
    const found = await stat(place);
    // Reading a pipe or a device might never end.
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > BUNDLE_BYTES) throw new Error(`it has more than ${BUNDLE_BYTES} bytes`);
    return { text: decoded(await readFile(place)), changedAt: Math.floor(found.mtimeMs) };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new Error(`reading ${path}`, { cause });
  }
}

/** PowerShell redirects into UTF-16 with its mark in front; everything else that is captured is UTF-8. */
function decoded(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

/** `{"capturedAt": "2026-11-27T09:00:00.000Z"}` of `capture.json`. */
function statedTime(texts: ReadonlyMap<string, string>): CaptureTime | undefined {
  const text = /"capturedAt"\s*:\s*"([^"]{1,40})"/.exec(texts.get('capture.json') ?? '')?.[1];
  const at = text === undefined ? undefined : parseTime(text);
  return at === undefined ? undefined : { at, shownBy: 'capture.json' };
}
