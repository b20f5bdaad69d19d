import type { ErrorType } from '../../../shared/contract/telemetry.ts';

/** What one managed node answered, by its id: the only identity that a host cannot choose. */
export type HostAnswer =
  | { readonly kind: 'answered'; readonly text: string }
  /** It may still answer. */
  | { readonly kind: 'pending'; readonly reason: string }
  /** It will not answer any more. */
  | { readonly kind: 'ended'; readonly reason: string; readonly error: ErrorType };

export interface Answers {
  readonly byInstance: ReadonlyMap<string, HostAnswer>;
  /** What went wrong while listing: what came before it is kept. */
  readonly troubles: readonly string[];
}

/** Whether somebody may still answer who has not been given up. */
export function isWaiting(answers: Answers, givenUp: ReadonlySet<string>): boolean {
  const awaited = [...answers.byInstance].filter(([id]) => !givenUp.has(id));
  return awaited.length === 0 || awaited.some(([, { kind }]) => kind === 'pending');
}
