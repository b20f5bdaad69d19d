import { ListCommandsCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { abortAt, type Deadline } from '../../deadline.ts';

/** How many hosts a command has reached, and how many of them have completed it. */
export interface Counts {
  /** Infinity while Systems Manager does not know it. */
  readonly targets: number;
  readonly completed: number;
  /** Whether no host will answer any more. */
  readonly settled: boolean;
}

/** Nothing is known yet. */
export const UNCOUNTED: Counts = { targets: Infinity, completed: 0, settled: false };

const SETTLED = new Set(['Success', 'Failed', 'TimedOut', 'Cancelled']);

/** One call, whatever the number of hosts. Where it fails, the result is `UNCOUNTED`. */
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
      // Right after a command was sent, the count is 0.
      targets: command?.TargetCount || (settled ? 0 : Infinity),
      completed: command?.CompletedCount ?? 0,
      settled,
    };
  } catch {
    return UNCOUNTED;
  }
}
