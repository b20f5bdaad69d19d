import { parseArgs } from 'node:util';
import { printable } from '../../shared/core/plain-text.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { checkHosts } from '../hosts/check-hosts.ts';
import { watchRounds } from '../hosts/rounds.ts';
import { printReport, VIEW_OPTIONS } from '../print-report.ts';
import { during, remark } from '../progress.ts';
import { ANSWER_SECONDS, CONNECTIONS, sshCommands } from './ssh-commands.ts';
import { sameMachineProblems } from './same-machine.ts';
import { readTargets } from './targets.ts';

/** The options that name hosts over ssh. */
export const SSH_OPTIONS = {
  ssh: { type: 'string', multiple: true },
  'ssh-hosts': { type: 'string' },
  sudo: { type: 'boolean', default: false },
} as const;

/** Whether the arguments ask for hosts over ssh. */
export function isOverSsh(words: readonly string[]): boolean {
  return words.some((word) => /^--ssh(-hosts)?(=|$)/.test(word));
}

/** All hosts may be as slow as one may, and take turns. */
export function answerSecondsOf(targets: readonly string[]): number {
  return ANSWER_SECONDS * Math.ceil(targets.length / CONNECTIONS) + 1;
}

/** One check of hosts that ssh reaches, without anything deployed: no state, no page. */
export async function checkOverSsh(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      ...SSH_OPTIONS,
      cluster: { type: 'string', default: 'ssh' },
      'no-packets': { type: 'boolean', default: false },
      ...VIEW_OPTIONS,
    },
  });
  const targets = await readTargets([...(values.ssh ?? []), ...positionals], values['ssh-hosts']);
  const commands = sshCommands({
    clock: systemClock,
    privilege: values.sudo ? 'sudo' : 'own',
    packets: !values['no-packets'],
    onAnswer: ({ action }, target, answer) => {
      if (action !== 'digest' || answer.kind !== 'ended') return;
      remark(printable(`  ${target}: ${answer.reason}`));
    },
  });
  const rounds = watchRounds(commands);
  const checking = checkHosts({
    commands: rounds.commands,
    targets: [{ Key: 'InstanceIds', Values: [...targets] }],
    cluster: values.cluster,
    answerSeconds: answerSecondsOf(targets),
    problems: () => sameMachineProblems(commands.sameMachines()),
  }).finally(() => commands.close());
  const what = `asking ${targets.length} ${targets.length === 1 ? 'host' : 'hosts'} over ssh`;
  const report = await during(what, checking, rounds.state);
  return printReport(report, values);
}
