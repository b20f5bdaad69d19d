import type { Fix, ReportedIncident } from '../../shared/contract/report.ts';
import { reprogram } from '../machines/flannel.ts';
import { machineNamed, type Machines } from '../machines/machine.ts';
import type { Teller } from '../program.ts';

/**
 * Fixes an incident as its page says. What root is to run on a host is run there as it stands. Where
 * that does not put the entries back, flannel is restarted: the lab does what flannel then does, since
 * it has no kubelet that would start a deleted pod again.
 */
export async function fixAsThePageSays(
  { fix }: ReportedIncident,
  machines: Machines,
  tell: Teller,
): Promise<void> {
  const restarts = fix.filter(({ kind }) => kind === 'restart');
  for (const one of fix.filter(({ kind }) => kind !== 'restart')) {
    await carryOut(one, machines, tell);
  }
  if (fix.some(({ kind }) => kind === 'entries')) return;
  for (const name of restarts.flatMap(({ hosts }) => hosts)) {
    tell.say(`${name}: flannel restarts, and programs every peer`);
    await reprogram(machineNamed(machines, name));
  }
}

async function carryOut({ hosts, commands }: Fix, machines: Machines, tell: Teller): Promise<void> {
  for (const host of hosts) {
    for (const command of commands) {
      const { exit, stderr } = await machineNamed(machines, host).run(['sh', '-c', command]);
      if (exit !== 0) throw new Error(`fixing ${host} by "${command}": ${stderr.trim()}`);
      tell.say(`${host}# ${command}`);
    }
  }
}
