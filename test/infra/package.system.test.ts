import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPackage } from '../../infra/package/build.ts';
import { VERSION } from '../../shared/contract/version.ts';
import { folder } from './support/deployed.ts';

const ROOT = path.join(import.meta.dirname, '../..');

const BODY = `
const app = new App({ outdir: process.argv[2] });
const stack = new Stack(app, 'Monitoring');
new VtepWatch(stack, 'Watch', {
  name: 'prod',
  tags: { vtepwatch: 'prod' },
  sourceMaps: process.argv[3] === 'with-maps',
});
Validations.of(app).addPlugins(new VtepWatchGuard());
app.synth();
console.log(VERSION);
`;

/** The same program as each kind of module. */
const PROGRAMS = {
  'app.mjs': `import { App, Stack, Validations } from 'aws-cdk-lib';
import { VERSION, VtepWatch, VtepWatchGuard } from 'vtepwatch';
${BODY}`,
  'app.cjs': `const { App, Stack, Validations } = require('aws-cdk-lib');
const { VERSION, VtepWatch, VtepWatchGuard } = require('vtepwatch');
${BODY}`,
} as const;

/** Uses the types: each `@ts-expect-error` fails where the types are not there. */
const TYPED = `import { Stack } from 'aws-cdk-lib';
import { type ClusterSettings, VtepWatch } from 'vtepwatch';

const settings: ClusterSettings = { name: 'prod', tags: { vtepwatch: 'prod' }, scheduleMinutes: 1 };
// @ts-expect-error A name is text.
const wrong: ClusterSettings = { name: 5, tags: { vtepwatch: 'prod' } };
export const topics = [settings, wrong].map(
  (one, at) => new VtepWatch(new Stack(), String(at), one).pages.topicArn,
);
`;

async function run(program: string, words: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, words, { cwd, maxBuffer: 1e8 });
  return stdout.trim();
}

/** Which of these files are in the function's folder, of which there is one. */
function assetFiles(out: string, names: readonly string[]): readonly boolean[] {
  const assets = JSON.parse(readFileSync(path.join(out, 'Monitoring.assets.json'), 'utf8'));
  return Object.values<{ source: { path: string; packaging: string } }>(assets.files)
    .filter(({ source }) => source.packaging === 'zip')
    .flatMap(({ source }) => names.map((name) => existsSync(path.join(out, source.path, name))));
}

/** The program `node` of another version, from npm's packages; undefined where these cannot be had. */
async function nodeOf(major: string): Promise<string | undefined> {
  const home = folder();
  const name = `node-linux-${process.arch}`;
  const install = ['install', '--no-audit', '--no-fund', '--prefix', home, `${name}@${major}`];
  const program = path.join(home, 'node_modules', name, 'bin', 'node');
  return await run('npm', install, home).then(
    () => (existsSync(program) ? program : undefined),
    () => undefined,
  );
}

/** An app that has nothing but the packed package and its peers. */
let app = '';

beforeAll(async () => {
  const built = path.join(folder(), 'package');
  await buildPackage(built);
  const packed = await run('npm', ['pack', '--json', built], path.dirname(built));
  const [{ filename = '' } = {}]: { filename?: string }[] = JSON.parse(packed);
  app = folder();
  writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "private": true }\n');
  const peers = ['aws-cdk-lib', 'constructs', 'zod'].map((name) =>
    path.join(ROOT, 'node_modules', name),
  );
  const archive = path.join(path.dirname(built), filename);
  // As links: what they need is beside them. So nothing is fetched.
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--install-links=false'];
  await run('npm', [...install, archive, ...peers], app);
  for (const [name, text] of Object.entries({
    ...PROGRAMS,
    'typed.mts': TYPED,
    'typed.cts': TYPED,
  })) {
    writeFileSync(path.join(app, name), text);
  }
}, 240_000);

describe('the package in an empty app', { timeout: 240_000 }, () => {
  test.for(Object.keys(PROGRAMS))(
    '%s: synthesises a stack with the built function',
    async (program) => {
      const out = folder();
      expect(await run(process.execPath, [program, out], app)).toBe(VERSION);
      const template = JSON.parse(readFileSync(path.join(out, 'Monitoring.template.json'), 'utf8'));
      const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
      expect(types).toContain('AWS::SSM::Document');
      expect(assetFiles(out, ['index.mjs', 'index.mjs.map'])).toEqual([true, false]);
    },
  );

  test('with source maps it deploys the function that has them', async () => {
    const out = folder();
    await run(process.execPath, ['app.mjs', out, 'with-maps'], app);
    expect(assetFiles(out, ['index.mjs', 'index.mjs.map'])).toEqual([true, true]);
  });

  test.for(Object.keys(PROGRAMS))('%s: with Node 22', async (program, { skip }) => {
    const node = await nodeOf('22');
    if (node === undefined) return skip('Node 22 cannot be had here');
    expect(await run(node, ['--version'], app)).toMatch(/^v22\./);
    expect(await run(node, [program, folder()], app)).toBe(VERSION);
  });

  test('has types, for modules of both kinds', async () => {
    const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const words = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
    expect(await run(process.execPath, [tsc, ...words, 'typed.mts', 'typed.cts'], app)).toBe('');
  });

  test('has the command line', async () => {
    const command = path.join(app, 'node_modules', '.bin', 'vtepwatch');
    const help = await run(command, ['--help'], app);
    expect(help).toMatch(/^vtepwatch: monitors Kubernetes overlay networks/);
    const inCheckout = [path.join(ROOT, 'cli', 'vtepwatch.ts'), '--version'];
    expect(await run(command, ['--version'], app)).toBe(
      await run(process.execPath, inCheckout, app),
    );
    const replay = [
      'replay',
      '--json',
      path.join(ROOT, 'test', 'fixtures', 'seed-incident', 'before'),
    ];
    // It exits with 1, since the capture shows a fault.
    const report = await run(command, replay, app).catch((error: unknown) => Object(error).stdout);
    expect(JSON.parse(report)).toMatchObject({ version: VERSION, verdict: 'incident' });
  });
});
