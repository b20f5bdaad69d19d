import type { Fix, ReportedIncident } from '../../shared/contract/report.ts';
import { publish, reprogram } from '../machines/flannel.ts';
import { type Host, machineNamed } from '../machines/machine.ts';
import { ROSTER } from '../machines/roster.ts';
import type { Teller } from '../program.ts';
import type { World } from '../world.ts';

/**
 * Fixes an incident as its page says, and does nothing else. What root is to run on a host is run there as
 * it stands. Where kubectl restarts flannel, the lab does what flannel then does, since it has no kubelet
 * that would start a deleted pod again.
 *
 * Steps without a condition are done. Where each has one, and a person would look first, the entries are
 * put back, or flannel restarts wherever the page may mean.
 */
export async function fixAsThePageSays(
  { fix }: ReportedIncident,
  world: Pick<World, 'machines' | 'controlPlane'>,
  tell: Teller,
): Promise<void> {
  let published: readonly Host[] = ROSTER;
  for (const step of stepsToType(fix)) {
    published = await typeStep(step, { ...world, published }, tell);
  }
}

/** The steps of a fix that somebody types who finds each condition unfulfilled that another one excludes. */
export function stepsToType(fix: readonly Fix[]): readonly Fix[] {
  const changing = fix.filter(({ kind }) => kind !== 'look');
  const certain = changing.filter(({ condition }) => condition === undefined);
  if (certain.length > 0) return certain;
  const entries = changing.filter(({ kind }) => kind === 'entries');
  return entries.length > 0 ? entries : changing;
}

async function typeStep(
  { hosts, commands, runs, kind }: Fix,
  {
    machines,
    controlPlane,
    published,
  }: Pick<World, 'machines' | 'controlPlane'> & { readonly published: readonly Host[] },
  tell: Teller,
): Promise<readonly Host[]> {
  let hostsNow = published;
  for (const host of hosts) {
    const machine = machineNamed(machines, host);
    if (kind === 'restart') {
      tell.say(`${host}: flannel restarts, and programs every peer`);
      await reprogram(machine, hostsNow);
      hostsNow = await publish(machine, machines.machines, hostsNow);
      controlPlane.list(hostsNow);
      continue;
    }
    if (runs === 'anywhere') continue;
    for (const command of commands) {
      const { exit, stderr } = await machine.run(['sh', '-c', command]);
      if (exit !== 0) throw new Error(`fixing ${host} by "${command}": ${stderr.trim()}`);
      tell.say(`${host}# ${command}`);
    }
  }
  return hostsNow;
}
