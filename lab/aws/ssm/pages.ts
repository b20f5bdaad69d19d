import { clientError } from '../aws-json.ts';

/** A part of a list, and the token for the next part, if there is one. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

interface PageRequest {
  /** What the list is of; a token of one list is not valid for another. */
  readonly list: string;
  readonly size: number;
  readonly token: string | undefined;
}

/** Throws the service's InvalidNextToken. */
export function pageOf<T>(all: readonly T[], { list, size, token }: PageRequest): Page<T> {
  const start = token === undefined || token === '' ? 0 : startOf(token, list);
  const end = start + size;
  return {
    items: all.slice(start, end),
    nextToken: end < all.length ? tokenOf(list, end) : undefined,
  };
}

function tokenOf(list: string, start: number): string {
  return Buffer.from(`${start} ${list}`).toString('base64');
}

function startOf(token: string, list: string): number {
  const text = Buffer.from(token, 'base64').toString('utf8');
  const start = Number(text.slice(0, text.indexOf(' ')));
  if (!Number.isInteger(start) || start < 0 || token !== tokenOf(list, start)) {
    throw clientError('InvalidNextToken', 'The specified token is not valid.');
  }
  return start;
}
