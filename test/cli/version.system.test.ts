import { cpSync, mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { VERSION } from '../../shared/contract/version.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** A copy of the command line's code, as a checkout has it. */
let copy = '';
let work = '';
beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-version-'));
  copy = path.join(work, 'vtepwatch');
  mkdirSync(copy);
  for (const name of ['cli', 'lambda', 'shared', 'package.json']) {
    cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
});
afterEach(() => {
  rmSync(work, { recursive: true, force: true });
});

function git(directory: string, ...words: readonly string[]): string {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', ['-C', directory, ...who, ...words], { encoding: 'utf8' }).trim();
}

function commit(directory: string): string {
  git(directory, 'init', '-q');
  git(directory, 'add', 'package.json', 'cli');
  git(directory, 'commit', '-q', '-m', 'all');
  return git(directory, 'rev-parse', '--short=7', 'HEAD');
}

function version(env: NodeJS.ProcessEnv = process.env): string {
  const program = path.join(copy, 'cli', 'vtepwatch.ts');
  return execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8', env });
}

describe('--version', () => {
  test('has the commit of a checkout, and says whether files differ from it', () => {
    const head = commit(copy);
    git(copy, 'tag', 'v9');
    expect(version()).toBe(`vtepwatch ${VERSION} (${head})\n`);
    writeFileSync(path.join(copy, 'package.json'), '{ "type": "module" }\n');
    expect(version()).toBe(`vtepwatch ${VERSION} (${head}-dirty)\n`);
  });

  test('is the version alone without git', () => {
    commit(copy);
    expect(version({ ...process.env, PATH: work })).toBe(`vtepwatch ${VERSION}\n`);
  });

  test('has no commit of another checkout that the code lies in', () => {
    git(work, 'init', '-q');
    git(work, 'commit', '-q', '--allow-empty', '-m', 'somebody else’s');
    expect(version()).toBe(`vtepwatch ${VERSION}\n`);
  });
});

test('the function has no commit in it: each would deploy every cluster anew', async () => {
  const { directory } = await bundleFunction(path.join(work, 'asset'));
  const head = git(ROOT, 'rev-parse', '--short=7', 'HEAD');
  expect(spawnSync('grep', ['-rl', head, directory], { encoding: 'utf8' })).toMatchObject({
    status: 1,
    stdout: '',
  });
});
