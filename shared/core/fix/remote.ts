import type { Site } from '../../contract/report.ts';
import { isNodeName } from '../parse/kubernetes.ts';

/**
 * The lines with which a person runs one block on many hosts: through Systems Manager where a host is
 * registered there, else over ssh. What stands in them is typed into a shell, so each token is quoted, or
 * of a kind that needs no quotes.
 */

/** A host of a fix, and how it can be reached. */
export interface ReachedHost {
  readonly node: string;
  readonly instanceId: string | undefined;
}

/** A block, the hosts that it is for, and whom it may reach besides. */
interface RemoteBlock {
  readonly commands: readonly string[];
  readonly hosts: readonly ReachedHost[];
  /** `tag`: the block leaves every other host alone, so all hosts of the cluster may get it. */
  readonly reach: 'hosts' | 'tag';
  /** `one` host at a time, until the first error; else a tenth of them. */
  readonly pace?: 'one';
}

/** As many ids as SendCommand takes. */
const IDS = 50;

/** How many names a loop has; of more, a command prints them. */
export const LOOP_NAMES = 20;
const LOOP_LENGTH = 800;

const PACES = {
  tenth: '--max-concurrency 10% --max-errors 1',
  one: '--max-concurrency 1 --max-errors 0',
} as const;

/** Whether a text is the id of an EC2 instance, or of a host that was activated by hand. */
export function isManagedNodeId(text: string): boolean {
  return /^m?i-[0-9a-f]{8,17}$/.test(text);
}

export function remoteLines(
  { commands, hosts, reach, pace }: RemoteBlock,
  { site, key }: { readonly site: Site | undefined; readonly key: string },
): readonly string[] {
  // A block that is quoted as a whole has no quote of its own.
  if (commands.some((command) => /['\\\n]/.test(command))) return [];
  const managed = hosts.filter(({ instanceId }) => isManagedNodeId(instanceId ?? ''));
  const byTag = site !== undefined && managed.length > IDS && reach === 'tag';
  const byIds = site !== undefined && managed.length > 1 && managed.length <= IDS;
  // Of many hosts that go one at a time, a second batch would not wait for the first.
  const byBatches = site !== undefined && managed.length > IDS && !byTag && pace !== 'one';
  const others =
    byTag || byIds || byBatches ? hosts.filter((host) => !managed.includes(host)) : hosts;
  // Without it a block of several commands would have the status of its last one.
  const block = commands.length > 1 ? commands.map((command) => `${command} || exit 1`) : commands;
  const send = (targets: string): string =>
    `aws ssm send-command --region ${site?.region} --document-name AWS-RunShellScript ${targets} ` +
    `${PACES[pace ?? 'tenth']} --parameters '${JSON.stringify({ commands: block })}'`;
  const ids = `npx --no vtepwatch show ${shellWord(key)} --ids --step ${UNNUMBERED}`;
  return [
    ...(byTag ? [send(targetWords(site.targets))] : []),
    ...(byIds
      ? [send(`--instance-ids ${managed.map(({ instanceId }) => instanceId).join(' ')}`)]
      : []),
    // The answer of each batch would fill a screen, and wait for a key.
    ...(byBatches
      ? [
          `${ids} | xargs -n ${IDS} ${send('--query Command.CommandId --output text')} --instance-ids`,
        ]
      : []),
    ...(others.length > (byTag || byIds || byBatches ? 0 : 1)
      ? [overSsh({ commands: block, pace }, others, key)]
      : []),
  ];
}

function targetWords(targets: Site['targets']): string {
  return `--targets ${targets
    .map(({ Key, Values }) =>
      [Key, ...Values].every((text) => /^[\w.:/@-]+$/.test(text))
        ? `Key=${Key},Values=${Values.join(',')}`
        : // Tags have no quotes, by their grammar.
          `'${JSON.stringify({ Key, Values })}'`,
    )
    .join(' ')}`;
}

function overSsh(
  {
    commands,
    pace,
  }: { readonly commands: readonly string[]; readonly pace: RemoteBlock['pace'] | undefined },
  hosts: readonly ReachedHost[],
  key: string,
): string {
  return loopOver(
    hosts.map(({ node }) => node),
    `echo '${commands.join('; ')}' | ssh $n sudo sh${pace === 'one' ? ' || break' : ''}`,
    key,
  );
}

/** Whether a loop has the names of these nodes, and needs no command that prints them. */
export function areInLoop(nodes: readonly string[]): boolean {
  return nodes.length <= LOOP_NAMES && nodes.filter(isNodeName).join(' ').length <= LOOP_LENGTH;
}

/** A loop of the shell over nodes, one after the other: `$n` in its body is the node. */
export function loopOver(nodes: readonly string[], body: string, key: string): string {
  return areInLoop(nodes)
    ? `for n in ${nodes.filter(isNodeName).join(' ')}; do ${body}; done`
    : `for n in $(npx --no vtepwatch show ${shellWord(key)} --hosts --step ${UNNUMBERED}); do ${body}; done`;
}

/** Stands for the number of a step, which its commands know only when all steps are there. */
const UNNUMBERED = '0';

/** The lines of a step that has this number, from 1 on. */
export function numbered(lines: readonly string[], number: number): string[] {
  const unnumbered = new RegExp(`(vtepwatch show .*? --step )${UNNUMBERED}(?=\\)| \\|)`, 'g');
  return lines.map((line) => line.replaceAll(unnumbered, `$1${number}`));
}

/** A word of a command line, whatever the text is. */
function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
