import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { content, listedOutput } from '../../../../lab/aws/ssm/output.ts';
import { account, invocation, outputOf } from './account.ts';
import { absentMachine, instanceIdOf } from './shell-machine.ts';

const bytes = (length: number, character = 'o'): Buffer => Buffer.from(character.repeat(length));
const NOTHING = Buffer.alloc(0);
const TITLE = '\n----------ERROR-------\n';
const OUTPUT_CUT = '\n---Output truncated---';
const ERROR_CUT = '\n---Error truncated----';

describe('ListCommandInvocations', () => {
  test('2,499 bytes are whole, 2,500 are cut', () => {
    expect(listedOutput(bytes(2499), NOTHING)).toBe('o'.repeat(2499));
    expect(listedOutput(bytes(2500), NOTHING)).toBe(`${'o'.repeat(2477)}${OUTPUT_CUT}`);
  });

  test('standard error follows under a title, which takes its share', () => {
    const room = 2500 - TITLE.length - 1;
    expect(listedOutput(bytes(3), bytes(2, 'e'))).toBe(`ooo${TITLE}ee`);
    expect(listedOutput(bytes(room - 2), bytes(2, 'e'))).toBe(`${'o'.repeat(room - 2)}${TITLE}ee`);
  });

  test('a long output is cut before a short error', () => {
    const text = listedOutput(bytes(5000), bytes(10, 'e'));
    expect(text).toHaveLength(2500);
    expect(text.endsWith(`o${OUTPUT_CUT}${TITLE}eeeeeeeeee`)).toBe(true);
  });

  test('a long error is cut after a short output', () => {
    const text = listedOutput(bytes(10), bytes(5000, 'e'));
    expect(text).toHaveLength(2500);
    expect(text.startsWith(`oooooooooo${TITLE}e`)).toBe(true);
    expect(text.endsWith(`e${ERROR_CUT}`)).toBe(true);
  });

  test('two long streams get half of the room each', () => {
    const text = listedOutput(bytes(5000), bytes(5000, 'e'));
    const half = Math.floor((2500 - TITLE.length - OUTPUT_CUT.length - ERROR_CUT.length) / 2);
    expect(text).toBe(`${'o'.repeat(half)}${OUTPUT_CUT}${TITLE}${'e'.repeat(half)}${ERROR_CUT}`);
  });

  test('a cut goes through a character', () => {
    const text = listedOutput(Buffer.from('é'.repeat(2000)), NOTHING);
    expect(text.startsWith('é'.repeat(1238))).toBe(true);
    expect(text.slice(1238)).toBe(`\uFFFD${OUTPUT_CUT}`);
  });
});

describe('GetCommandInvocation', () => {
  test.for([24_000, 8000])('of %i bytes and more the last 20 are the mark', (limit) => {
    expect(content(bytes(limit - 1), limit)).toBe('o'.repeat(limit - 1));
    const cut = `${'o'.repeat(limit - 20)}--output truncated--`;
    expect(content(bytes(limit), limit)).toBe(cut);
    expect(content(bytes(3 * limit), limit)).toBe(cut);
  });
});

test('ten megabytes from a node arrive as the two cuts', async () => {
  const InstanceId = instanceIdOf(1);
  const made = await account('', { nodes: [{ machine: absentMachine(1), tags: {} }] });
  const stdout = 'x'.repeat(10 * 1024 * 1024);
  made.ssm.behaveNode(InstanceId, { kind: 'answers', stdout, stderr: stdout });

  const CommandId = await made.send();
  expect(outputOf(await invocation(made, CommandId))).toHaveLength(2500);
  const detailed = await made.client.send(
    new GetCommandInvocationCommand({ CommandId, InstanceId }),
  );
  expect(detailed.StandardOutputContent).toHaveLength(24_000);
  expect(detailed.StandardErrorContent).toHaveLength(8000);
  expect(detailed.StandardErrorContent?.endsWith('--output truncated--')).toBe(true);
});
