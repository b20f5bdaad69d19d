import type { Document } from './document.ts';
import type { InvocationStatus } from './statuses.ts';

/** One SendCommand and what has become of it so far. */
export interface Command extends Order {
  /** By instance id, in the order of sending; as they are at this moment. */
  readonly invocations: ReadonlyMap<string, Invocation>;
}

/** A command as it is handed to delivery. */
export interface Order {
  readonly id: string;
  readonly document: Document;
  /** The document's script with this command's parameters in it. */
  readonly script: string;
  /** What those parameters are, the document's defaults among them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly request: CommandRequest;
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
}

/** What was asked for, as the answers repeat it. */
export interface CommandRequest {
  readonly comment: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly instanceIds: readonly string[];
  readonly targets: readonly Target[];
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
}

export interface Target {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Invocation {
  readonly instanceId: string;
  readonly status: InvocationStatus;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | undefined;
  /** Milliseconds since the epoch. */
  readonly endedAt: number | undefined;
  readonly result: Result | undefined;
}

/** A node's answer, already cut to what each call returns. */
export interface Result {
  readonly code: number;
  /** For ListCommandInvocations. */
  readonly listed: string;
  /** For GetCommandInvocation, as is `stderr`. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * After this long nothing is waited for any more: the time for delivery and the time for running.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html#monitor-about-status-timeouts
 */
export function totalSeconds(order: Order): number {
  return order.request.timeoutSeconds + order.document.executionSeconds;
}

/** A number, or a percentage of the targets, as MaxConcurrency and MaxErrors have it. */
export function share(text: string, targets: number): number {
  return text.endsWith('%')
    ? Math.floor((targets * Number(text.slice(0, -1))) / 100)
    : Number(text);
}
