import { readFileSync } from 'node:fs';
import path from 'node:path';
import { commentedScript, probeScript as scriptOf } from '../../../../shared/contract/probe.ts';
import { probeSettingsSchema } from '../../../../shared/contract/settings.ts';

const DIRECTORY = path.join(import.meta.dirname, '../../../../shared/contract/probe');

/** The script as the document carries it. */
export function probeScript(): string {
  return scriptOf(read);
}

/** The script as people, and shellcheck, read it. */
export function scriptToRead(): string {
  return commentedScript(read);
}

function read(file: string): string {
  return readFileSync(path.join(DIRECTORY, file), 'utf8');
}

/** What a cluster may set of packets: the parameter `Packets`. */
export type Packets = 'on' | 'off';

/**
 * The script as the agent gets it: the service puts the parameters in as text. Only a test that has a network of
 * its own lets it send packets.
 */
export function parameterised(action: string, wanted: string, packets: Packets = 'off'): string {
  return withParameters(probeScript(), { action, wanted, packets });
}

/** The parameters as text in a script: the one that is sent, or the one that people read. */
export function withParameters(
  script: string,
  {
    action,
    wanted = '',
    packets = 'off',
  }: { readonly action: string; readonly wanted?: string; readonly packets?: Packets },
): string {
  const { deviceProfile, kubeconfigPaths } = probeSettingsSchema.parse({});
  return script
    .replaceAll('{{ Action }}', action)
    .replaceAll('{{ Wanted }}', wanted)
    .replaceAll('{{ DeviceProfile }}', deviceProfile)
    .replaceAll('{{ KubeconfigPaths }}', kubeconfigPaths.join(' '))
    .replaceAll('{{ Packets }}', packets);
}
