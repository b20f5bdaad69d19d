export type Headers = Readonly<Record<string, string>>;

export interface HeaderCache {
  read(): Promise<Headers>;
  /** The next read asks anew: what was refused may have been changed since. */
  forget(): void;
}

const CACHE_MILLISECONDS = 300_000;

/**
 * The exporters ask for headers at every request, and three of them ask at once; the secret behind
 * them is read once in `CACHE_MILLISECONDS`. A failed read is not kept.
 */
export function cachedHeaders(readHeaders: () => Promise<Headers>): HeaderCache {
  let cached: { readonly headers: Promise<Headers>; readonly until: number } | undefined;
  return {
    read() {
      if (cached !== undefined && Date.now() < cached.until) return cached.headers;
      const headers = readHeaders();
      const fresh = { headers, until: Date.now() + CACHE_MILLISECONDS };
      cached = fresh;
      headers.catch(() => {
        if (cached === fresh) cached = undefined;
      });
      return headers;
    },
    forget() {
      cached = undefined;
    },
  };
}
