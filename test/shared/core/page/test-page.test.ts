import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testPageOf } from '../../../../shared/core/page/test-page.ts';

const NOW = Date.parse('2026-11-23T09:00:00.250Z');

test('a test page: nothing is wrong, and what to do', () => {
  expect(testPageOf({ cluster: 'demo', now: NOW })).toEqual({
    key: 'demo/test/2026-11-23T09:00:00.250Z',
    kind: 'test',
    severity: 'info',
    at: NOW,
    subject: '[demo] test page, nothing is wrong',
    text: `TEST  cluster demo
Nothing is wrong. Somebody asked vtepwatch for a test page, and it has reached you.

What to do
  If it has opened an incident somewhere, close it there: vtepwatch sends no page that resolves it.

Test      demo/test/2026-11-23T09:00:00.250Z
Sent      2026-11-23 09:00:00 UTC
`,
  });
});

test('two test pages have two keys: one that nobody has closed silences no other', () => {
  const [one, other] = [NOW, NOW + 1].map((now) => testPageOf({ cluster: 'demo', now }));
  expect(one?.key).not.toBe(other?.key);
});

test('a cluster may have any name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (cluster) => {
      const { subject, text } = testPageOf({ cluster, now: NOW });
      expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
  );
});
