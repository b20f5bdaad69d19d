import { ExportResultCode } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';

const REASON_CHARACTERS_MAX = 300;

/** Why an export failed. */
interface ExportFailure {
  readonly reason: string;
  /** The backend refuses these records, however often they are sent. */
  readonly refused: boolean;
}

/** Waits for one export; undefined when it succeeded. Never rejects. */
export async function failureOf(
  start: (done: (result: ExportResult) => void) => void,
): Promise<ExportFailure | undefined> {
  try {
    const result = await new Promise<ExportResult>((resolve) => start(resolve));
    return result.code === ExportResultCode.SUCCESS ? undefined : failureFrom(result.error);
  } catch (error) {
    return failureFrom(error);
  }
}

/**
 * Bad Request and Content Too Large are about what was sent. 401, 403 and 404 are about a wrong
 * secret or endpoint, which a person can fix.
 */
const REFUSED_STATUSES: ReadonlySet<unknown> = new Set([400, 413]);

function failureFrom(error: unknown): ExportFailure {
  const status = error instanceof Error && 'code' in error ? error.code : undefined;
  return { reason: reasonOf(error), refused: REFUSED_STATUSES.has(status) };
}

/**
 * A line for the log. A backend's text is untrusted: it is made printable and cut. An error that
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
