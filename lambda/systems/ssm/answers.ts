import type { ErrorType } from '../../../shared/contract/telemetry.ts';

/** What one managed node answered, by its id: the only identity that a host cannot choose. */
export type HostAnswer =
  | { readonly kind: 'answered'; readonly text: string }
  /** It may still answer. */
  | {
      readonly kind: 'pending';
      readonly reason: string;
      /** Its agent is carrying the command out. */
      readonly underWay?: true;
    }
  /** It will not answer any more. */
  | { readonly kind: 'ended'; readonly reason: string; readonly error: ErrorType };

export interface Answers {
  readonly byInstance: ReadonlyMap<string, HostAnswer>;
  /** What went wrong while listing: what came before it is kept. */
  readonly troubles: readonly string[];
}

/** Nothing has been looked at yet. */
export const NO_ANSWERS: Answers = { byInstance: new Map(), troubles: [] };

/** The managed nodes that may still answer. */
export function pendingOf({ byInstance }: Answers): readonly string[] {
  return [...byInstance].flatMap(([instanceId, { kind }]) =>
    kind === 'pending' ? [instanceId] : [],
  );
}
