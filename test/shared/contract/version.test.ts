import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { VERSION } from '../../../shared/contract/version.ts';

test('the version is that of the package', () => {
  expect(VERSION).toBe(manifest.version);
});

test('the changelog begins with it, and says how to come to it and how to go back', () => {
  const changelog = readFileSync(path.join(import.meta.dirname, '../../../CHANGELOG.md'), 'utf8');
  const [, newest = ''] = changelog.split(/^## /m);
  expect(newest.startsWith(VERSION)).toBe(true);
  expect(newest).toMatch(/^\*\*Upgrade\*\*/m);
  expect(newest).toMatch(/^\*\*Roll back\*\*/m);
});
