import { promisify } from 'node:util';
import { gunzip, type ZlibOptions } from 'node:zlib';
import type { HostFile } from '../replay/captured-files.ts';

/** The files that a host prints itself; the node list and the times of API servers come from masters. */
type ListingFile = Exclude<HostFile, 'kubectl-get-nodes.txt'>;

/** What prints each file; a busybox without details prints what it can. */
const LISTING_COMMANDS: Readonly<Record<ListingFile, string>> = {
  'ip-neigh.txt': 'ip neigh',
  'bridge-fdb.txt': 'bridge fdb',
  'ip-route.txt': 'ip route && { ip -6 route || :; }',
  'ip-link.txt': 'ip -d -o link || ip -o link',
  'ip-addr.txt': 'ip -o addr',
};

/** Begins a line of the script's own; those of a listing begin with a blank. */
const SIGN = '@';

/**
 * A script that prints these files. It only reads. It stands in braces, so a shell runs nothing before it has
 * read all. Each listing is whole or missing: one whose command failed or took too long is not printed.
 */
export function captureScript(): string {
  const files = Object.entries(LISTING_COMMANDS);
  return [
    '{',
    'PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin',
    'LC_ALL=C NO_COLOR=1',
    'export PATH LC_ALL NO_COLOR',
    'bounded=',
    "if command -v timeout >/dev/null; then bounded='timeout 12'; fi",
    'listing() {',
    '  if printed=$($bounded sh -c "$2" 2>/dev/null); then',
    `    printf '%s\\n' "${SIGN}file $1" && printf '%s\\n' "$printed" | sed 's/^/ /'`,
    `  else printf '%s\\n' "${SIGN}failed $1"; fi`,
    '}',
    `printf '%s\\n' "${SIGN}host $(uname -n)"`,
    ...files.map(([file, command]) => `listing ${file} '${command}'`),
    `printf '%s\\n' ${SIGN}end`,
    '} </dev/null',
    '',
  ].join('\n');
}

/** Stands before listings that are packed. */
const PACKED = `${SIGN}packed`;

/**
 * The same for Systems Manager, which returns 24,000 characters of an output: packed, where the host has gzip and
 * base64, these are the listings of some 600 nodes.
 */
export function packedCaptureScript(): string {
  return [
    `capture() ${captureScript().trimEnd()}`,
    'if command -v gzip >/dev/null && command -v base64 >/dev/null; then',
    `  printf '%s\\n' ${PACKED} && capture | gzip -9 | base64`,
    'else capture; fi',
    '',
  ].join('\n');
}

/** All listings of a host in a cluster of 10,000 nodes, bytes. */
export const LISTINGS_BYTES = 16 * 1024 * 1024;

const decompress = promisify<Uint8Array, ZlibOptions, Buffer>(gunzip);

/** What the packed script printed, as the plain one prints it. Throws where it was cut, or is no such output. */
export async function unpackedListings(output: string): Promise<string> {
  const [first, ...packed] = output.trimEnd().split('\n');
  if (first !== PACKED) return output;
  const bytes = Buffer.from(packed.join(''), 'base64');
  return (await decompress(bytes, { maxOutputLength: LISTINGS_BYTES })).toString('utf8');
}

/** What a host printed. */
export interface Listings {
  /** What the host calls itself. */
  readonly host: string;
  readonly texts: ReadonlyMap<ListingFile, string>;
  /** Those whose command failed there. */
  readonly failed: readonly string[];
}

/** Reads what the script printed; undefined where it did not come to its end. */
export function readListings(output: string): Listings | undefined {
  const lines = output.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.at(-1) !== `${SIGN}end`) return undefined;
  let host = '';
  const texts = new Map<ListingFile, string>();
  const failed: string[] = [];
  let current: ListingFile | undefined;
  for (const line of lines) {
    const [, sign = '', name = ''] = /^@(host|file|failed) (.*)$/.exec(line) ?? [];
    if (sign === '') {
      if (current !== undefined && line.startsWith(' ')) {
        texts.set(current, `${texts.get(current) ?? ''}${line.slice(1)}\n`);
      }
      continue;
    }
    current = sign === 'file' && isListingFile(name) ? name : undefined;
    if (current !== undefined) texts.set(current, '');
    if (sign === 'host') host = name;
    if (sign === 'failed' && isListingFile(name)) failed.push(name);
  }
  return { host, texts, failed };
}

function isListingFile(name: string): name is ListingFile {
  return Object.hasOwn(LISTING_COMMANDS, name);
}

/** The same commands for a person, whose hosts no other way reaches. */
export function commandsToType(): string {
  const onHosts = Object.entries(LISTING_COMMANDS).map(
    ([file, command]) => `{ ${command}; } >"$d/${file}"`,
  );
  return [
    '# On each host, as root, in a POSIX shell. It makes a directory with the name of the host.',
    'd=$(uname -n) && mkdir "$d" && export LC_ALL=C NO_COLOR=1',
    ...onHosts,
    '',
    '# On each master as well. It takes as long as a person waits for kubectl there.',
    '{ time -p kubectl get nodes; } >"$d/kubectl-get-nodes.txt" 2>&1',
    '',
    '# Once, with kubectl. Both files have more than replay needs: capture --from leaves out the rest.',
    'kubectl get nodes -o json >nodes.json',
    'kubectl get daemonsets -A -o json >daemonsets.json',
    '',
    '# Here, with all of these in one directory DIR:',
    'npx vtepwatch capture --from DIR --bundle capture.json --anonymize',
    '',
  ].join('\n');
}
