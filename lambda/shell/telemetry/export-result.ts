import { ExportResultCode } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';

const REASON_CHARACTERS_MAX = 300;

/** Waits for one export; undefined when it succeeded, else the reason. Never rejects. */
export async function failureOf(
  start: (done: (result: ExportResult) => void) => void,
): Promise<string | undefined> {
  try {
    const result = await new Promise<ExportResult>((resolve) => start(resolve));
    return result.code === ExportResultCode.SUCCESS ? undefined : reasonOf(result.error);
  } catch (error) {
    return reasonOf(error);
  }
}

/**
 * A line for the log. A backend's words are a stranger's: printable, and not many. An error that
 * stands for several, as of a host with two addresses, has no message of its own.
 */
export function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError ? error.errors : [error];
  const text = errors.map(textOf).join('; ');
  return text.slice(0, REASON_CHARACTERS_MAX).replaceAll(/[^\x20-\x7e]/g, '?');
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return 'no reason given';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' && typeof code !== 'number') return error.message;
  return error.message.includes(String(code)) ? error.message : `${code} ${error.message}`;
}
