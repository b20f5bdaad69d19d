import { parseArgs } from 'node:util';
import type { Problem, Report } from '../../shared/contract/report.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import { groupBy } from '../../shared/core/group.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { reportOf } from '../../shared/core/run/report.ts';
import { run } from '../../shared/core/run/run.ts';
import { deadlineIn } from '../../lambda/deadline.ts';
import { gather } from '../../lambda/gather.ts';
import { hostsBehind } from '../../lambda/hosts.ts';
import { RUNS_WITHOUT_MASTER } from '../../lambda/systems/incident-store/stored.ts';
import { UNKNOWN_ANSWER_TIME } from '../../lambda/systems/ssm/first-poll.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { createRecorder } from '../../lambda/systems/telemetry/recorder.ts';
import { during, remark } from '../progress.ts';
import { renderReport } from '../render/report.ts';
import { columnsOf } from '../render/terminal.ts';
import { EXIT } from '../verdict.ts';
import type { Privilege } from './session.ts';
import { ANSWER_SECONDS, CONNECTIONS, sshCommands } from './ssh-commands.ts';
import { readTargets } from './targets.ts';

/** Whether the arguments of `check` ask for hosts over ssh. */
export function isOverSsh(words: readonly string[]): boolean {
  return words.some((word) => /^--ssh(-hosts)?(=|$)/.test(word));
}

/** One check of hosts that ssh reaches, without anything deployed: no state, no page. */
export async function checkOverSsh(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      ssh: { type: 'string', multiple: true, default: [] },
      'ssh-hosts': { type: 'string' },
      sudo: { type: 'boolean', default: false },
      cluster: { type: 'string', default: 'ssh' },
      json: { type: 'boolean', default: false },
    },
  });
  const targets = await readTargets([...values.ssh, ...positionals], values['ssh-hosts']);
  const privilege: Privilege = values.sudo ? 'sudo' : 'own';
  const checking = checkHosts(targets, { cluster: values.cluster, privilege });
  const what = `asking ${targets.length} ${targets.length === 1 ? 'host' : 'hosts'} over ssh`;
  const report = await during(what, checking);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : renderReport(report, columnsOf(process.stdout, process.env['COLUMNS'])),
  );
  return EXIT[report.verdict];
}

/** Left of a check beside the answers of all hosts to one command: for the list, tables and second look. */
const BESIDES_SECONDS = 120;

async function checkHosts(
  targets: readonly string[],
  { cluster, privilege }: { readonly cluster: string; readonly privilege: Privilege },
): Promise<Report> {
  const commands = sshCommands({
    clock: systemClock,
    privilege,
    onAnswer: ({ action }, target, answer) => {
      if (action !== 'digest' || answer.kind !== 'ended') return;
      remark(printable(`  ${target}: ${answer.reason}`));
    },
  });
  // All hosts may be as slow as one may, and take turns.
  const answerSeconds = ANSWER_SECONDS * Math.ceil(targets.length / CONNECTIONS) + 1;
  // There is no later run in which the fault of a lone pair could have lasted.
  const limits = limitsSchema.parse({ answerSeconds, pairPatienceSeconds: 0 });
  const now = systemClock.now();
  const deadline = deadlineIn((answerSeconds + BESIDES_SECONDS) * 1000, systemClock);
  const systems = {
    ssm: commands,
    kubernetes: { kind: 'not-configured' },
    // Without a started SDK the recorder records nothing.
    telemetry: { ...createRecorder('vtepwatch', systemClock), flushEvents: async () => [] },
  } as const;
  const settings = {
    cluster,
    limits,
    runbook: undefined,
    targets: [{ Key: 'InstanceIds', Values: [...targets] }],
  };
  try {
    const invocation = { systems, settings, deadline, now, problems: [] };
    const gathered = await gather(invocation, { memory: NOTHING_REMEMBERED, nodeList: undefined });
    const { kept, problems } = eachOnce(gathered.facts.observations);
    const facts = {
      ...gathered.facts,
      observations: kept,
      problems: [...gathered.facts.problems, ...problems],
    };
    const known = { ...gathered, roster: [], firstPollMs: 0 };
    const decision = await run(facts, [], hostsBehind({ ...invocation, note: () => {} }, known));
    const settled = await gathered.latency.settle(limits.slowSeconds * 1000, deadline);
    return reportOf({ ...decision, latencies: settled.latencies }, { problems: settled.problems });
  } finally {
    commands.close();
  }
}

/** Without a master among the hosts there is no list to wait for: their own answers take its place. */
const NOTHING_REMEMBERED = {
  roster: [],
  latencyCommand: undefined,
  apisCommand: undefined,
  silent: [],
  agents: undefined,
  listed: [],
  answerTime: UNKNOWN_ANSWER_TIME,
  runsWithoutMaster: RUNS_WITHOUT_MASTER,
} as const;

/** Of several targets with the boot id and name of one machine the first counts, and a problem names all. */
function eachOnce(observations: readonly Observation[]): {
  readonly kept: readonly Observation[];
  readonly problems: readonly Problem[];
} {
  const same = [
    ...groupBy(
      observations.flatMap((one) =>
        one.kind === 'unknown' || one.host.bootId === undefined ? [] : [one.host],
      ),
      ({ bootId, node }) => `${bootId} ${node}`,
    ).values(),
  ].filter(({ length }) => length > 1);
  const left = new Set(same.flatMap((hosts) => hosts.slice(1)));
  return {
    kept: observations.filter((one) => one.kind === 'unknown' || !left.has(one.host)),
    problems: same.map((hosts) => ({
      where: hosts[0]?.node ?? '',
      message: `these targets are one machine: ${hosts.map(({ instanceId }) => instanceId).join(', ')}`,
    })),
  };
}
