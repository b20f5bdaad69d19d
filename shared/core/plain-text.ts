/**
 * Makes text that came from hosts or from people safe to show: control characters, line breaks and
 * characters that turn the direction of writing never reach a page or a terminal.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S}\p{M} ]/gu, '?');
}

/** For an SNS subject, which takes ASCII alone. */
export function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?');
}

/** A host name and a Kubernetes name have at most 253 characters. */
const NAME_LENGTH = 253;

/** For telemetry: ASCII of bounded length. Names, addresses and MACs as they should be stay unchanged. */
export function shortAscii(text: string): string {
  return ascii(text.slice(0, NAME_LENGTH));
}

/** How much of a subject the cluster's name may take, so that the victim always has a place. */
const CLUSTER_LENGTH = 24;

/** How every SNS subject begins: `[demo]`. */
export function subjectHead(cluster: string): string {
  return `[${shorten(ascii(cluster), CLUSTER_LENGTH)}]`;
}

/** The first `length` characters; what is cut ends in dots, so that nobody takes it for the whole. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, Math.max(0, length - 3))}...`.slice(0, Math.max(0, length));
}

/** `a, b and c`, and of many the first with a count of the rest. */
export function enumerate(names: readonly string[], most: number): string {
  if (names.length > most) {
    return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
  }
  const [last = '', ...others] = names.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}
