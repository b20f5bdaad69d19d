/** Names in place of those of a capture's nodes. */
interface AnonymousNames {
  /** By each name that the capture has. */
  readonly whole: ReadonlyMap<string, string>;
  readonly nameOf: (node: string) => string;
}

/**
 * `node-01`, `node-02` and so on in the order of the names, since of two nodes that are alike a report names the
 * first. A name with a domain and one without remain those of one node.
 */
export function anonymousNames(names: readonly string[]): AnonymousNames {
  const sorted = [...new Set(names)].toSorted();
  const labels = numbered(
    sorted.map((name) => parted(name).label),
    'node-',
  );
  const domains = numbered(
    sorted.flatMap((name) => parted(name).domain ?? []),
    'domain-',
  );
  const nameOf = (name: string): string => {
    const { label, domain } = parted(name);
    const other = labels.get(label) ?? 'node';
    return domain === undefined ? other : `${other}.${domains.get(domain) ?? 'domain'}`;
  };
  return { whole: new Map(sorted.map((name) => [name, nameOf(name)])), nameOf };
}

function parted(name: string): { readonly label: string; readonly domain: string | undefined } {
  const at = name.indexOf('.');
  return at < 0
    ? { label: name, domain: undefined }
    : { label: name.slice(0, at), domain: name.slice(at + 1) };
}

/** Numbers of one length, so that they sort as they count. */
function numbered(words: readonly string[], prefix: string): ReadonlyMap<string, string> {
  const each = [...new Set(words)];
  const digits = String(each.length).length;
  return new Map(
    each.map((word, at) => [word, `${prefix}${String(at + 1).padStart(digits, '0')}`]),
  );
}
