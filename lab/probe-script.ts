import { readFileSync } from 'node:fs';
import path from 'node:path';
import { probeDocument, probeScript } from '../shared/contract/probe.ts';

const PARTS = path.join(import.meta.dirname, '..', 'shared', 'contract', 'probe');

/** The very document that the stack deploys. */
export async function readProbeDocument(): Promise<object> {
  return probeDocument(probeScript((file) => readFileSync(path.join(PARTS, file), 'utf8')));
}
