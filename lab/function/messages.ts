/** What the lab and the function's process say to each other. */

export interface InvokeMessage {
  readonly requestId: string;
  readonly event: unknown;
  readonly timeoutMilliseconds: number;
}

/** An error as Lambda's runtime reports it. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type ReplyMessage =
  | { readonly kind: 'ready' }
  /** The handler's module could not be loaded. */
  | { readonly kind: 'unloadable'; readonly error: FunctionError }
  /** The result is what JSON keeps of it. */
  | { readonly kind: 'result'; readonly requestId: string; readonly result: unknown }
  | { readonly kind: 'error'; readonly requestId: string; readonly error: FunctionError };

/** The line that ends an invocation's log on each stream, as Lambda's own log has it. */
export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}`;
}

export function isEndLine(line: string): boolean {
  return /^END RequestId: [\da-f-]{36}$/.test(line);
}

export function isInvokeMessage(message: unknown): message is InvokeMessage {
  return typeof message === 'object' && message !== null && 'requestId' in message;
}

export function isReplyMessage(message: unknown): message is ReplyMessage {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
