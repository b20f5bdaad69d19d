import type { Page } from '../../shared/core/page/page.ts';
import type { Deadline } from '../deadline.ts';

/** A way by which pages reach people. */
export interface PageChannel {
  /** As settings, reports and the outbox call it: `sns`, `pagerduty`, `webhook`. */
  readonly name: string;
  /**
   * Sends one page. Throws where it is unknown whether the receiver took it, and where another try may
   * succeed.
   */
  deliver(page: Page, deadline: Deadline): Promise<DeliveryResult>;
}

export type DeliveryResult =
  | { readonly kind: 'taken' }
  /** Another try will end the same way, until a person changes something. */
  | { readonly kind: 'refused'; readonly reason: string };

export const TAKEN: DeliveryResult = { kind: 'taken' };

/**
 * Whether an HTTP status says that the request itself is wrong. After 408 and 429 the request may be
 * repeated. A redirect counts as wrong: it would carry the page, and a secret, to an address that is
 * not configured.
 */
export function isRefusal(status: number): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 429;
}
