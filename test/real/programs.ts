/**
 * What the real thing runs, made once for all test files: the programs, as `build/build.sh` finds or
 * builds them, and the function's bundle.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { bundleFunction } from '../../infra/bundle.ts';

export interface RealPrograms {
  /** flanneld from before 0.27.4, which does not make a deleted device again, and one a year younger. */
  readonly flanneld: { readonly older: Program; readonly newer: Program };
  readonly kubeApiserver: string;
  readonly kubectl: string;
  readonly etcd: string;
}

interface Program {
  readonly version: string;
  readonly path: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Nothing where this computer lacks what it takes. */
    readonly real: RealPrograms | undefined;
    /** A folder for the run, with the function's bundle in `function`. */
    readonly folder: string;
  }
}

const BUILD = path.join(import.meta.dirname, 'build', 'build.sh');

/** The exit status by which `build.sh` says that Go or etcd is missing. */
const MISSING = 3;

export async function setup(project: TestProject): Promise<() => void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vtepwatch-real-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // A signal that ends the process leaves no time for the teardown.
  process.once('exit', remove);
  for (const [name, status] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(name, () => process.exit(status));
  }
  project.provide('folder', folder);
  project.provide('real', await findPrograms());
  await bundleFunction(path.join(folder, 'function'));
  return remove;
}

async function findPrograms(): Promise<RealPrograms | undefined> {
  const reason = process.getuid?.() === 0 ? undefined : 'only root may make network namespaces';
  if (reason !== undefined) return skip(reason);
  const child = spawn(BUILD, { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    complaints.push(chunk.toString());
    process.stderr.write(chunk);
  });
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (status === MISSING) return skip(complaints.join('').trim());
  if (status !== 0) throw new Error(`${BUILD} failed: ${complaints.join('')}`);
  return readPrograms(output);
}

/** Says why nothing is tested. In CI that is a failure. */
function skip(reason: string): undefined {
  if (process.env['CI'] !== undefined)
    throw new Error(`the real thing cannot be tested: ${reason}`);
  process.stderr.write(`the real thing is skipped: ${reason}\n`);
  return undefined;
}

function readPrograms(output: string): RealPrograms {
  const lines = output
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const all = (wanted: string): readonly Program[] =>
    lines.flatMap(([name, version, file]) =>
      name === wanted && version !== undefined && file !== undefined
        ? [{ version, path: file }]
        : [],
    );
  const only = (wanted: string, at = 0): Program => {
    const found = all(wanted)[at];
    if (found === undefined) throw new Error(`${BUILD} names no ${wanted}`);
    return found;
  };
  return {
    flanneld: { older: only('flanneld'), newer: only('flanneld', 1) },
    kubeApiserver: only('kube-apiserver').path,
    kubectl: only('kubectl').path,
    etcd: only('etcd').path,
  };
}
