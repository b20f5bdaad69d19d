import type { Report } from '../../shared/contract/report.ts';
import { isNodeName } from '../../shared/core/parse/kubernetes.ts';

/** A command that prints the hosts of a step, for which it asks a deployed cluster. */
const PRINTED_HOSTS = /\$\(npx --no vtepwatch show \S+ --hosts --step \d+\)/;

/** A loop over hosts that are reached by ssh. */
const LOOP = /^for n in ([^;]*); do (?=.*\| ssh \$n )/;

/**
 * The fixes as they can be typed where the check was made: their loops have the targets that were named, in place
 * of names of nodes, which ssh may not know. `targets` are by the nodes' names; each is a word that no shell acts on.
 */
export function withTargets(report: Report, targets: ReadonlyMap<string, string>): Report {
  const incidents = report.incidents.map((incident) => ({
    ...incident,
    fix: incident.fix.map((step) => {
      const nodes = step.hosts.filter(isNodeName).join(' ');
      const typed = (command: string): string =>
        command
          .replace(PRINTED_HOSTS, nodes)
          .replace(LOOP, (_, names: string) => `for n in ${reached(names, targets)}; do `);
      const { commands, remotely } = step;
      return {
        ...step,
        commands: commands.map(typed),
        ...(remotely === undefined ? {} : { remotely: remotely.map(typed) }),
      };
    }),
  }));
  return { ...report, incidents };
}

function reached(names: string, targets: ReadonlyMap<string, string>): string {
  return names
    .split(' ')
    .map((name) => targets.get(name) ?? name)
    .join(' ');
}
