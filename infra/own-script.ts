import { readFileSync } from 'node:fs';
import path from 'node:path';
import { probeScript } from '../shared/contract/probe.ts';

const PARTS = path.join(import.meta.dirname, '..', 'shared', 'contract', 'probe');

/** The script that the document runs, read from this package. */
export function ownScript(): string {
  return probeScript((file) => readFileSync(path.join(PARTS, file), 'utf8'));
}
