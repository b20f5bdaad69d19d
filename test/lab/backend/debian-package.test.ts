import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findPackage } from '../../../lab/backend/debian-package.ts';
import { VICTORIA_METRICS } from '../../../lab/backend/victoria-metrics.ts';

const SCRIPT = path.resolve('lab/backend/fetch-debian-package.sh');

/** An apt that knows a mirror of this computer's release, at which nobody answers. */
const LONELY_APT = `#!/bin/sh
case $1 in
indextargets) . /etc/os-release && echo "main $VERSION_CODENAME http://127.0.0.1:9/debian" ;;
*) echo 'E: nobody answers' >&2; exit 100 ;;
esac
`;

describe('where packages of a later Debian come from', () => {
  test('what was fetched once is used as it is, and apt is not asked', async () => {
    const cache = await emptyFolder();
    const folder = path.join(cache, 'vtepwatch', 'debian-victoria-metrics-trixie');
    await mkdir(folder, { recursive: true });
    expect(
      await findPackage(VICTORIA_METRICS, { XDG_CACHE_HOME: cache, PATH: '/nonexistent' }),
    ).toEqual({
      kind: 'found',
      root: folder,
    });
  });

  test('a computer without apt is told what it lacks', async () => {
    const cache = await emptyFolder();
    expect(
      await findPackage(VICTORIA_METRICS, { XDG_CACHE_HOME: cache, PATH: '/nonexistent' }),
    ).toEqual({
      kind: 'missing',
      reason: 'the Debian package victoria-metrics cannot be had without apt-get',
    });
  });

  test('a mirror that does not answer is told, and leaves nothing behind', async ({ skip }) => {
    if (spawnSync('dpkg-deb', ['--version']).error !== undefined) skip('dpkg-deb is not installed');
    const cache = await emptyFolder();
    const bin = await emptyFolder();
    await writeFile(path.join(bin, 'apt-get'), LONELY_APT);
    await chmod(path.join(bin, 'apt-get'), 0o755);
    expect(
      await findPackage(VICTORIA_METRICS, { XDG_CACHE_HOME: cache, PATH: `${bin}:/usr/bin:/bin` }),
    ).toEqual({
      kind: 'missing',
      reason: 'victoria-metrics of Debian trixie could not be fetched',
    });
    expect(await readdir(path.join(cache, 'vtepwatch'))).toEqual([]);
  });

  test('shellcheck finds nothing in the script', ({ skip }) => {
    const there = spawnSync('shellcheck', ['--version']).error === undefined;
    if (!there && process.env['CI'] === undefined) skip('shellcheck is not installed');
    const { status, stdout } = spawnSync('shellcheck', ['--severity=warning', SCRIPT]);
    expect({ status, found: stdout.toString() }).toEqual({ status: 0, found: '' });
  });
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vtepwatch-programs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
