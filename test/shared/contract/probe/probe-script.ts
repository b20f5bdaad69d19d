import { readFileSync } from 'node:fs';
import path from 'node:path';
import { probeScript as scriptOf } from '../../../../shared/contract/probe.ts';
import { probeSettingsSchema } from '../../../../shared/contract/settings.ts';

const DIRECTORY = path.join(import.meta.dirname, '../../../../shared/contract/probe');

/** The script as the document carries it. */
export function probeScript(): string {
  return scriptOf((file) => readFileSync(path.join(DIRECTORY, file), 'utf8'));
}

/** The script as the agent gets it: the service puts the parameters in as text. */
export function parameterised(action: string, wanted: string): string {
  const { deviceProfile, kubeconfigPaths } = probeSettingsSchema.parse({});
  return probeScript()
    .replaceAll('{{ Action }}', action)
    .replaceAll('{{ Wanted }}', wanted)
    .replaceAll('{{ DeviceProfile }}', deviceProfile)
    .replaceAll('{{ KubeconfigPaths }}', kubeconfigPaths.join(' '));
}
