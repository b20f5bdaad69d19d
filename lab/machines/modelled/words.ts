import type { Model } from './kernel.ts';

/** The word after a keyword: `dev flannel.1`. */
export function wordAfter(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

/** The device that is named with `dev` before it, or first: `set flannel.1 up`. */
export function deviceIn(words: readonly string[]): string {
  return wordAfter(words, 'dev') ?? words[0] ?? '';
}

/**
 * What a `show` asks for, by keyword: `dev flannel.1 nud all`, where a first word without its
 * keyword is a device. Undefined where it says more than these keywords: left out, the rest would
 * make a wrong answer.
 */
export function askedFor(
  words: readonly string[],
  keywords: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const pairs = words.length % 2 === 1 ? ['dev', ...words] : words;
  const asked = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    const [keyword = '', value = ''] = pairs.slice(at);
    if (!keywords.includes(keyword)) return undefined;
    asked.set(keyword, value);
  }
  return asked;
}

/** The full word that an abbreviation stands for: the first that begins with it, as in iproute2. */
export function expanded<Word extends string>(
  abbreviation: string,
  words: readonly Word[],
): Word | undefined {
  return words.find((word) => word.startsWith(abbreviation));
}

/** What stands before the object: `ip -d -o link`. */
export interface Options {
  /** `-d` */
  readonly details: boolean;
  /** `-o`: one line a device. */
  readonly oneLine: boolean;
  /** `-6` */
  readonly ipv6: boolean;
}

const KNOWN: ReadonlySet<string> = new Set(['-d', '-details', '-o', '-oneline', '-4', '-6']);

/** Undefined where an option is not modelled. */
export function optionsOf(words: readonly string[]): Options | undefined {
  if (!words.every((word) => KNOWN.has(word))) return undefined;
  return {
    details: words.includes('-d') || words.includes('-details'),
    oneLine: words.includes('-o') || words.includes('-oneline'),
    ipv6: words.includes('-6'),
  };
}

/** What a command comes to: text, a changed machine, or a refusal in the program's own words. */
export type Reply =
  | { readonly kind: 'shown'; readonly text: string }
  | { readonly kind: 'changed'; readonly model: Model }
  | { readonly kind: 'refused'; readonly exit: number; readonly message: string };

export function shown(lines: readonly string[]): Reply {
  return { kind: 'shown', text: lines.map((line) => `${line}\n`).join('') };
}

export function changed(model: Model): Reply {
  return { kind: 'changed', model };
}

/** What the kernel answers, through netlink. */
export function kernelRefused(message: string): Reply {
  return { kind: 'refused', exit: 2, message: `RTNETLINK answers: ${message}` };
}

export function noDevice(name: string): Reply {
  return { kind: 'refused', exit: 1, message: `Cannot find device "${name}"` };
}

/** A command that iproute2 may know and the model does not: loud, lest an empty answer pass for one. */
export function notModelled(words: readonly string[]): Reply {
  return { kind: 'refused', exit: 255, message: `not modelled: ${words.join(' ')}` };
}
