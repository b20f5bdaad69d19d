import { parseArgs } from 'node:util';
import { operatorsStackNameOf, stackNameOf } from '../../shared/contract/deployment.ts';
import type { Report } from '../../shared/contract/report.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { clusterNameSchema, type Targets } from '../../shared/contract/settings.ts';
import { isOnline } from '../../lambda/systems/ssm/inventory.ts';
import { runCommand } from '../../lambda/systems/ssm/run-command.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { findDocument } from '../deployed/find-stack.ts';
import { regionOf } from '../deployed/options.ts';
import { trouble } from '../deployed/trouble.ts';
import { Failure, usage } from '../failure.ts';
import { checkHosts } from '../hosts/check-hosts.ts';
import { type Refusal, watchRounds } from '../hosts/rounds.ts';
import { printReport, VIEW_OPTIONS } from '../print-report.ts';
import { during, remark } from '../progress.ts';
import { canAsk } from '../ask.ts';
import { askFor } from './consent.ts';
import {
  accountOf,
  documentContent,
  type DocumentScript,
  nameLeftOvers,
  ownScript,
  readDocument,
  withTemporaryDocument,
} from './documents.ts';
import { type ManagedHosts, withManagedHosts } from './hosts.ts';
import { tagsOf, targetsOfTags } from './tags.ts';

/** One check with the operator's own credentials: no state, no page, no function. */
export async function checkThroughSsm(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      ssm: { type: 'boolean' },
      tags: { type: 'string' },
      cluster: { type: 'string' },
      stack: { type: 'string' },
      region: { type: 'string' },
      document: { type: 'string' },
      'temporary-document': { type: 'boolean', default: false },
      'no-packets': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      ...VIEW_OPTIONS,
    },
  });
  const { tags, document, yes } = values;
  const packets = !values['no-packets'];
  if (tags === undefined)
    throw usage('check --ssm needs --tags KEY=VALUE: see vtepwatch check --help');
  if (document !== undefined && values['temporary-document']) {
    throw usage('check takes --document or --temporary-document, not both');
  }
  if (!packets && !values['temporary-document'])
    throw usage(
      '--no-packets goes with --temporary-document: another document has its own setting',
    );
  if (!yes && !canAsk()) {
    throw usage('check --ssm asks before a script runs as root: use a terminal, or --yes');
  }
  const targets = targetsOfTags(tags);
  const cluster = values.cluster ?? clusterIn(targets);
  const region = regionOf(values.region);
  return await withManagedHosts({ targets, region }, async (hosts) => {
    const { client } = hosts;
    const used = values['temporary-document']
      ? undefined
      : (document ?? (await documentOfStack({ cluster, stack: values.stack, region })));
    const script = used === undefined ? ownScript(packets) : await readDocument(client, used);
    const named = used ?? 'made for this check, and deleted after it';
    await askFor({ ...hosts, document: named, script }, yes);
    const asked = { ...hosts, cluster };
    const report = await (used === undefined
      ? withTemporaryDocument(
          client,
          documentContent(packets),
          async (name) => await checkBy(name, asked),
        )
      : checkBy(used, asked));
    if (used === undefined) await nameLeftOvers(client);
    else remarkOnVersion(script);
    return printReport(report, values);
  });
}

interface AskedThroughSsm extends ManagedHosts {
  readonly cluster: string;
}

async function checkBy(
  document: string,
  { client, nodes, targets, cluster, region }: AskedThroughSsm,
): Promise<Report> {
  const account = await accountOf(client, document);
  const names = new Map(nodes.map(({ instanceId, name }) => [instanceId, name]));
  const rounds = watchRounds(runCommand(client, document));
  const checking = checkHosts({
    commands: rounds.commands,
    hostOf: (id) => names.get(id) ?? id,
    targets,
    cluster,
    site: account === undefined ? undefined : { account, region, targets },
    agents: {
      listedAt: systemClock.now(),
      nodes: nodes.filter((node) => !isOnline(node)),
      gone: [],
    },
  });
  const what = `asking ${nodes.length} hosts through Systems Manager`;
  const { report } = await during(what, checking, rounds.state);
  const refusal = rounds.refusal();
  if (refusal === undefined) return report;
  throw refusedError(
    refusal,
    `the document ${document} and on the hosts with the tag ${tagsOf(targets)}`,
  );
}

function refusedError(refusal: Refusal, where: string): Error {
  if (refusal.of === 'sending') {
    return trouble(
      'sending the command to the hosts',
      refusal.error,
      `ssm:SendCommand on ${where}`,
    );
  }
  const needed = 'ssm:ListCommands, ssm:ListCommandInvocations and ssm:GetCommandInvocation';
  return new Failure(
    'rights',
    printable(
      `${refusal.text}; the command was sent, but these AWS credentials may not read what it returned: they need ${needed}`,
    ),
  );
}

async function documentOfStack({
  cluster,
  stack,
  region,
}: Pick<AskedThroughSsm, 'cluster'> &
  Readonly<Record<'stack' | 'region', string | undefined>>): Promise<string> {
  if (stack === undefined) {
    const operators = { cluster, stack: operatorsStackNameOf(cluster), region };
    // Why there is none does not matter: what is said is about the cluster's own stack.
    const theirs = await findDocument(operators).catch(() => undefined);
    if (theirs !== undefined) return theirs;
  }
  try {
    return await findDocument({ cluster, stack: stack ?? stackNameOf(cluster), region });
  } catch (cause) {
    remark(
      'no deployed stack has a document for this check: --document NAME, --temporary-document',
    );
    throw cause;
  }
}

/** The value of the first tag where a cluster can have this name. */
function clusterIn([first]: Targets): string {
  const [value = ''] = first?.Values ?? [];
  return clusterNameSchema.safeParse(value).success ? value : 'ssm';
}

function remarkOnVersion({ isOurs }: DocumentScript): void {
  if (isOurs) return;
  remark('the document has the script of another version: answers that cannot be read are unknown');
}
