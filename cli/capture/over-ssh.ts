import type { Facts } from '../../shared/core/facts.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { isNodeName } from '../../shared/core/parse/kubernetes.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { gatherFacts } from '../hosts/check-hosts.ts';
import { remark } from '../progress.ts';
import { answerSecondsOf } from '../ssh/check-over-ssh.ts';
import { sameMachineProblems } from '../ssh/same-machine.ts';
import { ask, type Privilege } from '../ssh/session.ts';
import { ANSWER_SECONDS, CONNECTIONS, limited, sshCommands } from '../ssh/ssh-commands.ts';
import { captureScript, readListings } from './listings.ts';
import { daemonSetsJson, nodesJson } from './node-list-json.ts';

/** All listings of a host in a cluster of 10,000 nodes. */
const OUTPUT_BYTES = 16 * 1024 * 1024;

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
    const { facts, latencies } = await gatherFacts({
      commands,
      targets: [{ Key: 'InstanceIds', Values: [...targets] }],
      cluster: 'capture',
      answerSeconds: answerSecondsOf(targets),
    });
    const same = commands.sameMachines();
    for (const { message } of sameMachineProblems(same)) remark(printable(`  ${message}`));
    const others = new Set(same.flatMap((targetsOfOne) => targetsOfOne.slice(1)));
    const names = namesIn(facts.observations);
    const asked = targets.filter((target) => !others.has(target));
    const texts = new Map<string, string>();
    const inTurn = limited(CONNECTIONS);
    const asking = asked.map(async (target) => {
      const listings = await inTurn(async () => await listingsOf(target, privilege));
      if (listings === undefined) return;
      const name = names.get(target) ?? listings.host.toLowerCase();
      const folder = isNodeName(name) ? name : (target.split('@').at(-1) ?? target);
      if ([...texts.keys()].some((path) => path.startsWith(`${folder}/`))) {
        remark(printable(`  ${target}: left out, since another host has the name ${folder} too`));
        return;
      }
      for (const [file, text] of listings.texts) texts.set(`${folder}/${file}`, text);
    });
    await Promise.all(asking);
    for (const { node, request, outcome, seconds } of latencies) {
      if (request.kind !== 'get-nodes' || outcome !== 'answered' || !isNodeName(node)) continue;
      texts.set(`${node}/kubectl-get-nodes.txt`, `real ${seconds.toFixed(2)}\n`);
    }
    return new Map([...[...texts].toSorted(byPath), ...listTexts(facts)]);
  } finally {
    commands.close();
  }
}

async function listingsOf(
  target: string,
  privilege: Privilege,
): Promise<ReturnType<typeof readListings>> {
  const question = {
    target,
    privilege,
    input: captureScript(),
    timeoutSeconds: 2 * ANSWER_SECONDS,
    outputBytes: OUTPUT_BYTES,
  };
  const answer = await ask(question, AbortSignal.any([]));
  if (answer.kind !== 'answered') {
    remark(printable(`  ${target}: ${answer.reason}`));
    return undefined;
  }
  const listings = readListings(Buffer.from(answer.text, 'latin1').toString('utf8'));
  const lacks = listings?.failed ?? [];
  if (listings === undefined) remark(printable(`  ${target}: what it printed was cut`));
  else if (lacks.length > 0) remark(printable(`  ${target}: it has no ${lacks.join(', ')}`));
  return listings;
}

/** What hosts call themselves, by their targets. */
function namesIn(observations: readonly Observation[]): ReadonlyMap<string, string> {
  return new Map(
    observations.flatMap((one) =>
      one.kind === 'unknown' || one.host.instanceId === undefined
        ? []
        : [[one.host.instanceId, one.host.node]],
    ),
  );
}

function listTexts({ nodes, daemonSets }: Facts): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (nodes.kind === 'read') texts.set('nodes.json', nodesJson(nodes.after));
  else remark('  no node list: no master among these hosts reported one');
  if (daemonSets.length > 0) texts.set('daemonsets.json', daemonSetsJson(daemonSets));
  return texts;
}

function byPath([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
