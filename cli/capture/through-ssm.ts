import { createHash } from 'node:crypto';
import { SendCommandCommand } from '@aws-sdk/client-ssm';
import { printable } from '../../shared/core/plain-text.ts';
import { type Deadline, deadlineIn, remaining, sleep } from '../../lambda/deadline.ts';
import { errorText } from '../../lambda/error-text.ts';
import type { HostAnswer } from '../../lambda/systems/ssm/answers.ts';
import { isOnline } from '../../lambda/systems/ssm/inventory.ts';
import { mapConcurrently } from '../../lambda/systems/ssm/map-concurrently.ts';
import { runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { regionOf } from '../deployed/options.ts';
import { trouble } from '../deployed/trouble.ts';
import { usage } from '../failure.ts';
import { gatherFacts } from '../hosts/check-hosts.ts';
import { during, remark } from '../progress.ts';
import { canAsk } from '../ask.ts';
import { askFor } from '../ssm/consent.ts';
import {
  documentContent,
  nameLeftOvers,
  ownScript,
  withTemporaryDocument,
} from '../ssm/documents.ts';
import { type ManagedHosts, withManagedHosts } from '../ssm/hosts.ts';
import { targetsOfTags } from '../ssm/tags.ts';
import { type Listings, packedCaptureScript, readListings, unpackedListings } from './listings.ts';
import { captureTexts } from './texts.ts';

interface AskedForCapture {
  readonly tags?: string | undefined;
  readonly region?: string | undefined;
  readonly yes: boolean;
}

/**
 * Captures the managed nodes with some tags, by two documents that are made for it and deleted after it: the
 * function's own script, and one that prints listings. No document that could print them stays.
 */
export async function captureThroughSsm({
  tags,
  region,
  yes,
}: AskedForCapture): Promise<ReadonlyMap<string, string>> {
  if (tags === undefined)
    throw usage('capture --ssm needs --tags KEY=VALUE: see vtepwatch capture --help');
  if (!yes && !canAsk()) {
    throw usage('capture --ssm asks before a script runs as root: use a terminal, or --yes');
  }
  const asked = { targets: targetsOfTags(tags), region: regionOf(region) };
  return await withManagedHosts(asked, async (hosts) => {
    const sha256 = `${ownScript(false).sha256} and ${sha256Of(packedCaptureScript())}`;
    const document = 'two, made for this capture, and deleted after it';
    await askFor({ ...hosts, document, script: { ...ownScript(false), sha256 } }, yes);
    const texts = await captured(hosts);
    await nameLeftOvers(hosts.client);
    return texts;
  });
}

async function captured(hosts: ManagedHosts): Promise<ReadonlyMap<string, string>> {
  const { client, targets, nodes } = hosts;
  const agents = {
    listedAt: systemClock.now(),
    nodes: nodes.filter((node) => !isOnline(node)),
    gone: [],
  };
  const gathered = await withTemporaryDocument(client, documentContent(false), async (name) => {
    const commands = runCommand(client, name);
    return await during(
      `asking ${nodes.length} hosts through Systems Manager`,
      gatherFacts({ commands, targets, cluster: 'capture', agents }),
    );
  });
  const listings = await withTemporaryDocument(client, listingDocument(), async (name) => {
    return await during(`capturing ${nodes.length} hosts`, listingsBy(name, hosts));
  });
  return captureTexts({ ...gathered, listings });
}

const EXECUTION_SECONDS = 60;

/** A document that prints listings. */
function listingDocument(): string {
  return JSON.stringify({
    schemaVersion: '2.2',
    description:
      'Prints the neighbour, FDB and route tables; vtepwatch deletes this document again',
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'capture',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: {
          timeoutSeconds: String(EXECUTION_SECONDS),
          runCommand: packedCaptureScript().trimEnd().split('\n'),
        },
      },
    ],
  });
}

/** How long the hosts may take, and how often they are asked whether they have ended. */
const ANSWER_MS = 100_000;
/** And how long reading what they printed. */
const FETCH_MS = 60_000;
const POLL_MS = 2000;
/** How long a host may take to receive the command, seconds: the least that the service allows. */
const DELIVERY_SECONDS = 30;
const FETCHES_AT_A_TIME = 10;

async function listingsBy(
  document: string,
  { client, targets, nodes }: ManagedHosts,
): Promise<ReadonlyMap<string, Listings>> {
  const deadline = deadlineIn(ANSWER_MS, systemClock);
  const request = new SendCommandCommand({
    DocumentName: document,
    DocumentVersion: '1',
    Targets: targets.map(({ Key, Values }) => ({ Key, Values: [...Values] })),
    MaxConcurrency: '100%',
    MaxErrors: '100%',
    TimeoutSeconds: DELIVERY_SECONDS,
    Comment: 'vtepwatch capture',
  });
  const { Command: sent } = await client.send(request).catch((error: unknown) => {
    throw trouble('sending the command to the hosts', error, `ssm:SendCommand on ${document}`);
  });
  const commandId = sent?.CommandId;
  if (commandId === undefined) throw new Error('Systems Manager returned no command id');
  const commands = runCommand(client, document);
  const online = new Set(nodes.filter(isOnline).map(({ instanceId }) => instanceId));
  const look = async (): Promise<ReadonlyMap<string, HostAnswer>> =>
    (await commands.beginnings(commandId, deadlineIn(FETCH_MS, systemClock))).byInstance;
  const ended = await untilEnded(look, { online, deadline });
  const fetching = deadlineIn(FETCH_MS, systemClock);
  const printed = await mapConcurrently([...online], FETCHES_AT_A_TIME, async (instanceId) => {
    const answer = ended.has(instanceId)
      ? await commands
          .fetch({ commandId, instanceId }, fetching)
          .catch((error: unknown): HostAnswer => failed(error))
      : SILENT;
    const listings = await listingsIn(answer).catch((error: unknown) => errorText(error));
    if (typeof listings !== 'string') return [[instanceId, listings] as const];
    remark(printable(`  ${instanceId}: ${listings}`));
    return [];
  });
  return new Map(printed.flat());
}

/** The hosts that have ended by the deadline. */
async function untilEnded(
  look: () => Promise<ReadonlyMap<string, HostAnswer>>,
  { online, deadline }: { readonly online: ReadonlySet<string>; readonly deadline: Deadline },
): Promise<ReadonlySet<string>> {
  for (;;) {
    await sleep(POLL_MS, deadline);
    const answers = await look();
    const isOver = (id: string): boolean => (answers.get(id)?.kind ?? 'pending') !== 'pending';
    const ended = new Set([...online].filter(isOver));
    if (ended.size === online.size || remaining(deadline) === 0) return ended;
  }
}

const SILENT: HostAnswer = {
  kind: 'pending',
  reason: `it printed no listings within ${ANSWER_MS / 1000} s`,
};

function failed(error: unknown): HostAnswer {
  return { kind: 'ended', reason: `reading its listings: ${errorText(error)}`, error: '_OTHER' };
}

/** What a host printed, or why that cannot be used. */
async function listingsIn(answer: HostAnswer): Promise<Listings | string> {
  if (answer.kind !== 'answered') return answer.reason;
  const text = await unpackedListings(answer.text).catch(() => undefined);
  const listings = text === undefined ? undefined : readListings(text);
  return listings ?? 'its listings are longer than Systems Manager returns: capture it over ssh';
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
