import { installed } from './recorded-tools.ts';
import { links } from './scratch.ts';

export const AWKS = ['mawk', 'gawk', 'original-awk', 'busybox'] as const;

export type Awk = (typeof AWKS)[number];

export const SHELLS = {
  dash: ['dash'],
  bash: ['bash', '--posix'],
  busybox: ['busybox', 'ash'],
} as const;

export type Shell = keyof typeof SHELLS;

/** A directory in which `awk` is this one, and `sh` the shell, if one is given. */
export function programsOf(awk: Awk, shell?: Shell): string {
  return links({
    awk: installed(awk) ?? awk,
    ...(shell === undefined ? {} : { sh: installed(shell) ?? shell }),
  });
}
