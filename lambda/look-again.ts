import { type Confirmed, confirm } from '../shared/core/confirm.ts';
import { dueForSecondLook } from '../shared/core/decide.ts';
import type { Facts } from '../shared/core/facts.ts';
import type { Judgement } from '../shared/core/judge.ts';
import { secondLookOf } from '../shared/core/second-look.ts';
import { askHosts } from './ask-hosts.ts';
import { deadlineIn, nearer, sleep } from './deadline.ts';
import { askMasters, type LatencyRound } from './latency-round.ts';
import type { Run } from './run.ts';
import type { Lease } from './shell/incident-store/incident-store.ts';
import type { LatencyCommand } from './shell/incident-store/stored.ts';
import { log } from './shell/log.ts';

export interface SecondLook {
  readonly confirmed: Confirmed;
  /** What the masters were asked meanwhile: which API group it is that fails. */
  readonly apis: LatencyCommand | undefined;
}

/** A second look comes before every page, in the same run. */
export async function lookAgain(
  run: Run,
  { state, memory }: Lease,
  {
    facts,
    first,
    latency,
  }: { readonly facts: Facts; readonly first: Judgement; readonly latency: LatencyRound },
): Promise<SecondLook> {
  const due = dueForSecondLook(facts, first, state.incidents);
  if (due.length === 0) {
    return { confirmed: { judgement: first, confirms: () => false }, apis: undefined };
  }
  const masters = latency.command?.masters ?? {};
  const apis = await askMasters(run.shell.ssm, { action: 'apis', masters }, run.deadline)
    .then(({ command }) => command)
    // It is evidence that would be missing, and nothing that a page could wait for.
    .catch(() => undefined);
  const { instanceIds, subjects, wanted } = secondLookOf(due, first);
  const apartSeconds = facts.limits.secondLookSeconds;
  log('second-look', { cluster: facts.cluster, findings: due.map(({ name }) => name) });
  await sleep(apartSeconds * 1000, run.deadline);
  const targets = [{ Key: 'InstanceIds', Values: [...instanceIds] }];
  const command = { action: 'entries', targets, wanted } as const;
  const until = nearer(deadlineIn(facts.limits.answerSeconds * 1000), run.deadline);
  const waiting = { until, deadline: run.deadline, givenUp: new Set<string>() };
  const { observations } = await askHosts(run.shell.ssm, command, {
    waiting,
    roster: memory.roster,
  });
  return { confirmed: confirm(first, due, { observations, subjects, apartSeconds }), apis };
}
