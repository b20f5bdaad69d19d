/** A host name and a Kubernetes name have at most 253 characters. */
const PLAIN_CHARACTERS_MAX = 253;

/**
 * Text that came from a host, fit for any backend's screen: printable ASCII of bounded length.
 * Names, addresses and MACs as they should be pass unchanged.
 */
export function plain(text: string): string {
  return text.slice(0, PLAIN_CHARACTERS_MAX).replaceAll(/[^\x20-\x7e]/g, '?');
}
