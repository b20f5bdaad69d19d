import type { Mend, ReportedIncident } from '../../shared/contract/report.ts';
import { reprogram } from '../machines/flannel.ts';
import type { Machines } from '../machines/machine.ts';
import { machineNamed } from '../machines/machine-named.ts';
import type { Teller } from './terminal.ts';

/**
 * Mends an incident as its page says. What is to be run on a host is run there as it stands. Where
 * that does not put the entries back, flannel is restarted: the lab does what flannel then does,
 * since it has no kubelet that would start a deleted pod again.
 */
export async function mendAsThePageSays(
  { mend, observers, subject, cause }: ReportedIncident,
  machines: Machines,
  tell: Teller,
): Promise<void> {
  const commands = mend.filter(({ where }) => where !== 'kubectl');
  for (const command of commands) await carryOut(command, machines, tell);
  if (commands.some(({ command }) => command.includes(' replace '))) return;
  for (const name of cause === 'mac-drift' && subject !== undefined ? [subject] : observers) {
    tell.say(`${name}: flannel restarts, and programs every peer`);
    await reprogram(machineNamed(machines, name));
  }
}

async function carryOut({ where, command }: Mend, machines: Machines, tell: Teller): Promise<void> {
  const { exit, stderr } = await machineNamed(machines, where).run(['sh', '-c', command]);
  if (exit !== 0) throw new Error(`mending ${where} by "${command}": ${stderr.trim()}`);
  tell.say(`${where}# ${command}`);
}
