import type { Page } from '../../shared/core/page/page.ts';
import type { Deadline } from '../deadline.ts';
import { NotConnected } from './http-call.ts';
import { UnreadSecret } from './secrets.ts';

/** A way by which pages reach people. */
export interface PageChannel {
  /** As settings, reports and the outbox call it: `sns`, `pagerduty`, `webhook`. */
  readonly name: string;
  /** Sends one page. Throws where it is unknown whether the receiver took it. */
  deliver(page: Page, deadline: Deadline): Promise<DeliveryResult>;
  /**
   * How many have confirmed that they receive what it takes; undefined where it may not look. Only a
   * channel that takes pages for nobody has it.
   */
  subscribers?(deadline: Deadline): Promise<number | undefined>;
}

export type DeliveryResult =
  | { readonly kind: 'taken' }
  /** Another try will end the same way, until a person changes something. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The receiver has not taken it, and may take it at another try. */
  | { readonly kind: 'not-taken'; readonly reason: string };

export const TAKEN: DeliveryResult = { kind: 'taken' };

/**
 * Whether an HTTP status says that the request itself is wrong. After 408 and 429 the request may be
 * repeated. A redirect counts as wrong: it would carry the page, and a secret, to an address that is
 * not configured.
 */
export function isRefusal(status: number): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 429;
}

/**
 * Whether an HTTP status says that the receiver was asked and did nothing. A gateway's own status says
 * nothing of the receiver behind it.
 */
export function isNotTaken(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || status === 503;
}

/** Codes with which a call ends before anything is sent. */
const UNSENT: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPROTO',
]);

/** Whether a call failed before it could reach the receiver. */
export function isUnsent(error: unknown): boolean {
  if (error instanceof UnreadSecret) return true;
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return causes.length > 0 && causes.every(isBeforeSending);
}

function isBeforeSending(error: unknown): boolean {
  if (error instanceof NotConnected) return true;
  if (!(error instanceof Error)) return false;
  if (error.name === 'CredentialsProviderError') return true;
  // The AWS SDK has no code of its own for a connection that was not made in time.
  if (error.name === 'TimeoutError' && /establish/.test(error.message)) return true;
  return 'code' in error && UNSENT.has(error.code);
}
