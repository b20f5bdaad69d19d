import { expect, test } from 'vitest';
import { withoutSecrets } from '../../../../lambda/systems/telemetry/secrets-in-text.ts';

const HEADERS = { authorization: 'Bearer sk-0123456789abcdef' };

test.for([
  ['whole', 'bad token sk-0123456789abcdef', 'bad token ***'],
  ['cut at the end of the answer', 'bad token sk-01234567', 'bad token ***'],
  ['not there', 'unknown metric skew', 'unknown metric skew'],
] as const)('a token that the backend quotes, %s', ([, text, shown]) => {
  expect(withoutSecrets(text, HEADERS)).toBe(shown);
});
