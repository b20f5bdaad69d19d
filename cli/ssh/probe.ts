import { WANTED_PATTERN } from '../../shared/contract/probe.ts';
import { probeSettingsSchema } from '../../shared/contract/settings.ts';
import type { Command } from '../../lambda/systems/ssm/run-command.ts';
import { readScript } from '../hosts/script.ts';

/**
 * The script that the SSM document carries, with its parameters. It stands in braces, so a shell runs
 * nothing before it has read all: of a connection that breaks, no half of it. What the script starts has no
 * input.
 */
export function probeInput({ action, wanted = '' }: Command, packets: boolean): string {
  if (!new RegExp(WANTED_PATTERN).test(wanted)) {
    throw new Error(
      `asking for ${action}: what is wanted has characters that no parameter may have`,
    );
  }
  const { deviceProfile, kubeconfigPaths } = probeSettingsSchema.parse({});
  const parameters: Readonly<Record<string, string>> = {
    Action: action,
    Wanted: wanted,
    DeviceProfile: deviceProfile,
    KubeconfigPaths: kubeconfigPaths.join(' '),
    Packets: packets ? 'on' : 'off',
  };
  const script = readScript().replaceAll(
    /\{\{ (\w+) \}\}/g,
    (whole: string, name: string) => parameters[name] ?? whole,
  );
  return `{\n${script}\n} </dev/null\n`;
}
