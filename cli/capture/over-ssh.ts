import { printable } from '../../shared/core/plain-text.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { gatherFacts } from '../hosts/check-hosts.ts';
import { remark } from '../progress.ts';
import { answerSecondsOf } from '../ssh/check-over-ssh.ts';
import { sameMachineProblems } from '../ssh/same-machine.ts';
import { ask, type Privilege } from '../ssh/session.ts';
import { ANSWER_SECONDS, CONNECTIONS, limited, sshCommands } from '../ssh/ssh-commands.ts';
import { captureScript, type Listings, LISTINGS_BYTES, readListings } from './listings.ts';
import { captureTexts } from './texts.ts';

/** Captures hosts over ssh: their listings, and the node list as the masters report it. */
export async function captureOverSsh(
  targets: readonly string[],
  privilege: Privilege,
): Promise<ReadonlyMap<string, string>> {
  const commands = sshCommands({
    clock: systemClock,
    privilege,
    packets: false,
    onAnswer: () => {},
  });
  try {
    const gathered = await gatherFacts({
      commands,
      targets: [{ Key: 'InstanceIds', Values: [...targets] }],
      cluster: 'capture',
      answerSeconds: answerSecondsOf(targets),
    });
    const same = commands.sameMachines();
    for (const { message } of sameMachineProblems(same)) remark(printable(`  ${message}`));
    const others = new Set(same.flatMap((targetsOfOne) => targetsOfOne.slice(1)));
    const asked = targets.filter((target) => !others.has(target));
    const inTurn = limited(CONNECTIONS);
    const printed = await Promise.all(
      asked.map(async (target) => {
        const listings = await inTurn(async () => await listingsOf(target, privilege));
        return listings === undefined ? [] : [[target, listings] as const];
      }),
    );
    return captureTexts({ ...gathered, listings: new Map(printed.flat()) });
  } finally {
    commands.close();
  }
}

async function listingsOf(target: string, privilege: Privilege): Promise<Listings | undefined> {
  const question = {
    target,
    privilege,
    input: captureScript(),
    timeoutSeconds: 2 * ANSWER_SECONDS,
    outputBytes: LISTINGS_BYTES,
  };
  const answer = await ask(question, AbortSignal.any([]));
  if (answer.kind !== 'answered') {
    remark(printable(`  ${target}: ${answer.reason}`));
    return undefined;
  }
  const listings = readListings(Buffer.from(answer.text, 'latin1').toString('utf8'));
  if (listings === undefined) remark(printable(`  ${target}: what it printed was cut`));
  return listings;
}
