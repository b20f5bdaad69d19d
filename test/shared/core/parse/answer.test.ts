import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checksum } from '../../../../shared/contract/wire.ts';
import { openAnswer } from '../../../../shared/core/parse/answer.ts';
import { envelope } from '../../../support/envelope.ts';

const PAYLOAD = 'host master1\nboot 0c1f 864000.25\nN flannel.1 10.68.2.0 - INCOMPLETE\n';
const ANSWER = envelope('tables', PAYLOAD);

const anyPayload = fc
  .array(fc.stringMatching(/^[ -~]{0,60}$/), { maxLength: 20 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

test('a complete answer gives its payload', () => {
  fc.assert(
    fc.property(anyPayload, (payload) => {
      expect(openAnswer('tables', envelope('tables', payload))).toEqual({
        kind: 'payload',
        payload,
      });
    }),
  );
});

test('the line ends that a service adds or takes away behind an answer do no harm', () => {
  for (const end of ['', '\n\n', '\r\n', ' ']) {
    expect(openAnswer('tables', ANSWER.trimEnd() + end)).toEqual({
      kind: 'payload',
      payload: PAYLOAD,
    });
  }
});

test('an answer that was changed in any way is broken, or says the same', () => {
  const position = fc.nat({ max: ANSWER.length });
  const edit = fc.oneof(
    fc.record({ at: position, drop: fc.nat({ max: 5 }), put: fc.string({ maxLength: 5 }) }),
    fc.record({
      at: position,
      drop: fc.constant(1),
      put: fc.string({ minLength: 1, maxLength: 1 }),
    }),
    fc.record({ at: position, drop: fc.constant(0), put: fc.constantFrom('\n', ANSWER, PAYLOAD) }),
  );
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const text = edits.reduce(
        (left, { at, drop, put }) => left.slice(0, at) + put + left.slice(at + drop),
        ANSWER,
      );
      const opened = openAnswer('tables', text);
      expect(opened.kind === 'payload' ? opened.payload : PAYLOAD).toBe(PAYLOAD);
    }),
    { numRuns: 5000 },
  );
});

test('an answer that was cut anywhere is no answer', () => {
  for (let length = 0; length < ANSWER.length - 1; length++) {
    expect(openAnswer('tables', ANSWER.slice(0, length)).kind).toBe('broken');
  }
});

test.for([
  ['', 'does not begin with "vtepwatch 1 begin tables" (it is empty)'],
  ['bash: ip: not found\n', 'does not begin with "vtepwatch 1 begin tables"'],
  [envelope('latency', PAYLOAD), 'does not begin with "vtepwatch 1 begin tables"'],
  [`Last login: today\n${ANSWER}`, 'does not begin with "vtepwatch 1 begin tables"'],
  ['vtepwatch 2 begin tables\nvtepwatch 2 end 0 0\n', 'does not begin with'],
  ['vtepwatch 1 begin tables\n', 'was cut: it has no end marker'],
  [`${ANSWER}Terminated\n`, 'was cut: it has no end marker'],
  [ANSWER.replace('master1', 'master10'), 'is not as long as it says'],
  [ANSWER.replace('master1', 'master2'), 'does not have the checksum it says'],
  [envelope('tables', 'host mäster\n'), 'holds more than printable ASCII'],
  [envelope('tables', 'host \u001B[31mmaster1\n'), 'holds more than printable ASCII'],
  ['vtepwatch 1 begin tables\nvtepwatch 1 end 99999999999 0\n', 'was cut'],
] as const)('%j: the answer %s', ([text, reason]) => {
  const opened = openAnswer('tables', text);
  expect(opened).toMatchObject({ kind: 'broken' });
  expect(opened.kind === 'broken' && opened.reason).toContain(`the answer ${reason}`);
});

test('why an answer is broken is told in printable ASCII, and briefly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (text) => {
      const opened = openAnswer('entries', text);
      expect(opened.kind === 'broken' ? opened.reason : '').toMatch(/^[\x20-\x7e]{1,220}$/);
    }),
  );
});

test('the checksum is h = (257 h + byte) mod 1073741789', () => {
  expect(checksum('')).toBe(0);
  expect(checksum('a')).toBe(97);
  expect(checksum('ab')).toBe(257 * 97 + 98);
  fc.assert(
    fc.property(anyPayload, (payload) => {
      expect(BigInt(checksum(payload))).toBe(exact(payload));
    }),
  );
});

function exact(payload: string): bigint {
  return Buffer.from(payload).reduce(
    (sum, byte) => (257n * sum + BigInt(byte)) % 1_073_741_789n,
    0n,
  );
}
