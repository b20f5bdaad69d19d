/** `npm run build`: the package for others, in `dist/package`, which `npm pack` and `npm publish` take. */

import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import manifest from '../../package.json' with { type: 'json' };
import { bundleFunction, REQUIRE } from '../bundle.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** Files are found by their place beside the code, so the package has the folders of the checkout. */
const COPIED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'RUNBOOK.md',
  'docs',
  'infra/monitoring/dashboard.json',
  'infra/monitoring/dashboard-dotted.json',
  'infra/monitoring/kubernetes',
  'infra/monitoring/prometheus-rules.yaml',
  'infra/monitoring/prometheus-rules-dotted.yaml',
  'infra/rbac.yaml',
  'shared/contract/probe',
] as const;

/** Node 22 synthesises too; only the function needs Node 24. */
const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node22',
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** An app must have one copy of the CDK's classes, so they are never bundled. */
const PEERS = ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'];

/** Writes the package into a folder, which must not be in use otherwise. */
export async function buildPackage(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await Promise.all([
    bundleFunction(path.join(out, 'dist', 'asset')),
    bundleFunction(path.join(out, 'dist', 'asset-with-maps'), { sourceMaps: true }),
    buildLibrary(out),
    buildCommands(out),
    declareTypes(out),
    ...COPIED.map((name) => cp(path.join(ROOT, name), path.join(out, name), { recursive: true })),
    writeFile(path.join(out, 'package.json'), `${JSON.stringify(packageManifest(), null, 2)}\n`),
  ]);
}

function packageManifest(): object {
  const { name, version, description, license, dependencies } = manifest;
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    exports: {
      '.': {
        import: { types: './types/esm/infra/index.d.ts', default: './lib/index.mjs' },
        require: { types: './types/cjs/infra/index.d.ts', default: './lib/index.cjs' },
      },
      './package.json': './package.json',
    },
    bin: { vtepwatch: './lib/cli/vtepwatch.mjs' },
    engines: { node: '>=22.15' },
    // The settings' types are zod's.
    dependencies: { zod: dependencies.zod },
    peerDependencies: {
      'aws-cdk-lib': `^${dependencies['aws-cdk-lib']}`,
      constructs: `^${dependencies.constructs}`,
    },
    // The command line needs neither.
    peerDependenciesMeta: {
      'aws-cdk-lib': { optional: true },
      constructs: { optional: true },
    },
  };
}

async function buildLibrary(out: string): Promise<void> {
  const entry = { entryPoints: ['infra/index.ts'], external: [...PEERS, 'zod'] };
  await Promise.all([
    build({ ...SHARED, ...entry, outfile: path.join(out, 'lib', 'index.mjs'), format: 'esm' }),
    build({
      ...SHARED,
      ...entry,
      outfile: path.join(out, 'lib', 'index.cjs'),
      format: 'cjs',
      define: { 'import.meta.dirname': '__dirname' },
    }),
  ]);
}

async function buildCommands(out: string): Promise<void> {
  const folder = path.join(out, 'lib', 'cli');
  await build({
    ...SHARED,
    entryPoints: ['cli/vtepwatch.ts'],
    outdir: folder,
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE },
    define: { BUILT_VERSION: JSON.stringify(await versionLine()) },
    minify: true,
  });
  await chmod(path.join(folder, 'vtepwatch.mjs'), 0o755);
}

/** The package has no checkout beside it, so it has the version and the commit of the one that built it. */
async function versionLine(): Promise<string> {
  const program = path.join(ROOT, 'cli', 'vtepwatch.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--version']);
  return stdout.trim();
}

/** The same declarations twice: whether a declaration is of an ES module, TypeScript reads in package.json. */
async function declareTypes(out: string): Promise<void> {
  const esm = path.join(out, 'types', 'esm');
  const words = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--outDir', esm];
  const settings = path.join(ROOT, 'infra', 'package', 'tsconfig.json');
  await promisify(execFile)(
    process.execPath,
    [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', settings, ...words],
    { cwd: ROOT },
  );
  const files = await readdir(esm, { recursive: true, withFileTypes: true });
  await Promise.all(
    files
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = path.join(entry.parentPath, entry.name);
        const text = await readFile(file, 'utf8');
        await writeFile(file, text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
      }),
  );
  const cjs = path.join(out, 'types', 'cjs');
  await cp(esm, cjs, { recursive: true });
  await writeFile(path.join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
}

if (import.meta.main) {
  const out = path.join(ROOT, 'dist', 'package');
  await buildPackage(out);
  process.stdout.write(`${path.relative(process.cwd(), out)}\n`);
}
