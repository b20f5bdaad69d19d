/** A GET, as far as the answer depends on it. */
export interface Question {
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly accept: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Answer =
  | { readonly kind: 'document'; readonly contentType?: string; readonly document: object }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'proxied' };
