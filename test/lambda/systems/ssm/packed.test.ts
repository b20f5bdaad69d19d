import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpack } from '../../../../lambda/systems/ssm/packed.ts';
import { PACKED_BEGIN, PACKED_END } from '../../../../shared/contract/wire.ts';
import { envelope } from '../../../support/envelope.ts';
import { says, sentToAll, textsOf, watched, farOff } from './watched.ts';

/** As `base64` prints it: in lines of 76 characters. */
function packed(text: string): string {
  const lines =
    gzipSync(text)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return [PACKED_BEGIN, ...lines, PACKED_END, ''].join('\n');
}

const ANSWER = envelope('tables', 'host node1\n');

describe('unpack', () => {
  test('gives back what was packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme-ascii', maxLength: 5000 }), async (payload) => {
        const text = envelope('tables', payload);
        expect(await unpack(packed(text))).toEqual({ kind: 'answered', text });
      }),
    );
  });

  test('of two answers, one after the other, gives the last whole one', async () => {
    const [first, second] = [packed(ANSWER.repeat(60)), packed(ANSWER.repeat(70))];
    const text = ANSWER.repeat(70);
    expect(await unpack(first + second)).toEqual({ kind: 'answered', text });
    expect(await unpack(first.slice(0, 60) + second)).toEqual({ kind: 'answered', text });
    expect(await unpack(second + first.slice(0, 60))).toEqual({ kind: 'answered', text });
  });

  test.for([ANSWER, '', 'vtepwatch 1 packed up and gone'])(
    'leaves an answer alone that is not packed: %j',
    async (text) => {
      expect(await unpack(text)).toEqual({ kind: 'answered', text });
    },
  );

  const whole = packed(ANSWER.repeat(100));
  const bomb = packed('0'.repeat(1024 * 1024 + 1025));

  test.for([
    ['was cut', whole.slice(0, -20), 'it was cut'],
    ['was cut by the service', `${whole.slice(0, 100)}--output truncated--`, 'it was cut'],
    ['is empty', `${PACKED_BEGIN}\n${PACKED_END}\n`, 'it is not base64'],
    ['is no base64', `${PACKED_BEGIN}\n<html>\n${PACKED_END}\n`, 'it is not base64'],
    ['is no gzip', `${PACKED_BEGIN}\naGVsbG8=\n${PACKED_END}\n`, 'incorrect header check'],
    ['lost a line', whole.replace(/\n[^\n]{76}\n/, '\n'), ''],
    ['unpacks to more than any host prints', bomb, 'Cannot create a Buffer larger than 1049600'],
  ] as const)('an answer that %s is none', async ([, text, why]) => {
    expect(await unpack(text)).toEqual({
      kind: 'ended',
      reason: expect.stringContaining(`unpacking the answer: ${why}`),
      error: 'bad_output',
    });
  });
});

test('a host’s packed answer is fetched and unpacked', async () => {
  const made = watched({ nodes: 2 });
  const text = envelope('tables', `N flannel.1 10.42.1.0\n`.repeat(500));
  says(made.ssm, 1, packed(text));
  says(made.ssm, 2, packed(text).replace(PACKED_END, 'Killed'));
  const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
  expect(textsOf(byInstance)).toEqual({ 1: text });
  expect([...byInstance.values()][1]).toMatchObject({ kind: 'ended', error: 'bad_output' });
});
