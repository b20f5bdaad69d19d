import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDaemonSets, parseNodes } from '../shared/core/parse/kubernetes.ts';
import type { captureThroughSsm } from './capture/through-ssm.ts';
import { anonymised } from './capture/anonymise.ts';
import { commandsToType } from './capture/listings.ts';
import { daemonSetsJson, nodesJson } from './capture/node-list-json.ts';
import { outlineOf } from './capture/outline.ts';
import { Failure, usage } from './failure.ts';
import { during, remark } from './progress.ts';
import { writeBundle } from './replay/bundle.ts';
import { type CapturedFiles, capturedFiles, openCapture } from './replay/captured-files.ts';
import { judgeCapture } from './replay/judge-capture.ts';
import { isOverSsh, SSH_OPTIONS } from './ssh/check-over-ssh.ts';
import { readTargets } from './ssh/targets.ts';

const HELP = `vtepwatch capture DIR --ssh HOST... [--ssh-hosts FILE] [--sudo]
vtepwatch capture DIR --ssm --tags KEY=VALUE[,KEY=VALUE] [--region R] [--yes]
vtepwatch capture [DIR] --from DIR|FILE [--anonymize] [--bundle FILE [--force]]
vtepwatch capture --print

Saves what vtepwatch replay reads: for each host the outputs of ip and bridge, the time that kubectl get nodes
took on each master, and of the node list as the masters report it the fields that a verdict depends on. It saves
no secret, no pod and no label or annotation but those of flannel, Calico, zone and role. Read it before you send
it: it has the names and addresses of the hosts.

  DIR               where to write it; it must be new or empty
  --bundle FILE     write one JSON file, which replay takes in place of a directory, beside DIR or without it
  --force           overwrite FILE if it is there
  --anonymize       write other names, addresses and MAC addresses in all files alike. Networks contain what they
                    contained, and the verdict is the same: it is compared before anything is written
  --from DIR|FILE   take a capture that is there in place of hosts
  --print           print the commands that a person can type on hosts which no other way reaches
  --ssh HOST        [user@]host, as ssh takes it; more may follow
  --ssh-hosts FILE  one such host a line; # begins a comment
  --sudo            runs the script with sudo -n: the tables need no root, the node list does
  --ssm             the managed nodes of Systems Manager that have the tags of --tags
  --tags KEY=VALUE[,KEY=VALUE]  the hosts with all of these tags
  --region R        the AWS Region; default: the one of your environment
  --yes             do not ask; needed where there is no terminal
  --help            this text

With --ssm it makes two documents for this capture and deletes them afterwards, as check --ssm does with
--temporary-document: no document stays that prints what ip and bridge print. It shows what runs, and asks.
Systems Manager returns the listings of some 600 nodes; hosts of a larger cluster are captured over ssh.

Exit status: 0 it was written, 2 it could not be, or would have had another verdict, 64 wrong usage,
69 no host could be captured, 77 these rights do not suffice.
`;

/** The options that name hosts of Systems Manager. */
const SSM_OPTIONS = {
  ssm: { type: 'boolean', default: false },
  tags: { type: 'string' },
  region: { type: 'string' },
  yes: { type: 'boolean', default: false },
} as const;

export async function capture(words: readonly string[]): Promise<number> {
  const { values, tokens } = parseArgs({
    args: [...words],
    allowPositionals: true,
    tokens: true,
    options: {
      ...SSH_OPTIONS,
      ...SSM_OPTIONS,
      from: { type: 'string' },
      bundle: { type: 'string' },
      force: { type: 'boolean', default: false },
      anonymize: { type: 'boolean', default: false },
      print: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || values.print) {
    process.stdout.write(values.help ? HELP : commandsToType());
    return 0;
  }
  const { bundle, from } = values;
  // What follows --ssh are hosts, as a shell makes of root@{a,b}; DIR comes before.
  const ssh = tokens.find((token) => token.kind === 'option' && token.name === 'ssh');
  const named = tokens.filter((token) => token.kind === 'positional');
  const [hosts, directories] = [true, false].map((isHost) =>
    named.flatMap(({ index, value }) =>
      (ssh !== undefined && index > ssh.index) === isHost ? [value] : [],
    ),
  );
  const [directory, ...more] = directories ?? [];
  if (more.length > 0) throw usage('capture takes one directory: see vtepwatch capture --help');
  if (directory === undefined && bundle === undefined) {
    throw usage('capture needs a DIR or --bundle FILE: see vtepwatch capture --help');
  }
  const ways = [from !== undefined, isOverSsh(words), values.ssm];
  if (ways.filter(Boolean).length !== 1) {
    throw usage(
      'capture needs one of --ssh, --ssh-hosts, --ssm and --from: see vtepwatch capture --help',
    );
  }
  // Before hosts are asked, for a minute perhaps.
  if (directory !== undefined) await refuseFull(directory);
  if (bundle !== undefined) refuseThere(bundle, values.force);
  const captured =
    from !== undefined
      ? reduced(await openCapture(from))
      : values.ssm
        ? await throughSsm(values)
        : await overSsh([...(values.ssh ?? []), ...(hosts ?? [])], values);
  const texts = values.anonymize ? await anonymisedAlike(captured) : captured.texts;
  if (directory !== undefined) await writeFiles(directory, texts);
  if (bundle !== undefined) {
    const flag = values.force ? 'w' : 'wx';
    await writeFile(bundle, writeBundle(texts), { mode: 0o600, flag });
  }
  const where = [directory, bundle].filter((one) => one !== undefined).join(' and ');
  process.stdout.write(`${captured.folders.length} hosts captured in ${where}\n`);
  remark(`see what it shows with: npx vtepwatch replay ${bundle ?? directory}`);
  if (!values.anonymize) remark('it has names and addresses: add --anonymize before you send it');
  return 0;
}

async function overSsh(
  words: readonly string[],
  values: { readonly 'ssh-hosts'?: string | undefined; readonly sudo: boolean },
): Promise<CapturedFiles> {
  const targets = await readTargets(words, values['ssh-hosts']);
  const privilege = values.sudo ? 'sudo' : 'own';
  // Anonymising a capture needs none of the function's code.
  const capturing = (await import('./capture/over-ssh.ts')).captureOverSsh(targets, privilege);
  return filesOf(await during(`capturing ${targets.length} hosts over ssh`, capturing));
}

async function throughSsm(values: Parameters<typeof captureThroughSsm>[0]): Promise<CapturedFiles> {
  return filesOf(await (await import('./capture/through-ssm.ts')).captureThroughSsm(values));
}

function filesOf(texts: ReadonlyMap<string, string>): CapturedFiles {
  const capturedAt = new Date().toISOString();
  const time = `${JSON.stringify({ capturedAt })}\n`;
  const files = capturedFiles('the hosts', new Map([...texts, ['capture.json', time]]));
  if (files.folders.length > 0) return files;
  throw new Failure('unreachable', 'no host could be captured: the reasons stand above');
}

/** A capture without what replay does not read, and of the node list without what a verdict does not need. */
function reduced(files: CapturedFiles): CapturedFiles {
  const texts = new Map(files.texts);
  for (const [file, print] of [
    ['nodes.json', (list: unknown) => nodesJson(parseNodes('nodes.json', list).value)],
    ['daemonsets.json', (list: unknown) => daemonSetsJson(parseDaemonSets('', list).value)],
  ] as const) {
    const text = texts.get(file);
    if (text !== undefined) texts.set(file, print(readJson(text, `${files.from}/${file}`)));
  }
  const { at } = files.captured ?? {};
  // What else a person wrote there is not known.
  texts.delete('capture.json');
  if (at !== undefined) {
    texts.set('capture.json', `${JSON.stringify({ capturedAt: new Date(at).toISOString() })}\n`);
  }
  return { ...capturedFiles(files.from, texts), folders: files.folders };
}

function readJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where} is not JSON`, { cause });
  }
}

/** A word that no program prints may have been of use all the same: only a capture with the same verdict is written. */
async function anonymisedAlike(files: CapturedFiles): Promise<ReadonlyMap<string, string>> {
  const { texts, nameOf } = anonymised(files, randomBytes(32));
  const plain = await judgeCapture(files, 'c');
  const other = await judgeCapture(capturedFiles('the anonymised capture', texts), 'c');
  const [before, after] = [outlineOf(plain, nameOf), outlineOf(other, (node) => node)];
  if (JSON.stringify(before) === JSON.stringify(after)) return texts;
  throw new Error(
    'the anonymised capture has another verdict than this one, so it was not written: please report this',
  );
}

async function refuseFull(directory: string): Promise<void> {
  const there = await readdir(directory).catch(() => []);
  if (there.length > 0) throw usage(`${directory} is not empty: name a new directory`);
}

function refuseThere(file: string, isForced: boolean): void {
  if (!existsSync(dirname(file))) throw usage(`there is no directory ${dirname(file)} for ${file}`);
  if (existsSync(file) && !isForced) {
    throw usage(`${file} is there already: name another file, or overwrite it with --force`);
  }
}

async function writeFiles(directory: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of texts) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o600 });
  }
  remark(`wrote ${texts.size} files to ${directory}`);
}
