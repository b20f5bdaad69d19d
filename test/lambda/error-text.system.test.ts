import { once } from 'node:events';
import { connect, type LookupFunction } from 'node:net';
import { expect, test } from 'vitest';
import { errorText } from '../../lambda/error-text.ts';

/** The name of a host that has two addresses. */
const twofold: LookupFunction = (_host, _options, found) => {
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
  found(null, addresses);
};

test('a host that refuses at both of its addresses says so', async () => {
  const socket = connect({ host: 'twofold', port: 1, lookup: twofold, autoSelectFamily: true });
  const [error] = await once(socket, 'error').catch((reason: unknown) => [reason]);
  expect(error).toMatchObject({ name: 'AggregateError', message: '' });
  expect(errorText(error)).toBe('AggregateError: connect ECONNREFUSED 127.0.0.1:1');
});
