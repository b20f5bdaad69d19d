import type { Page } from '../../shared/core/page/page.ts';
import type { Deadline } from '../deadline.ts';

/** A way by which pages reach people. */
export interface PageRoute {
  /** As settings, reports and the outbox call it: `sns`, `pagerduty`, `webhook`. */
  readonly name: string;
  /**
   * Hands over one page. Throws where it cannot be known that it was taken, or where another try may
   * do better.
   */
  deliver(page: Page, deadline: Deadline): Promise<Delivery>;
}

export type Delivery =
  | { readonly kind: 'taken' }
  /** Another try will end the same way, until a person changes something. */
  | { readonly kind: 'refused'; readonly reason: string };

export const TAKEN: Delivery = { kind: 'taken' };

/**
 * Whether an HTTP status says that the request itself is wrong. 408 and 429 ask to come again; a
 * redirect would carry the page, and a secret, to an address that nobody chose.
 */
export function isRefusal(status: number): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 429;
}
