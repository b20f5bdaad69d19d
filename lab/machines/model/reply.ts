import type { Model } from './model.ts';

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
