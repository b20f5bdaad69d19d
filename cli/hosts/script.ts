import { readFileSync } from 'node:fs';
import path from 'node:path';
import { probeScript } from '../../shared/contract/probe.ts';

const PARTS = path.join(import.meta.dirname, '..', '..', 'shared', 'contract', 'probe');

let script: string | undefined;

/** The script that runs on hosts, as the SSM document carries it: its parameters are still to be put in. */
export function readScript(): string {
  script ??= probeScript((file) => readFileSync(path.join(PARTS, file), 'utf8'));
  return script;
}
