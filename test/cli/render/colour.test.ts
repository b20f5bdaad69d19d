import { describe, expect, test } from 'vitest';
import { coloured, wantsColour } from '../../../cli/render/colour.ts';

const TEXT = [
  'cluster prod: INCIDENT; canal overlay; 6 of 6 nodes checked',
  '',
  'CRITICAL  cluster prod',
  'node1 is unreachable from 5 of 5 nodes.',
  'Fix',
  '  1. Restart it.',
  '',
].join('\n');

describe('colours', () => {
  test('mark verdict, severity and headings, and take no word away', () => {
    const text = coloured(TEXT);
    expect(text).toContain('cluster prod: \u001B[1;31mINCIDENT\u001B[0m; canal');
    expect(text).toContain('\u001B[1;31mCRITICAL\u001B[0m  cluster prod');
    expect(
      text
        .split('\u001B')
        .map((part) => part.replace(/^\[[\d;]*m/, ''))
        .join(''),
    ).toBe(TEXT);
  });

  test.for([
    ['auto', true, undefined, true],
    ['auto', true, '', true],
    ['auto', true, '1', false],
    ['auto', false, undefined, false],
    ['always', false, '1', true],
    ['never', true, undefined, false],
  ] as const)('%s, terminal %s, NO_COLOR %s: %s', ([when, isTerminal, noColor, isColoured]) => {
    expect(wantsColour(when, { isTerminal, noColor })).toBe(isColoured);
  });

  test('know three words', () => {
    expect(() => wantsColour('blue', { isTerminal: true, noColor: undefined })).toThrow(
      '--color must be always, never or auto',
    );
  });
});
