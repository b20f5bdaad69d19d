import type { Targets } from '../../shared/contract/settings.ts';
import { enumerate, printable } from '../../shared/core/plain-text.ts';
import { isOnline, type ManagedNode } from '../../lambda/systems/ssm/inventory.ts';
import { mustAgree } from '../ask.ts';
import { remark } from '../progress.ts';
import type { DocumentScript } from './documents.ts';
import { tagsOf } from './tags.ts';

/** What is about to run, and where. */
interface Plan {
  readonly nodes: readonly ManagedNode[];
  readonly targets: Targets;
  readonly region: string;
  /** How the document is called, or that it is made for this check. */
  readonly document: string;
  readonly script: DocumentScript;
}

/** How many hosts a line names. */
const NAMES = 6;

/** What a person should know before a script runs as root on hosts. */
function planLines({ nodes, targets, region, document, script }: Plan): readonly string[] {
  const offline = nodes.filter((node) => !isOnline(node));
  const named = enumerate(
    offline.map(({ name, ping }) => `${name} (${ping})`),
    NAMES,
  );
  return [
    `A script is about to run as root on ${nodes.length} hosts with the tag ${tagsOf(targets)} in ${region}.`,
    ...(offline.length === 0 ? [] : [`  not online     ${named}`]),
    `  document       ${document}`,
    `  script sha256  ${script.sha256}${script.isOurs ? '' : ' (not as this version makes it)'}`,
    ...(script.isOurs
      ? [
          '  it reads       ip neigh, bridge fdb, ip route, ip link, ip addr; on masters, with the admin kubeconfig',
          '                 there, the node list and how long kubectl get nodes, /readyz and aggregated APIs take',
          `  it changes     nothing${script.sendsPackets ? '; it sends a few packets to peers over the overlay' : ''}`,
          '  it leaves      what the SSM agent keeps of every command; no file of its own',
        ]
      : ['  what it does   is not known: read it with aws ssm get-document before you agree']),
  ].map(printable);
}

/** Shows what is about to run, and asks. Throws where the answer is not yes. */
export async function askFor(plan: Plan, isAgreed: boolean): Promise<void> {
  for (const line of planLines(plan)) remark(line);
  if (!isAgreed) await mustAgree('Run it?', 'nothing was run');
}
