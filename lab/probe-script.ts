import { readFileSync } from 'node:fs';
import path from 'node:path';
import { probeDocument, probeScript } from '../shared/contract/probe.ts';
import { probeSettingsSchema } from '../shared/contract/settings.ts';

const PARTS = path.join(import.meta.dirname, '..', 'shared', 'contract', 'probe');

/**
 * The document that the stack deploys. Without packets where the hosts have no network of their own: the script
 * would send them into that of the computer.
 */
export async function readProbeDocument({
  packets = true,
}: { readonly packets?: boolean } = {}): Promise<object> {
  const script = probeScript((file) => readFileSync(path.join(PARTS, file), 'utf8'));
  return probeDocument(script, probeSettingsSchema.parse({ packets }));
}
