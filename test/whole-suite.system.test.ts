import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

test('npm test runs both projects in one call', () => {
  const files = ['test/shared/core/digest/field.test.ts', 'test/lambda/subscribers.system.test.ts'];
  const { status, stdout, stderr } = spawnSync('npm', ['test', '--', ...files], {
    cwd: path.join(import.meta.dirname, '..'),
    encoding: 'utf8',
  });
  expect(stripVTControlCharacters(`${stdout}${stderr}`)).toMatch(/Test Files +2 passed/);
  expect(status).toBe(0);
});
