import { describe, expect, test } from 'vitest';
import { reasonOf } from '../../../../lambda/systems/telemetry/export-result.ts';

describe('the reason of a failure', () => {
  test.for<[string, unknown, string]>([
    ['an error has its message', new Error('socket hang up'), 'socket hang up'],
    ['and its code', Object.assign(new Error('Forbidden'), { code: 403 }), '403 Forbidden'],
    [
      'which is not said twice',
      Object.assign(new Error('connect ECONNREFUSED ::1:4318'), { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED ::1:4318',
    ],
    [
      'an error of two addresses names both',
      new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]),
      '::1 refused; 127.0.0.1 refused',
    ],
    ['nothing is said to be nothing', undefined, 'no reason given'],
    ["a backend's words are printable", new Error('\u001b[31mno\r\n'), '?[31mno??'],
  ])('%s', ([, error, reason]) => {
    expect(reasonOf(error)).toBe(reason);
  });

  test('it is not long', () => {
    expect(reasonOf(new Error('x'.repeat(10_000)))).toHaveLength(300);
  });
});
