import { execFile } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Bundle, bundleFunction } from '../infra/bundle.ts';
import type { Measurement, Progress } from './measurement.ts';

/** The design's bounds. */
const BYTES = 1_200_000;
const IMPORT_RATIO = 1.5;

const CLIENT_ALONE = path.join(import.meta.dirname, 'client-alone.ts');

/** Fresh processes that import each bundle, in turns: a busy computer slows both, and the quickest of
 * each is compared. */
const IMPORTS = 25;

export async function measureBundle(
  directory: string,
  progress: Progress,
): Promise<readonly Measurement[]> {
  progress('the bundle');
  const whole = await bundleFunction(path.join(directory, 'whole'));
  const alone = await bundleFunction(path.join(directory, 'alone'), { entry: CLIENT_ALONE });
  const times = { whole: Array<number>(), alone: Array<number>() };
  for (let at = 0; at < IMPORTS; at++) {
    times.alone.push(await importMilliseconds(alone));
    times.whole.push(await importMilliseconds(whole));
  }
  const [ours, theirs] = [Math.min(...times.whole), Math.min(...times.alone)];
  const one = { part: 'bundle', nodes: undefined } as const;
  return [
    {
      ...one,
      what: 'loaded at a cold start',
      value: startingBytes(whole),
      unit: 'B',
      bound: BYTES,
      note: `client alone ${Math.round(startingBytes(alone) / 1000)} kB`,
    },
    {
      ...one,
      what: 'CPU of the import',
      value: ours,
      unit: 'ms',
      note: `client alone ${Math.round(theirs)} ms`,
    },
    {
      ...one,
      what: 'CPU of the import by that of the client alone',
      value: ours / theirs,
      unit: 'ratio',
      bound: IMPORT_RATIO,
    },
  ];
}

function startingBytes({ files }: Bundle): number {
  return files
    .filter(({ loaded }) => loaded === 'at-start')
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

async function importMilliseconds({ directory }: Bundle): Promise<number> {
  const href = pathToFileURL(path.join(directory, 'index.mjs')).href;
  const program = `const began = process.cpuUsage();
await import(${JSON.stringify(href)});
const { user, system } = process.cpuUsage(began);
console.log((user + system) / 1000);`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} });
  return Number(stdout);
}
