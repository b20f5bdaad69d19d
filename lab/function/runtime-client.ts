import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

/** What the build asks of the computer, as commands. */
export const BUILD_TOOLS = ['cmake', 'g++', 'make', 'python3', 'tar', 'xz'] as const;

const MODULES = path.join(import.meta.dirname, '..', '..', 'node_modules');
const PACKAGE = path.join(MODULES, 'aws-lambda-ric');

/** The build resolves this package from where it runs, and writes beside what it finds. */
const ADDON_API = 'node-addon-api';

/** Gone with the next `npm ci`, as the package itself. */
const CACHE = path.join(MODULES, '.cache');

const ADDON = 'rapid-client.node';
const BUILD_MINUTES = 9;
const POLL_MILLISECONDS = 500;

/**
 * Lambda's own runtime interface client, which runs handlers in the managed runtime as well. npm may
 * not run its install scripts, which compile an addon: they run here, in a copy, when it is first
 * needed, for a minute. Returns the path of the program.
 */
export async function buildRuntimeClient(): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(path.join(PACKAGE, 'package.json'), 'utf8')));
  const { arch, version: node } = process;
  const built = path.join(CACHE, `aws-lambda-ric-${version}-node-${node}-${arch}`);
  const program = path.join(built, 'index.mjs');
  if (await isThere(program)) return program;
  const workplace = `${built}.building`;
  await mkdir(CACHE, { recursive: true });
  if (!(await claim(workplace))) {
    await builtByAnother(program, workplace);
    return program;
  }
  try {
    await rename(await buildIn(workplace), built);
    return program;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** Tests that need it run side by side, and it is to be built once. */
async function claim(workplace: string): Promise<boolean> {
  return await mkdir(workplace).then(
    () => true,
    () => false,
  );
}

async function builtByAnother(program: string, workplace: string): Promise<void> {
  const deadline = Date.now() + BUILD_MINUTES * 60_000;
  while (Date.now() < deadline) {
    if (await isThere(program)) return;
    await sleep(POLL_MILLISECONDS);
  }
  throw new Error(`${program} was not built in time; if nobody builds it, remove ${workplace}`);
}

async function buildIn(workplace: string): Promise<string> {
  const copy = path.join(workplace, 'copy');
  await cp(PACKAGE, copy, { recursive: true });
  const needed = path.join('node_modules', ADDON_API);
  await cp(path.join(MODULES, ADDON_API), path.join(workplace, needed), { recursive: true });
  await run(copy, 'scripts/preinstall.sh');
  await run(copy, 'scripts/postinstall.sh');
  const finished = path.join(workplace, 'finished');
  await mkdir(finished);
  for (const file of ['index.mjs', 'package.json', 'LICENSE', 'NOTICE', ADDON]) {
    await cp(path.join(copy, file), path.join(finished, file));
  }
  return finished;
}

async function run(directory: string, script: string): Promise<void> {
  // The headers of this Node lie beside its program: the build has nothing to fetch.
  const nodedir = path.join(path.dirname(process.execPath), '..');
  try {
    await promisify(execFile)('sh', [script], {
      cwd: directory,
      timeout: BUILD_MINUTES * 60_000,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        PATH: `${path.join(MODULES, '.bin')}:${process.env['PATH'] ?? ''}`,
        npm_config_nodedir: nodedir,
      },
    });
  } catch (cause) {
    throw new Error(`building the runtime interface client with ${script}`, { cause });
  }
}

async function isThere(file: string): Promise<boolean> {
  return await readFile(file).then(
    () => true,
    () => false,
  );
}
