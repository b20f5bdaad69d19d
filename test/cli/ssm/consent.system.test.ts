import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../lab/world.ts';
import { OPERATOR } from '../deployed.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'vtepwatch.ts');

/** Of util-linux: it runs a program on a terminal of its own. Where it is not installed, CI fails. */
const SCRIPT = '/usr/bin/script';
const isMissing = process.env['CI'] === undefined && !existsSync(SCRIPT);

interface Session {
  readonly exit: number | null;
  readonly shown: string;
}

describe.skipIf(isMissing)('on a terminal check --ssm asks before anything runs, and', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ kubernetes: false, prefer: 'modelled', dialSeconds: 2 });
  }, 120_000);
  let sent = 0;
  beforeEach(() => {
    sent = commands();
  });
  afterAll(async () => {
    await world?.close();
  });

  /** What changes anything in the account or on a host. */
  function commands(): number {
    const { gate } = world.aws.ssm;
    return gate.count('SendCommand') + gate.count('CreateDocument');
  }

  /** A person types this when the question is there. */
  async function answered(keys: string): Promise<Session & { readonly before: number }> {
    const command = `'${process.execPath}' '${PROGRAM}' check --ssm --tags vtepwatch=lab --temporary-document`;
    const child = spawn(SCRIPT, ['-qec', command, '/dev/null'], {
      env: {
        ...OPERATOR,
        AWS_ENDPOINT_URL_SSM: world.aws.ssm.url,
        PATH: process.env['PATH'] ?? '',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    let before = -1;
    child.stdout.on('data', (part: Buffer) => {
      shown += part.toString();
      if (before >= 0 || !shown.includes('[y/N]')) return;
      before = commands() - sent;
      child.stdin.write(keys);
    });
    const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { exit, shown, before };
  }

  test.for(['y\r', 'YES\r'])('runs after %j', async (keys) => {
    const { exit, shown, before } = await answered(keys);
    expect(before).toBe(0);
    expect(shown).toContain('A script is about to run as root on 6 hosts');
    expect(shown).toContain('6 of 6 nodes checked');
    expect(commands()).toBeGreaterThan(sent);
    expect(exit).toBe(0);
  });

  test.for([
    ['n', 'n\r', 64],
    ['nothing', '\r', 64],
    ['another word', 'yesterday\r', 64],
    ['the end of the input', '\u0004', 64],
    ['Ctrl-C', '\u0003', 130],
  ] as const)('runs nothing after %s', async ([, keys, status]) => {
    const { exit, shown } = await answered(keys);
    expect(shown).toContain('nothing was run');
    expect(commands()).toBe(sent);
    expect(exit).toBe(status);
  });
});
