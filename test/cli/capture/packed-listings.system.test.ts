import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  packedCaptureScript,
  readListings,
  unpackedListings,
} from '../../../cli/capture/listings.ts';
import { installed } from '../../shared/contract/probe/recorded-tools.ts';

/** What the script prints on this computer. */
function printed(searchPath = process.env['PATH']): string {
  return execFileSync('/bin/sh', {
    input: packedCaptureScript(),
    encoding: 'utf8',
    env: { ...process.env, PATH: searchPath },
  });
}

test('the packed script prints what the plain one prints', async () => {
  const output = printed();
  expect(output).toMatch(/^@packed\n[A-Za-z0-9+/=\n]+$/);
  const listings = readListings(await unpackedListings(output));
  expect(listings?.host).toBe(hostname());
  expect((listings?.texts.size ?? 0) + (listings?.failed.length ?? 0)).toBe(5);
});

test('where it was cut, nothing of it is used', async () => {
  const output = printed();
  await expect(unpackedListings(output.slice(0, output.length / 2))).rejects.toThrow(
    'unexpected end of file',
  );
});

test('on a host without base64 it prints the plain one', async () => {
  const programs = mkdtempSync(path.join(tmpdir(), 'vtepwatch-programs-'));
  onTestFinished(() => rmSync(programs, { recursive: true, force: true }));
  for (const name of ['uname', 'sed', 'sh', 'timeout']) {
    const program = installed(name);
    if (program !== undefined) symlinkSync(program, path.join(programs, name));
  }
  const output = printed(programs);
  expect(output).toMatch(/^@host /);
  expect(readListings(await unpackedListings(output))?.host).toBe(hostname());
});

test('shellcheck finds nothing', ({ skip }) => {
  const shellcheck = installed('shellcheck');
  if (shellcheck === undefined && process.env['CI'] === undefined) {
    skip('shellcheck is not installed');
  }
  const found = spawnSync(shellcheck ?? 'shellcheck', ['--shell=sh', '--severity=warning', '-'], {
    input: packedCaptureScript(),
    encoding: 'utf8',
  });
  expect([found.stdout, found.status]).toEqual(['', 0]);
});
