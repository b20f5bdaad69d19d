import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Model } from './kernel.ts';

/** How long a change waits for another one under way. */
const LOCK_TRIES = 1000;
const LOCK_WAIT_MS = 5;

/** Where the model of a machine stands, whose file system begins at `root`. */
export function modelFileOf(root: string): string {
  return path.join(root, '..', 'model.json');
}

export function readModel(file: string): Model {
  // Only these programs write the file, and only whole.
  const model: Model = JSON.parse(readFileSync(file, 'utf8'));
  return model;
}

export function writeModel(file: string, model: Model): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(model));
  renameSync(next, file);
}

/** One change at a time, as under the kernel's own lock, lest one be lost. */
export function changeModel(file: string, change: (model: Model) => Model): void {
  const lock = `${file}.lock`;
  takeLock(lock);
  try {
    writeModel(file, change(readModel(file)));
  } finally {
    rmSync(lock);
  }
}

function takeLock(lock: string): void {
  for (let tried = 0; tried < LOCK_TRIES; tried += 1) {
    try {
      writeFileSync(lock, '', { flag: 'wx' });
      return;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
    }
  }
  throw new Error(`changing a modelled machine: ${lock} stayed taken`);
}
