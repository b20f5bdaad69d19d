import type { Problem } from '../../shared/contract/report.ts';
import type { HostAnswer } from '../../lambda/systems/ssm/answers.ts';

/**
 * Targets that lead to one machine, each group in the order of the targets: by its boot id and name, which every
 * answer begins with. The id in `/etc/machine-id` would not do, which machines cloned from one image share.
 */
export function sameMachinesIn(
  answers: ReadonlyMap<string, HostAnswer>,
): readonly (readonly string[])[] {
  const groups = Map.groupBy(answers, ([, answer]) => machineOf(answer));
  return [...groups].flatMap(([machine, members]) =>
    machine === undefined || members.length === 1 ? [] : [members.map(([target]) => target)],
  );
}

/** `host node1`, and `boot` with the id of the boot and the uptime: the records `identity` of the script. */
function machineOf(answer: HostAnswer): string | undefined {
  if (answer.kind !== 'answered') return undefined;
  const found = /^host (\S+)\nboot ([\da-f-]{36}) /m.exec(answer.text);
  return found === null ? undefined : `${found[2]} ${found[1]}`;
}

/** What a person should know of them. */
export function sameMachineProblems(groups: readonly (readonly string[])[]): readonly Problem[] {
  return groups.map((targets) => ({
    where: targets[0] ?? '',
    message: `these targets are one machine, which counts once: ${targets.join(', ')}`,
  }));
}
