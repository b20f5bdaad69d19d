import { parseArgs } from 'node:util';
import { NO_PAGE_EVENT } from '../shared/contract/no-page.ts';
import { type Report, reportSchema } from '../shared/contract/report.ts';
import { printable } from '../shared/core/plain-text.ts';
import { withoutSubscribers } from '../shared/core/report/coverage.ts';
import { knownClusters } from './deployed/clusters.ts';
import { documentProblems } from './deployed/document-versions.ts';
import { type Deployed, findStack } from './deployed/find-stack.ts';
import { invoke } from './deployed/invoke.ts';
import {
  DEPLOYED_HELP,
  DEPLOYED_OPTIONS,
  type DeployedOptions,
  deployedOptions,
  regionOf,
} from './deployed/options.ts';
import { countSubscribers } from './deployed/subscribers.ts';
import { messageOf, statusOf, usage } from './failure.ts';
import { printReport, type View, VIEW_HELP, VIEW_OPTIONS } from './print-report.ts';
import { during, remark } from './progress.ts';
import { renderCheck } from './render/report.ts';
import { checkOverSsh, isOverSsh } from './ssh/check-over-ssh.ts';
import { EXIT } from './verdict.ts';

const HELP = `vtepwatch check NAME [--no-page] [--region R] [--stack S] [--json]
vtepwatch check --all [--config FILE] [--no-page] [--region R] [--json]
vtepwatch check --ssh HOST... [--ssh-hosts FILE] [--sudo] [--no-packets] [--json]
vtepwatch check --ssm --tags KEY=VALUE[,KEY=VALUE] [--document NAME|--temporary-document] [--yes] [--json]
vtepwatch check --print-document [--no-packets]

Runs one check of a deployed cluster now, with your AWS credentials, and prints the verdict, the
coverage and the masters' latencies. It is a full run: it stores its state and sends pages.

  --no-page       it stores no state, and sends no page, event or metric
  --all           check each cluster that vtepwatch list prints; with --json one document after the other
  --config FILE   with --all: the settings of the clusters, as for cdk deploy -c config=FILE
${DEPLOYED_HELP}${VIEW_HELP}  --help          this text

With --ssh or --ssh-hosts it checks hosts that your ssh reaches, and needs nothing deployed: for example
--ssh root@{a,b,c} in bash. It stores nothing and pages nobody. Your ssh configuration and host-key
checks apply; it asks for no password. It sends a script to standard input of sh on at most 30 hosts at
a time. The script reads, and sends some packets to peers over the overlay; it changes nothing. Where
packets are lost there are up to three runs, so it takes longer. Name the masters too: they have the node
list and time their API servers. Without one, a node that you do not name is known only by what the others
hold of it.

  --ssh HOST        [user@]host, as ssh takes it; more may follow
  --ssh-hosts FILE  one such host a line; # begins a comment
  --sudo            runs the script with sudo -n: the tables need no root, the node list does
  --no-packets      the script only reads: lost packets are not seen
  --cluster NAME    the name to use in keys; default: ssh

With --ssm it checks the managed nodes of Systems Manager that have these tags, with your AWS credentials
and without the function: it stores nothing and pages nobody. Before a script runs as root on the hosts, it
shows the script's SHA-256, what it reads and how many hosts there are, and asks.

  --tags KEY=VALUE[,KEY=VALUE]  the hosts with all of these tags
  --document NAME       the document to run; default: that for people of --cluster, or of its stack; the
                        default of --cluster is the value of the first tag
  --temporary-document  make a document for this check and delete it afterwards
  --no-packets          the document that is made or printed only reads
  --yes                 do not ask; needed where there is no terminal
  --print-document      print the document, to make it once:
                        vtepwatch check --print-document >probe.json && aws ssm create-document \\
                          --name vtepwatch --document-type Command --content file://probe.json

Exit status: 0 healthy, 1 incident, 2 could not judge or could not run, 64 wrong usage, 69 AWS, the stack
or every host is not there or does not answer, 77 these rights do not suffice, or every host refuses.
`;

export async function check(words: readonly string[]): Promise<number> {
  const isHelp = words.includes('--help') || words.includes('-h');
  if (!isHelp && isOverSsh(words)) return await checkOverSsh(words);
  // The SDK of Systems Manager is loaded only where it is asked.
  if (!isHelp && words.includes('--ssm')) {
    return await (await import('./ssm/check-through-ssm.ts')).checkThroughSsm(words);
  }
  if (!isHelp && words.includes('--print-document')) {
    process.stdout.write(
      (await import('./ssm/documents.ts')).documentContent(!words.includes('--no-packets')),
    );
    return 0;
  }
  if (isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      ...DEPLOYED_OPTIONS,
      ...VIEW_OPTIONS,
      'no-page': { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      config: { type: 'string' },
    },
  });
  if (values.all) return await checkAll(values, positionals);
  if (values.config !== undefined)
    throw usage('--config goes with check --all: name a cluster, or add --all');
  return await checkOne(deployedOptions('check', values, positionals), values);
}

/** One cluster after the other: that one cannot be asked hides none of the others. */
async function checkAll(
  values: CheckOptions & {
    readonly [Option in 'config' | 'cluster' | 'stack' | 'region']?: string | undefined;
  },
  positionals: readonly string[],
): Promise<number> {
  if (positionals.length > 0 || values.cluster !== undefined || values.stack !== undefined) {
    throw usage('check --all takes no cluster and no stack: see vtepwatch check --help');
  }
  const statuses: number[] = [];
  for (const { name, stack, region } of await knownClusters(values)) {
    const options = { cluster: name, stack, region: regionOf(region), json: values.json };
    statuses.push(await checkOne(options, values).catch(reported));
  }
  return worstOf(statuses);
}

/** What prevented the check of one cluster; the exit status that this comes to. */
function reported(error: unknown): number {
  remark(`vtepwatch: ${printable(messageOf(error))}`);
  return statusOf(error);
}

/** An incident anywhere counts most, then what prevented a check, then a cluster that could not be judged. */
function worstOf(statuses: readonly number[]): number {
  if (statuses.includes(EXIT.incident)) return EXIT.incident;
  return Math.max(EXIT.healthy, ...statuses);
}

interface CheckOptions extends View {
  readonly 'no-page': boolean;
}

async function checkOne(options: DeployedOptions, values: CheckOptions): Promise<number> {
  const deployed = await deployedFor(options);
  const report = await checkNow(deployed, options, values['no-page'] ? NO_PAGE_EVENT : {});
  if (report.refused !== undefined) {
    if (values.json) printReport(report, values);
    throw refusedError(report.refused);
  }
  const counted = await withSubscribers(report, deployed, options);
  return printReport(await withDocument(counted, deployed, options), values, renderCheck);
}

/** One check now, for a command that needs what it finds. Throws where it did not take place. */
export async function reportNow(options: DeployedOptions): Promise<Report> {
  const report = await checkNow(await deployedFor(options), options);
  if (report.refused !== undefined) throw refusedError(report.refused);
  return report;
}

async function deployedFor(options: DeployedOptions): Promise<Deployed> {
  return await during(`looking for cluster ${options.cluster}`, findStack(options));
}

async function checkNow(
  deployed: Deployed,
  options: DeployedOptions,
  event: object = {},
): Promise<Report> {
  const running = runOnce(deployed, options, event);
  return await during(`running ${deployed.functionName}, for up to two minutes`, running);
}

function refusedError(reason: string): Error {
  return new Error(`nothing was checked: ${reason}; try again in a minute`);
}

async function runOnce(
  { functionName }: Deployed,
  { cluster, stack, region }: DeployedOptions,
  event: object,
): Promise<Report> {
  const report = reportSchema.safeParse(await invoke(functionName, event, region));
  if (!report.success) {
    throw new Error(
      `running the function ${functionName}: its answer is not a report; was it deployed from this version?`,
    );
  }
  if (report.data.cluster === cluster) return report.data;
  throw new Error(`the stack ${stack} watches cluster ${report.data.cluster}, not ${cluster}`);
}

/** The function has no permission to read subscriptions; the operator who runs this may have it. */
async function withSubscribers(
  report: Report,
  { topicArn }: Deployed,
  { region }: DeployedOptions,
): Promise<Report> {
  if (report.coverage === undefined) return report;
  try {
    const subscribers = await countSubscribers(topicArn, region);
    return subscribers > 0 ? report : { ...report, coverage: withoutSubscribers(report.coverage) };
  } catch (error) {
    remark(error instanceof Error ? error.message : String(error));
    return report;
  }
}

/** The same holds of the document: a version that somebody has added to it is a problem. */
async function withDocument(
  report: Report,
  { documentName }: Deployed,
  { region }: DeployedOptions,
): Promise<Report> {
  if (documentName === undefined) return report;
  try {
    const problems = await documentProblems(documentName, region);
    return { ...report, problems: [...report.problems, ...problems] };
  } catch (error) {
    remark(error instanceof Error ? error.message : String(error));
    return report;
  }
}
