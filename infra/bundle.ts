import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';

interface BundleOptions {
  /** The module that exports `handler`. Default: the function's own. */
  readonly entry?: string;
  /** Whether source maps stand beside the code. They are half of the zipped asset. Default: no. */
  readonly sourceMaps?: boolean;
}

export interface Bundle {
  readonly directory: string;
  readonly files: readonly BundledFile[];
}

export interface BundledFile {
  /** Relative to the directory: `index.mjs`. */
  readonly path: string;
  readonly bytes: number;
  /** A cold start loads what is imported statically, and an `import()` loads the rest. Source maps are
   * never loaded. */
  readonly loaded: 'at-start' | 'when-used' | 'never';
}

const ROOT = path.join(import.meta.dirname, '..');
const ENTRY = path.join(ROOT, 'lambda', 'handler.ts');
const STUB = path.join(import.meta.dirname, 'bundle', 'unused-exporters.ts');

/** The build assumes this directory, wherever its files are written. So the paths in the source maps,
 * and the hash of the asset, depend on the sources only. */
const NOMINAL_DIRECTORY = path.join(ROOT, 'dist', 'function');

const UNUSED_PACKAGES = [
  '@opentelemetry/exporter-logs-otlp-grpc',
  '@opentelemetry/exporter-metrics-otlp-grpc',
  '@opentelemetry/exporter-trace-otlp-grpc',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/exporter-zipkin',
  '@opentelemetry/propagator-b3',
] as const;

/** Bundled CommonJS modules call `require` for Node's own modules, which an ES module lacks. */
export const REQUIRE =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * Writes the function's asset into `directory`: `index.mjs` with `handler`, and a chunk for what is
 * imported dynamically, the Kubernetes client above all. Rejects if a source cannot be built.
 */
export async function bundleFunction(
  directory: string,
  options: BundleOptions = {},
): Promise<Bundle> {
  const entry = options.entry ?? ENTRY;
  const built = await build({
    absWorkingDir: ROOT,
    entryPoints: [{ in: entry, out: 'index' }],
    outdir: NOMINAL_DIRECTORY,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    alias: Object.fromEntries(UNUSED_PACKAGES.map((name) => [name, STUB])),
    banner: { js: REQUIRE },
    minify: true,
    legalComments: 'none',
    sourcemap: options.sourceMaps === true,
    sourcesContent: false,
    logLevel: 'silent',
  });
  const starting = startingFiles(built.metafile, entry);
  const files = built.outputFiles.map((file) => {
    const name = path.relative(NOMINAL_DIRECTORY, file.path);
    return { path: name, bytes: file.contents.byteLength, loaded: loadedWhen(name, starting) };
  });
  // Otherwise chunks of an earlier build would be deployed too.
  await rm(path.join(directory, 'chunks'), { recursive: true, force: true });
  for (const file of built.outputFiles) {
    const place = path.join(directory, path.relative(NOMINAL_DIRECTORY, file.path));
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, file.contents);
  }
  return { directory, files };
}

/** The sizes of a bundle, a line for each file that is ever read and one for the cold start. */
export function describeBundle({ files }: Bundle): string {
  const read = files.filter(({ loaded }) => loaded !== 'never');
  const lines = read
    .toSorted((one, other) => other.bytes - one.bytes)
    .map(({ path: name, bytes, loaded }) => `${kibibytes(bytes)}  ${loaded.padEnd(9)}  ${name}`);
  const starting = read.filter(({ loaded }) => loaded === 'at-start');
  const total = starting.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...lines, `${kibibytes(total)}  all that a cold start loads`].join('\n');
}

function loadedWhen(name: string, starting: ReadonlySet<string>): BundledFile['loaded'] {
  if (name.endsWith('.map')) return 'never';
  return starting.has(name) ? 'at-start' : 'when-used';
}

/** The outputs that the entry's own output imports statically, however indirectly. */
function startingFiles(metafile: Metafile, entry: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = Object.entries(metafile.outputs)
    .filter(([, { entryPoint }]) => path.resolve(ROOT, entryPoint ?? '') === path.resolve(entry))
    .map(([name]) => name);
  for (const name of open) {
    if (reached.has(name)) continue;
    reached.add(name);
    const imports = metafile.outputs[name]?.imports ?? [];
    open.push(...imports.filter(({ kind }) => kind === 'import-statement').map((one) => one.path));
  }
  return new Set(
    [...reached].map((name) => path.relative(NOMINAL_DIRECTORY, path.join(ROOT, name))),
  );
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1).padStart(8)} KiB`;
}

if (import.meta.main) {
  const [directory] = process.argv.slice(2);
  if (directory === undefined) {
    process.stderr.write('Usage: node infra/bundle.ts DIRECTORY\n');
    process.exitCode = 2;
  } else {
    process.stdout.write(`${describeBundle(await bundleFunction(directory))}\n`);
  }
}
