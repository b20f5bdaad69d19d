import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { programs } from './scratch.ts';

const RECORDED = path.join(import.meta.dirname, '../../../fixtures/iproute2-outputs');

export const RECORDED_IPROUTE2 = [
  'v4.11.0',
  'v4.15.0',
  'v4.18.0',
  'v5.5.0',
  'v5.15.0',
  'v6.1.0',
  'v7.1.0',
] as const;

type Iproute2Version = (typeof RECORDED_IPROUTE2)[number];

/** What a version of iproute2 or busybox printed, by the name of the file. */
export function recorded(folder: string, name: string): string {
  return readFileSync(path.join(RECORDED, folder, `${name}.txt`), 'utf8');
}

/** `ip` and `bridge` that print what this version of iproute2 printed on the recorded host. */
export function recordedIproute2(version: Iproute2Version): string {
  const folder = `iproute2-${version}`;
  const neighbours = [
    ...withDevice(recorded(folder, 'neigh-dev-nudall'), 'flannel.1'),
    ...withDevice(recorded(folder, 'neigh6-dev'), 'flannel-v6.1'),
    ...linesOf(recorded(folder, 'neigh-all')).filter((line) => line.includes(' dev eth0 ')),
  ];
  const routes6 = linesOf(recorded(folder, 'route6-dev')).map((line) =>
    line.replace(/^\S+ via \S+|^\S+/, '$& dev flannel-v6.1'),
  );
  return programs({
    ip: answering({
      '-V': `ip utility, iproute2-${version.slice(1)}, libbpf 1.1.2\n`,
      '-d -o link show type vxlan': recorded(folder, 'link-o-d'),
      '-o addr show': recorded(folder, 'addr-o'),
      'neigh show nud all': joined(neighbours),
      '-4 route show': recorded(folder, 'route-all'),
      '-6 route show': joined(routes6),
    }),
    bridge: answering({
      '-V': `bridge utility, ${version.slice(1)}\n`,
      'fdb show': recorded(folder, 'fdb-all'),
    }),
  });
}

/** A script that prints each text for its own arguments, and refuses all others as `ip` does. */
export function answering(texts: Readonly<Record<string, string>>): string {
  const cases = Object.entries(texts).map(
    ([words, text]) => `'${words}') printf %s '${text.replaceAll("'", String.raw`'\''`)}' ;;`,
  );
  return `case "$*" in\n${cases.join('\n')}\n*) echo 'Object is unknown' >&2; exit 1 ;;\nesac`;
}

/** Lines as printed for one device, as they are printed for all. */
export function withDevice(text: string, device: string): readonly string[] {
  return linesOf(text).map((line) => line.replace(/^\S+/, `$& dev ${device}`));
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

export function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Where a program of this machine is, if it has it. */
export function installed(program: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
    .map((directory) => path.join(directory, program))
    .find((file) => existsSync(file));
}
