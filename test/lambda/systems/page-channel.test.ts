import { describe, expect, test } from 'vitest';
import { NotConnected } from '../../../lambda/systems/http-call.ts';
import { isUnsent } from '../../../lambda/systems/page-channel.ts';
import { UnreadSecret } from '../../../lambda/systems/secrets.ts';

function failure(name: string, message: string, code?: string): Error {
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }) });
}

describe('a page certainly did not leave', () => {
  test.for([
    ['nobody listens', failure('Error', 'connect ECONNREFUSED', 'ECONNREFUSED')],
    ['no address is known', failure('Error', 'getaddrinfo ENOTFOUND', 'ENOTFOUND')],
    ['no TLS came about', failure('Error', 'write EPROTO', 'EPROTO')],
    ['no connection was made', new NotConnected('no answer: none in time', 'ETIMEDOUT')],
    [
      'the SDK made no connection in time',
      failure(
        'TimeoutError',
        'the request socket did not establish a connection with the server within the configured timeout of 2000 ms.',
      ),
    ],
    ['there are no credentials', failure('CredentialsProviderError', 'could not load')],
    ['its secret was not read', new UnreadSecret('reading the parameter /lab/x')],
    [
      'neither address of a host answers',
      new AggregateError([
        failure('Error', 'connect', 'ECONNREFUSED'),
        failure('Error', 'connect', 'EHOSTUNREACH'),
      ]),
    ],
  ] as const)('where %s', ([, error]) => {
    expect(isUnsent(error)).toBe(true);
  });
});

describe('a page may have arrived', () => {
  test.for([
    ['the connection ended', failure('Error', 'socket hang up', 'ECONNRESET')],
    ['no answer came in time', failure('TimeoutError', 'Request timed out', 'ETIMEDOUT')],
    [
      'one address took it',
      new AggregateError([
        failure('Error', 'x', 'ECONNREFUSED'),
        failure('Error', 'x', 'ECONNRESET'),
      ]),
    ],
    ['nothing is known of it', 'an error of another kind'],
    ['an error has no cause', new AggregateError([])],
  ] as const)('where %s', ([, error]) => {
    expect(isUnsent(error)).toBe(false);
  });
});
