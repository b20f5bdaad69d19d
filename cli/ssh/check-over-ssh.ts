import { parseArgs } from 'node:util';
import { printable } from '../../shared/core/plain-text.ts';
import type { ErrorType } from '../../shared/contract/telemetry.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { STATUS } from '../failure.ts';
import { checkHosts } from '../hosts/check-hosts.ts';
import { watchRounds } from '../hosts/rounds.ts';
import { printReport, VIEW_OPTIONS } from '../print-report.ts';
import { during, remark } from '../progress.ts';
import { ANSWER_SECONDS, CONNECTIONS, sshCommands } from './ssh-commands.ts';
import { withTargets } from './fix-targets.ts';
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

const LOG_IN_FIRST =
  'vtepwatch types no password and accepts no new host key: first make ssh HOST, and sudo -n true there with --sudo, work by themselves';

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
  const errors = new Set<ErrorType>();
  let isAnswered = false;
  const commands = sshCommands({
    clock: systemClock,
    privilege: values.sudo ? 'sudo' : 'own',
    packets: !values['no-packets'],
    onAnswer: ({ action }, target, answer) => {
      if (action !== 'digest' || answer.kind === 'pending') return;
      if (answer.kind === 'answered') {
        isAnswered = true;
        return;
      }
      errors.add(answer.error);
      remark(printable(`  ${target}: ${answer.reason}`));
    },
  });
  const rounds = watchRounds(commands);
  const checking = checkHosts({
    commands: rounds.commands,
    targets: [{ Key: 'InstanceIds', Values: [...targets] }],
    cluster: values.cluster,
    hostOf: (target) => target.slice(target.indexOf('@') + 1),
    answerSeconds: answerSecondsOf(targets),
    problems: () => sameMachineProblems(commands.sameMachines()),
  }).finally(() => commands.close());
  const what = `asking ${targets.length} ${targets.length === 1 ? 'host' : 'hosts'} over ssh`;
  const { report, ids } = await during(what, checking, rounds.state);
  if (errors.has('access_denied')) remark(LOG_IN_FIRST);
  const status = printReport(withTargets(report, ids), values);
  if (isAnswered) return status;
  const isRefused = errors.size === 1 && errors.has('access_denied');
  return STATUS[isRefused ? 'rights' : 'unreachable'];
}
