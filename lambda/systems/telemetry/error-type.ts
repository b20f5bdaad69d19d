import type { ErrorType } from '../../../shared/contract/telemetry.ts';

/** How deep the causes of an error are searched. */
const CAUSES_MAX = 4;

/** Names and codes of errors, as Node, the AWS SDK and the client for Kubernetes use them. */
const ERROR_WORDS: readonly (readonly [ErrorType, RegExp])[] = [
  ['timeout', /^(AbortError|TimeoutError|RequestTimeout\w*|ETIMEDOUT|408|504)$/],
  ['access_denied', /^(AccessDenied\w*|AuthorizationError\w*|UnrecognizedClient\w*|401|403)$/],
];

/** What kind of failure an error is, or any of the errors that caused it. */
export function errorTypeOf(error: unknown): ErrorType {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++) {
    const words = [current.name, 'code' in current ? String(current.code) : ''];
    const known = words.map(errorTypeNamed).find((type) => type !== '_OTHER');
    if (known !== undefined) return known;
    current = current.cause;
  }
  return '_OTHER';
}

/** By the name of an error, a code of Node's, or an HTTP status. */
export function errorTypeNamed(word: string): ErrorType {
  return ERROR_WORDS.find(([, pattern]) => pattern.test(word))?.[0] ?? '_OTHER';
}
