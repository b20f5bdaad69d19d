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
