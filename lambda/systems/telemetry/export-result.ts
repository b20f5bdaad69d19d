import { ExportResultCode } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';

const REASON_CHARACTERS_MAX = 300;

/** How much of what a backend wrote is read: an error page may be long. */
const ANSWER_CHARACTERS_MAX = 2000;

/** Why an export failed. */
export interface ExportFailure {
  readonly reason: string;
  /** The backend's HTTP status, where it answered with one. */
  readonly status: number | undefined;
  /** The backend refuses these records, however often they are sent. */
  readonly refused: boolean;
  /** It refuses them because they are too many or too large for one request. */
  readonly isTooLarge: boolean;
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

const BAD_REQUEST = 400;
const CONTENT_TOO_LARGE = 413;

/**
 * Bad Request and Content Too Large are about what was sent. 401, 403 and 404 are about a wrong
 * secret or endpoint, which a person can fix.
 */
const REFUSED_STATUSES: ReadonlySet<unknown> = new Set([BAD_REQUEST, CONTENT_TOO_LARGE]);

/** A Bad Request that is about size: CloudWatch and others do not use 413. */
const ABOUT_SIZE = /too (large|many|big|long)|exceed|maximum|at most|limit|size/i;

function failureFrom(error: unknown): ExportFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const answer = answerOf(error);
  const reason = reasonOf(error);
  return {
    reason: cut(answer === '' ? reason : `${reason}: ${answer}`),
    status: typeof code === 'number' ? code : undefined,
    refused: REFUSED_STATUSES.has(code),
    isTooLarge: code === CONTENT_TOO_LARGE || (code === BAD_REQUEST && ABOUT_SIZE.test(answer)),
  };
}

/**
 * What the backend wrote beside its status: text, JSON, or a `google.rpc.Status` in protobuf, whose
 * message is the printable part of it.
 */
function answerOf(error: unknown): string {
  if (!(error instanceof Error) || !('data' in error) || typeof error.data !== 'string') return '';
  return error.data
    .slice(0, ANSWER_CHARACTERS_MAX)
    .replaceAll(/[^\x21-\x7e]+/g, ' ')
    .trim();
}

/**
 * A line for the log. A backend's text is untrusted: it is made printable and cut. An error that
 * stands for several, as of a host with two addresses, has no message of its own.
 */
export function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError ? error.errors : [error];
  return cut(errors.map(textOf).join('; ')).replaceAll(/[^\x20-\x7e]/g, '?');
}

function cut(text: string): string {
  return text.slice(0, REASON_CHARACTERS_MAX);
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return 'no reason given';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' && typeof code !== 'number') return error.message;
  return error.message.includes(String(code)) ? error.message : `${code} ${error.message}`;
}
