import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that goes when the test ends, however it ends. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vtepwatch-probe-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A directory of shell scripts, each named as the program it stands for. */
export function programs(texts: Readonly<Record<string, string>>): string {
  const directory = scratchDirectory();
  for (const [name, text] of Object.entries(texts)) {
    const file = path.join(directory, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  }
  return directory;
}

/** A directory in which each name is a link to a program of this machine. */
export function links(targets: Readonly<Record<string, string>>): string {
  const directory = scratchDirectory();
  for (const [name, target] of Object.entries(targets)) {
    symlinkSync(target, path.join(directory, name));
  }
  return directory;
}

/** A host's file system for `VTEPWATCH_ROOT`: paths from its root, and what they hold. */
export function hostRoot(files: Readonly<Record<string, string>>): string {
  const root = scratchDirectory();
  for (const [name, text] of Object.entries({ ...CLOCK, ...files })) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}

const CLOCK = {
  'proc/uptime': '5000.25 9000.00\n',
  'proc/sys/kernel/random/boot_id': '0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11\n',
} as const;
