import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PROBE_PARTS, probeDocument } from '../shared/contract/probe.ts';

const PARTS = path.join(import.meta.dirname, '..', 'shared', 'contract', 'probe');

/** The very document that the stack deploys. */
export async function readProbeDocument(): Promise<object> {
  const parts = await Promise.all(
    PROBE_PARTS.map((part) => readFile(path.join(PARTS, part), 'utf8')),
  );
  return probeDocument(parts.join(''));
}
