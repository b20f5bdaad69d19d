import { ListCommandsCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { abortAt, type Deadline } from '../../deadline.ts';

/** How far a command has come: one call, however many hosts it went to. */
export interface Counts {
  /** Infinity while it is not known. */
  readonly targets: number;
  readonly completed: number;
  /** Nobody will answer any more. */
  readonly settled: boolean;
}

/** Nothing is known yet. */
export const UNCOUNTED: Counts = { targets: Infinity, completed: 0, settled: false };

const SETTLED = new Set(['Success', 'Failed', 'TimedOut', 'Cancelled']);

/** The service counts late, and may be asked again: a count that fails is no count yet. */
export async function countAnswers(
  client: SSMClient,
  commandId: string,
  until: Deadline,
): Promise<Counts> {
  try {
    const { Commands } = await client.send(new ListCommandsCommand({ CommandId: commandId }), {
      abortSignal: abortAt(until),
    });
    const command = Commands?.[0];
    const settled = SETTLED.has(command?.Status ?? '');
    return {
      // Right after a command was sent it has none yet.
      targets: command?.TargetCount || (settled ? 0 : Infinity),
      completed: command?.CompletedCount ?? 0,
      settled,
    };
  } catch {
    return UNCOUNTED;
  }
}
