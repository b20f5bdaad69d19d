import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { committedFiles } from '../../../infra/monitoring/generate.ts';

const CHECKOUT = path.join(import.meta.dirname, '..', '..', '..');

const made = committedFiles();

test.for([...made.keys()])('%s is as `npm run generate` makes it', async (name) => {
  expect(await readFile(path.join(CHECKOUT, name), 'utf8')).toBe(made.get(name));
});
