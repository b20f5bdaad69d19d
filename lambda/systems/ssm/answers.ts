import type { ErrorType } from '../../../shared/contract/telemetry.ts';
import type { SilenceKind } from '../../../shared/core/silence.ts';

/** The answer of one managed node. */
export type HostAnswer =
  | { readonly kind: 'answered'; readonly text: string }
  /** It may still answer. */
  | {
      readonly kind: 'pending';
      readonly reason: string;
      /** Its agent is running the command. */
      readonly underWay?: true;
    }
  /** It will not answer any more. */
  | {
      readonly kind: 'ended';
      readonly reason: string;
      /** What the reason comes to, where that is known. */
      readonly silence?: SilenceKind;
      readonly error: ErrorType;
    };

export interface Answers {
  /** By managed-node id, the only identity that a host cannot choose. */
  readonly byInstance: ReadonlyMap<string, HostAnswer>;
  /** What went wrong while listing; `byInstance` has what was read before. */
  readonly troubles: readonly string[];
}

/** Before the first look. */
export const NO_ANSWERS: Answers = { byInstance: new Map(), troubles: [] };

/** The managed nodes that may still answer. */
export function pendingOf({ byInstance }: Answers): readonly string[] {
  return [...byInstance].flatMap(([instanceId, { kind }]) =>
    kind === 'pending' ? [instanceId] : [],
  );
}
