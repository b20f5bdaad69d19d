import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { folder } from './support/deployed.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const CDK = path.join(ROOT, 'node_modules/aws-cdk/bin/cdk');

const UNSHARE = ['unshare', '-n'] as const;

/** Whether a program can be run without a network here, so that nothing can call home; in CI it must. */
const CAN_BE_OFFLINE =
  process.env['CI'] !== undefined || spawnSync('unshare', ['-n', 'true']).status === 0;

const OFFLINE = CAN_BE_OFFLINE
  ? 'without a network'
  : 'with a network, for lack of the right to unshare';

/** Bundling and compiling the rules take their time on a busy machine. */
const SLOW = { timeout: 180_000 };

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with an environment that knows of no account, no credentials and no Docker. */
async function run(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [program = '', ...others] = words;
  const env = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: '/nonexistent' };
  try {
    const ended = await promisify(execFile)(program, others, {
      cwd: ROOT,
      env: { ...env, ...environment },
    });
    return { exit: 0, ...ended };
  } catch (error) {
    const { code, stdout, stderr } = Object(error);
    return { exit: Number(code), stdout: String(stdout), stderr: String(stderr) };
  }
}

describe('cdk synth, as committed', SLOW, () => {
  const out = folder();

  test(`${OFFLINE}, account, credentials or Docker: writes a template`, async () => {
    const synth = [process.execPath, CDK, 'synth', '--quiet', '--no-notices', '--output', out];
    expect(await run([...(CAN_BE_OFFLINE ? UNSHARE : []), ...synth])).toEqual({
      exit: 0,
      stdout: '',
      stderr: expect.stringMatching(
        /^Bundling the function\nWriting and checking the templates\n+WARNING demo: alarms that vtepwatch itself has failed reach nobody, [^\n]*\n[^\n]*\n[^\n]*alarms-one-way'\s*$/,
      ),
    });
    const template = readFileSync(path.join(out, 'Vtepwatch-demo.template.json'), 'utf8');
    expect(Object.keys(JSON.parse(template).Outputs)).toContain('FunctionName');
  });

  test('takes as its asset the bundle, to the byte', async () => {
    const { directory, files } = await bundleFunction(path.join(folder(), 'bundle'));
    const manifest = JSON.parse(readFileSync(path.join(out, 'Vtepwatch-demo.assets.json'), 'utf8'));
    const asset = Object.values<{ readonly source: { readonly path: string } }>(manifest.files)
      .map(({ source }) => source.path)
      .find((name) => name.startsWith('asset.'));
    expect(files.map((file) => file.path)).toContain('index.mjs');
    for (const file of files) {
      const [one, other] = [directory, path.join(out, asset ?? '')].map((place) =>
        readFileSync(path.join(place, file.path)),
      );
      // Compared first: a difference would be printed in full.
      expect({ ...file, same: one?.equals(other ?? Buffer.of()) }).toEqual({ ...file, same: true });
    }
  });
});

test(
  'a wrong setting ends the synthesis with its name, and no trace of the code',
  SLOW,
  async () => {
    const context = { vtepwatch: [{ name: 'demo', tags: { a: 'b' }, scheduleMinutes: 0 }] };
    const app = [process.execPath, path.join(ROOT, 'infra/app.ts')];
    expect(await run(app, { CDK_CONTEXT_JSON: JSON.stringify(context) })).toEqual({
      exit: 1,
      stdout: '',
      stderr: `Bundling the function
Writing and checking the templates
These settings are wrong:
  vtepwatch[0] ("demo"): scheduleMinutes must be a whole number from 1 to 60; it is 0
`,
    });
  },
);
