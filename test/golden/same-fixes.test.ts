import { expect, test } from 'vitest';
import { CAUSES } from '../../shared/contract/causes.ts';
import { areSame, typedLines } from './same-fixes.ts';

test.for(CAUSES)(
  '%s: a page, the --json document and the runbook have the same commands',
  async (cause) => {
    const lines = await typedLines(cause);
    expect(lines.runbook).toEqual(lines.json);
    expect(areSame(lines)).toBe(true);
    expect(lines.page.length === lines.json.length).toBe(!lines.isShortened);
    expect(lines.page.length).toBeGreaterThan(0);
  },
);

test('a command that one of the three lacks is noticed', async () => {
  const lines = await typedLines('fdb-missing');
  expect(areSame({ ...lines, runbook: lines.runbook.slice(1) })).toBe(false);
  expect(areSame({ ...lines, page: lines.page.slice(1), isShortened: false })).toBe(false);
  expect(areSame({ ...lines, page: [...lines.page, 'reboot'] })).toBe(false);
});
