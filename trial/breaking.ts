import type { Report } from '../shared/contract/report.ts';
import type { Step } from './diary.ts';
import type { AppliedCommand } from './evidence.ts';
import { incidentIn, stepsToApply, type Truth } from './expected.ts';
import { faultCommands, SHOW_TUNNEL_IP, tunnelIpIn } from './fault.ts';
import { mustRunOnHosts } from './hosts.ts';
import type { Cluster, Surroundings } from './surroundings.ts';

/** What the trial has broken. */
export interface Broken {
  readonly truth: Truth;
  /** The managed-node ids of nodes, by their names. */
  readonly idOf: ReadonlyMap<string, string>;
  readonly at: number;
}

export async function breakOne(
  { clients: { ssm }, note }: Surroundings,
  { cluster, healthy }: { readonly cluster: Cluster; readonly healthy: Report },
  step: Step,
): Promise<Broken> {
  const idOf = new Map(Object.entries(healthy.hosts.ids ?? {}));
  const chosen = cluster.ids.at(-1);
  const [victim] = [...idOf].find(([, id]) => id === chosen) ?? [];
  if (chosen === undefined || victim === undefined) {
    throw new Error(`no node of the report is the instance ${chosen}`);
  }
  const [shown] = await mustRunOnHosts(ssm, { ids: [chosen], commands: SHOW_TUNNEL_IP }, step);
  const tunnelIp = tunnelIpIn(shown?.output ?? []);
  if (tunnelIp === undefined) {
    throw new Error(`${victim} shows no tunnel address: ${shown?.output.join('; ')}`);
  }
  const commands = faultCommands(tunnelIp);
  const ids = cluster.ids.filter((id) => id !== chosen);
  step.awaits(`${commands[1]} on ${ids.join(', ')}`);
  const peers = await mustRunOnHosts(ssm, { ids, commands }, step);
  const at = Date.now();
  note({ fault: { at: timeOf(at), victim, tunnelIp, commands, peers } });
  const names = [...idOf.keys()].filter((name) => name !== victim);
  return { truth: { victim, peers: names }, idOf, at };
}

export async function applyFix(
  { clients: { ssm }, note }: Surroundings,
  { report, damage }: { readonly report: Report; readonly damage: Broken },
  step: Step,
): Promise<number> {
  const incident = incidentIn(report, damage.truth);
  const steps = incident === undefined ? [] : stepsToApply(incident);
  if (steps.length === 0)
    throw new Error('the report has no step that is done without a condition');
  const applied: AppliedCommand[] = [];
  for (const { hosts, commands, check } of steps) {
    const ids = hosts.map((host) => idIn(damage, host));
    const at = timeOf(Date.now());
    applied.push({ at, commands, hosts: await mustRunOnHosts(ssm, { ids, commands }, step) });
    note({ fix: applied });
    if (check === undefined) continue;
    const task = { ids: [idIn(damage, check.host)], commands: [check.command] };
    const [shown] = await mustRunOnHosts(ssm, task, step);
    const output = shown?.output.join('\n') ?? '';
    if (!output.includes(check.shows)) {
      throw new Error(
        `${check.command} on ${check.host} does not show ${check.shows}, but: ${output}`,
      );
    }
  }
  return Date.now();
}

function idIn({ idOf }: Broken, host: string): string {
  const id = idOf.get(host);
  if (id === undefined) throw new Error(`the fix is for ${host}, of which no instance is known`);
  return id;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
