import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownScript } from '../../../infra/own-script.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const DEPLOY = readFileSync(path.join(ROOT, 'docs/deploy.md'), 'utf8');
const RUNBOOK = readFileSync(path.join(ROOT, 'RUNBOOK.md'), 'utf8');
const RULES = readFileSync(path.join(ROOT, 'infra/monitoring/prometheus-rules.yaml'), 'utf8');

/** A block of ext4 and XFS as they are made today. */
const BLOCK_BYTES = 4096;

/** The command's, the plugin's and the step's own, and the one for downloads. */
const FOLDERS = 4;

/** The output, which the agent keeps twice. */
const OUTPUTS = 2;

/**
 * What the agent keeps of one command on a host, in bytes: the script, its output and the folders. XFS has
 * small folders within their inodes.
 */
function agentDirectoryBytes(scriptBytes: number, fileSystem: 'ext4' | 'xfs'): number {
  const blocks = Math.ceil(scriptBytes / BLOCK_BYTES) + OUTPUTS;
  return BLOCK_BYTES * (fileSystem === 'ext4' ? blocks + FOLDERS : blocks);
}

const script = Buffer.byteLength(ownScript());
const EXT4 = agentDirectoryBytes(script, 'ext4');
const XFS = agentDirectoryBytes(script, 'xfs');

/** Commands of a host in the 14 days for which the agent keeps them. */
const OF_FIVE_MINUTES = 4032;
const OF_A_MINUTE = 20_160;

/** The first number that the pattern finds, in bytes. */
function stated(text: string, pattern: RegExp): number {
  const { number = '', unit = '' } = pattern.exec(text)?.groups ?? {};
  const bytes: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };
  return Number(number) * (bytes[unit] ?? 0);
}

describe('what the agent keeps of a command is what people read', () => {
  test.for([
    ['docs/deploy.md, ext4', DEPLOY, /directory of about (?<number>\d+) (?<unit>kB) \(/, EXT4],
    ['docs/deploy.md, XFS', DEPLOY, /\((?<number>\d+) (?<unit>kB) on XFS\)/, XFS],
    [
      'docs/deploy.md, every five minutes',
      DEPLOY,
      /schedule of 5 minutes \(about (?<number>\d+) (?<unit>MB)\)/,
      OF_FIVE_MINUTES * EXT4,
    ],
    [
      'docs/deploy.md, every minute',
      DEPLOY,
      /one of a minute \(about (?<number>[\d.]+) (?<unit>GB)\)/,
      OF_A_MINUTE * EXT4,
    ],
    ['RUNBOOK.md', RUNBOOK, /past commands, about (?<number>[\d.]+) (?<unit>GB)/, 18_000 * EXT4],
    ['the alert', RULES, /directory of about (?<number>\d+) (?<unit>kB) for/, EXT4],
  ] as const)('%s', ([, text, pattern, bytes]) => {
    expect(stated(text, pattern) / bytes).toBeGreaterThan(0.9);
    expect(stated(text, pattern) / bytes).toBeLessThan(1.1);
  });

  test('of a script of 36 kB it is 60 KiB, and 44 on XFS, as measured', () => {
    expect(agentDirectoryBytes(36 * 1024, 'ext4')).toBe(60 * 1024);
    expect(agentDirectoryBytes(36 * 1024, 'xfs')).toBe(44 * 1024);
  });
});
