import { validateHeaderName, validateHeaderValue } from 'node:http';

export type Headers = Readonly<Record<string, string>>;

export interface HeaderCache {
  read(): Promise<Headers>;
  /** The next read asks anew: what failed or was refused may have been mended since. */
  forget(): void;
}

const CACHE_MILLISECONDS = 300_000;

/**
 * The exporters ask for headers at every request, and three of them ask at once; the secret behind
 * them is read once in `CACHE_MILLISECONDS`. A failed read is kept as well, until it is forgotten.
 */
export function cachedHeaders(readHeaders: () => Promise<Headers>): HeaderCache {
  let cached: { readonly headers: Promise<Headers>; readonly until: number } | undefined;
  return {
    read() {
      if (cached === undefined || Date.now() >= cached.until) {
        cached = { headers: readHeaders(), until: Date.now() + CACHE_MILLISECONDS };
      }
      return cached.headers;
    },
    forget() {
      cached = undefined;
    },
  };
}

/**
 * The headers, if HTTP can carry them. Node's own errors quote a bad name, and a secret becomes one
 * where a colon stands in place of `=`.
 */
export function sendable(headers: Headers): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new Error('the headers cannot be sent: one is not name=value, or not printable');
    }
  }
  return { ...headers };
}
