import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Report, reportSchema } from '../../shared/contract/report.ts';
import { KNOWN_OPTIONS } from '../../cli/known-options.ts';
import { VERSION } from '../../shared/contract/version.ts';
import { guarded } from '../support/fixes.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const SEED = path.join(ROOT, 'test', 'fixtures', 'seed-incident');

/** A folder of this file's own. */
let work = '';
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-cli-'));
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function vtepwatch(words: readonly string[], input = ''): Ended {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'cli', 'vtepwatch.ts'), ...words],
    { encoding: 'utf8', cwd: ROOT, input },
  );
  return { exit: status, stdout, stderr };
}

/** Writes captured outputs, by their paths, and gives the folder they are in. */
function capture(name: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(work, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

function replayed(name: string, files: Readonly<Record<string, string>>): Report {
  const { stdout, stderr } = vtepwatch(['replay', capture(name, files), '--json']);
  expect(stderr).toBe('');
  return reportSchema.parse(JSON.parse(stdout));
}

describe('what cannot be done is said in one sentence', () => {
  test('and what is quoted of a document moves no terminal', () => {
    const { exit, stderr } = vtepwatch(['show'], '\u001B]0;owned\u0007\u001B[2J');
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^vtepwatch: standard input is not JSON: [\x20-\x7e]+\n$/);
  });

  test.for([
    ['no command', 64, [], '', 'a command is missing: see vtepwatch --help'],
    ['an unknown command', 64, ['frobnicate'], '', 'there is no command "frobnicate"'],
    ['a command of every object', 64, ['constructor'], '', 'there is no command "constructor"'],
    ['replay of nothing', 64, ['replay'], '', 'replay takes one directory'],
    ['replay of two directories', 64, ['replay', 'one', 'two'], '', 'replay takes one directory'],
    [
      'replay of what is not there',
      2,
      ['replay', '/no/such/directory'],
      '',
      "reading the captured outputs in /no/such/directory: ENOENT: no such file or directory, stat '/no/such/directory'",
    ],
    [
      'replay of a file',
      2,
      ['replay', 'package.json'],
      '',
      'it is neither a directory nor a bundle of vtepwatch capture',
    ],
    [
      'an option that does not exist',
      64,
      ['replay', '--frob', 'x'],
      '',
      "vtepwatch: Unknown option '--frob': see vtepwatch replay --help\n",
    ],
    [
      'an option without its value',
      64,
      ['check', '--cluster'],
      '',
      'vtepwatch: --cluster needs a value: see vtepwatch check --help\n',
    ],
    [
      'an option before another one',
      64,
      ['check', '--ssh', '-v', 'node1'],
      '',
      'vtepwatch: --ssh needs a value, and what follows begins with a dash: see vtepwatch check --help\n',
    ],
    [
      'a word too many',
      64,
      ['test-page', '--cluster', 'demo', 'now'],
      '',
      'takes one cluster, and "now" is another word',
    ],
    ['replay of folders without a captured file', 2, ['replay', 'lambda'], '', 'no captured host'],
    ['show of two files', 64, ['show', 'one', 'two'], '', 'show takes one file'],
    [
      'show of what is not there',
      2,
      ['show', '/no/such/file'],
      '',
      'reading /no/such/file: ENOENT',
    ],
    ['show of what is not JSON', 2, ['show'], '{', 'standard input is not JSON: '],
    ['show of nothing', 2, ['show', '-'], '', 'standard input is not JSON: '],
    [
      'show of another document',
      2,
      ['show', 'package.json'],
      '',
      'package.json is not a vtepwatch document: wrong fields: cluster, at, verdict and',
    ],
    ['show of a number', 2, ['show'], '7', 'wrong fields: the top'],
  ] as const)('%s: exit %i', ([, status, words, input, sentence]) => {
    const { exit, stdout, stderr } = vtepwatch(words, input);
    expect(exit).toBe(status);
    expect(stdout).toBe('');
    expect(stderr).toContain(`vtepwatch: `);
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('an empty directory', () => {
    const { exit, stdout, stderr } = vtepwatch(['replay', capture('empty', {})]);
    expect(exit).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('holds no captured host');
  });

  test('a file that is a directory', () => {
    const folder = capture('folder', { 'node1/ip-neigh.txt/x': '' });
    const { exit, stderr } = vtepwatch(['replay', folder]);
    expect(exit).toBe(2);
    expect(stderr).toContain('ip-neigh.txt: it is not a file');
  });
});

describe('what people look for', () => {
  test.for(['--version', '-V'])('%s', (word) => {
    const { exit, stdout } = vtepwatch([word]);
    expect(stdout.startsWith(`vtepwatch ${VERSION}`)).toBe(true);
    expect(exit).toBe(0);
  });

  test.for([
    [['chekc'], 'there is no command "chekc" (did you mean check?): see'],
    [['--versoin'], 'did you mean --version?'],
    [['check', '--ssh', 'a', '--tags', 'b=c'], '--tags does not go with the other options'],
    [['replay', '--jsn', 'x'], "Unknown option '--jsn' (did you mean --json?)"],
    [['check', 'prod', '--no-pages'], 'did you mean --no-page?'],
  ] as const)('%j is answered with the word that was meant', ([words, sentence]) => {
    const { exit, stderr } = vtepwatch(words);
    expect(stderr).toContain(sentence);
    expect(exit).toBe(64);
  });

  test.for(Object.entries(KNOWN_OPTIONS))(
    'the options of %s are those of its help',
    ([command, options]) => {
      const { stdout } = vtepwatch([command, '--help']);
      // Of other programs' command lines the options are not vtepwatch's own.
      const own = stdout.replaceAll(/^.*--name vtepwatch .*$/gm, '');
      const named = new Set(own.match(/(?<=^ {2}|\[|[ |])--[a-z][a-z-]+/gm));
      expect([...named].toSorted()).toEqual(options.toSorted());
    },
  );

  test('list prints the clusters of cdk.json', () => {
    expect(vtepwatch(['list'])).toMatchObject({ exit: 0, stdout: 'demo  Vtepwatch-demo\n' });
  });

  test('no line of a help is longer than a terminal of 120 columns', () => {
    const helps = Object.keys(KNOWN_OPTIONS).map((name) => vtepwatch([name, '--help']).stdout);
    const lines = [vtepwatch(['--help']).stdout, ...helps].join('').split('\n');
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });
});

/** Where the shell is not installed, this is skipped; in CI it fails. */
function isMissing(shell: string): boolean {
  return process.env['CI'] === undefined && spawnSync(shell, ['--version']).error !== undefined;
}

/** What is typed, and what completes its last word. */
const COMPLETED = [
  ['vtepwatch sh', ['show']],
  ['vtepwatch replay --js', ['--json']],
  ['vtepwatch check --no-', ['--no-packets', '--no-page']],
  ['vtepwatch completion z', ['zsh']],
  ['vtepwatch help li', ['list']],
] as const;

describe.skipIf(isMissing('bash'))('completion of bash', () => {
  test.for(COMPLETED)('%s', ([typed, wanted]) => {
    const words = typed.split(' ');
    const { stdout } = vtepwatch(['completion', 'bash']);
    const script = `${stdout}
COMP_WORDS=(${words.join(' ')}) COMP_CWORD=${words.length - 1}; _vtepwatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(printedBy('bash', ['-c', script]).toSorted()).toEqual(wanted);
  });
});

describe.skipIf(isMissing('zsh'))('completion of zsh', () => {
  test.for(COMPLETED)('%s', ([typed, wanted]) => {
    const words = typed.split(' ');
    const { stdout } = vtepwatch(['completion', 'zsh']);
    // zsh itself takes of what is added the words that begin as the last one does.
    const script = `compdef() { : }
_files() { : }
compadd() { shift; print -l -- "$@" }
${stdout}
words=(${words.join(' ')}) CURRENT=${words.length}; _vtepwatch`;
    const added = printedBy('zsh', ['-f', '-c', script]);
    const last = words.at(-1) ?? '';
    expect(added.filter((word) => word.startsWith(last)).toSorted()).toEqual(wanted);
  });
});

describe.skipIf(isMissing('fish'))('completion of fish', () => {
  test.for(COMPLETED)('%s', ([typed, wanted]) => {
    const { stdout } = vtepwatch(['completion', 'fish']);
    const script = `${stdout}\ncomplete -C '${typed}'`;
    // In a folder of its own, since fish offers files too.
    const found = printedBy('fish', ['--no-config', '-c', script], work);
    expect(found.filter((word) => !word.endsWith('/')).toSorted()).toEqual(wanted);
  });
});

function printedBy(shell: string, words: readonly string[], cwd = ROOT): readonly string[] {
  const { stdout } = spawnSync(shell, words, { encoding: 'utf8', cwd });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('colours', () => {
  const before = path.join(SEED, 'before');

  test.for([
    [
      'are there with --color always, though NO_COLOR is set',
      ['--color', 'always'],
      { NO_COLOR: '1' },
      true,
    ],
    ['are none with --color never', ['--color', 'never'], {}, false],
    ['are none where no terminal is', [], {}, false],
    ['are none of a document', ['--json', '--color', 'always'], {}, false],
  ] as const)('%s', ([, words, env, isColoured]) => {
    const { stdout } = spawnSync(
      process.execPath,
      [path.join(ROOT, 'cli', 'vtepwatch.ts'), 'replay', before, ...words],
      { encoding: 'utf8', cwd: ROOT, env: { ...process.env, ...env } },
    );
    expect(stdout.includes('\u001B[')).toBe(isColoured);
  });

  // Elsewhere script of util-linux takes other options.
  test.skipIf(process.platform !== 'linux').for([
    ['auto', '', true],
    ['auto', 'NO_COLOR=1', false],
    ['never', '', false],
  ] as const)('on a terminal with --color %s and %s', ([when, env, isColoured]) => {
    const program = path.join(ROOT, 'cli', 'vtepwatch.ts');
    const command = `env ${env} '${process.execPath}' '${program}' replay '${before}' --color ${when}`;
    const { NO_COLOR: _, ...others } = process.env;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      cwd: ROOT,
      env: others,
    });
    expect(stdout).toContain('INCIDENT');
    expect(stdout.includes('\u001B[')).toBe(isColoured);
  });

  test('of another word are wrong usage', () => {
    const { exit, stderr } = vtepwatch(['replay', before, '--color', 'rainbow']);
    expect(stderr).toContain('--color');
    expect(exit).toBe(64);
  });
});

describe('help', () => {
  test.for([
    [['--help'], 'vtepwatch replay DIR'],
    [['-h'], 'vtepwatch replay DIR'],
    [['help'], 'vtepwatch replay DIR'],
    [['replay', '--help'], 'DIR/<host>/ip-neigh.txt'],
    [['replay', '-h', 'anything'], 'DIR/<host>/ip-neigh.txt'],
    [['show', '--help'], 'standard input'],
    [['help', 'show'], 'standard input'],
    [['help', 'help'], 'vtepwatch replay DIR'],
    [['check', '--help'], '--stack S'],
    [['test-page', '--help'], 'Exit status: 0 every channel accepted it'],
  ] as const)('%j', ([words, text]) => {
    const { exit, stdout, stderr } = vtepwatch(words);
    expect(exit).toBe(0);
    expect(stdout).toContain(text);
    expect(stderr).toBe('');
  });
});

describe('replay', () => {
  const NEIGHBOUR = '10.68.1.0 dev flannel.1 lladdr 16:23:8e:ab:c6:5c PERMANENT\n';
  const FDB = '16:23:8e:ab:c6:5c dev flannel.1 dst 192.168.1.142 self permanent\n';
  const TWO_HOSTS = {
    'a/ip-link.txt': linkLine('36:9b:9c:53:4a:10', '192.168.1.140'),
    'a/ip-addr.txt': addressLine('10.68.0.0'),
    'a/ip-neigh.txt': NEIGHBOUR,
    'a/bridge-fdb.txt': FDB,
    'a/ip-route.txt': '10.68.1.0/24 via 10.68.1.0 dev flannel.1 onlink\n',
    'b/ip-link.txt': linkLine('16:23:8e:ab:c6:5c', '192.168.1.142'),
    'b/ip-addr.txt': addressLine('10.68.1.0'),
    'b/ip-neigh.txt': '10.68.0.0 dev flannel.1 lladdr 36:9b:9c:53:4a:10 PERMANENT\n',
    'b/bridge-fdb.txt': '36:9b:9c:53:4a:10 dev flannel.1 dst 192.168.1.140 self permanent\n',
    'b/ip-route.txt': '10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink\n',
  };

  test('of two hosts that know each other is healthy, and exit 0', () => {
    const folder = capture('healthy', TWO_HOSTS);
    const { exit, stdout } = vtepwatch(['replay', folder]);
    expect(stdout).toContain('cluster healthy: healthy; flannel overlay; 2 of 2 nodes checked');
    expect(exit).toBe(0);
  });

  test('of two hosts of which one has lost the other is one pair, with the commands that fix it', () => {
    const { incidents } = replayed('pair', { ...TWO_HOSTS, 'b/ip-neigh.txt': '' });
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({ key: 'pair/pair/b:a', cause: 'neighbour-missing' });
    expect(incidents[0]?.fix[0]).toEqual({
      kind: 'entries',
      hosts: ['b'],
      runs: 'on-hosts',
      commands: [
        guarded(
          { tunnelIp: '10.68.0.0', mac: '36:9b:9c:53:4a:10' },
          'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:4a:10 dev flannel.1 nud permanent',
        ),
      ],
      check: {
        host: 'b',
        command: 'ip neigh show 10.68.0.0 dev flannel.1',
        shows: 'lladdr 36:9b:9c:53:4a:10 PERMANENT',
      },
    });
  });

  test('takes the name of the cluster for its keys', () => {
    const folder = capture('named', { ...TWO_HOSTS, 'b/ip-neigh.txt': '' });
    const { stdout } = vtepwatch(['replay', folder, '--cluster', 'prod', '--json']);
    expect(reportSchema.parse(JSON.parse(stdout)).incidents[0]?.key).toBe('prod/pair/b:a');
  });

  test('judges the hosts also where the list of nodes cannot be read', () => {
    const { problems, hosts } = replayed('no-list', { ...TWO_HOSTS, 'nodes.json': '{' });
    expect(hosts.observed).toEqual(['a', 'b']);
    expect(problems).toContainEqual({ where: 'nodes.json', message: 'not JSON' });
  });

  test('tells what it did not understand, and where', () => {
    const { problems } = replayed('strange', { ...TWO_HOSTS, 'a/ip-neigh.txt': 'no such thing\n' });
    expect(problems).toContainEqual({
      where: 'a/ip-neigh.txt',
      message: 'not a neighbour entry: "no such thing"',
    });
  });

  test('leaves out folders that are named as no node can be', () => {
    const files = { ...TWO_HOSTS, 'Notes of May/ip-neigh.txt': NEIGHBOUR };
    expect(replayed('notes', files).hosts.observed).toEqual(['a', 'b']);
  });
});

describe('show', () => {
  let recorded: Report;
  beforeAll(() => {
    const { stdout } = vtepwatch(['replay', path.join(SEED, 'before'), '--json']);
    recorded = reportSchema.parse(JSON.parse(stdout));
  });

  test('shows what replay shows, and has its exit status', () => {
    const { exit, stdout } = vtepwatch(['show'], JSON.stringify(recorded));
    expect(exit).toBe(1);
    expect(stdout).toContain(
      'master1 (192.168.1.140, tunnel IP 10.68.0.0) is unreachable from 1 of 1 nodes',
    );
    expect(stdout).toMatch(/master3 +N +\? +- /);
  });

  test('reads a file as well as standard input', () => {
    const folder = capture('shown', { 'report.json': JSON.stringify(recorded) });
    expect(vtepwatch(['show', path.join(folder, 'report.json')]).exit).toBe(1);
  });

  test('is brief when asked', () => {
    const { stdout } = vtepwatch(['show', '--brief'], JSON.stringify(recorded));
    expect(stdout).not.toContain('Users notice');
    expect(stdout).toContain('Latency');
  });

  test.for([
    ['healthy', 0],
    ['incident', 1],
    ['unjudged', 2],
  ] as const)('a verdict %s is exit %i', ([verdict, exit]) => {
    const document = JSON.stringify({ ...recorded, verdict, incidents: [] });
    expect(vtepwatch(['show'], document).exit).toBe(exit);
  });

  test('lets no control character of a document reach the terminal', () => {
    const evil = '\u001B]0;owned\u0007\u202Eevil\r\n';
    const poisoned = JSON.stringify(recorded).replaceAll(
      /"(cluster|at|since|where|message|detail|node|found|expected|underlayIp|tunnelIp|key)":"[^"]*"/g,
      (_, field: string) => `"${field}":${JSON.stringify(evil)}`,
    );
    const { stdout, exit } = vtepwatch(['show'], poisoned);
    expect(exit).toBe(1);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });

  test('prints the nodes on which an incident is fixed, one a line, and nothing that is no node', () => {
    const [incident] = recorded.incidents;
    const fix = [{ kind: 'entries', runs: 'on-hosts', commands: [], hosts: ['a', '$(b)', 'c.d'] }];
    const input = JSON.stringify({ ...recorded, incidents: [{ ...incident, fix }] });
    const { stdout } = vtepwatch(['show', incident?.key ?? '', '--hosts', '-'], input);
    expect(stdout).toBe('a\nc.d\n');
    const step = (number: string) =>
      vtepwatch(['show', incident?.key ?? '', '--hosts', '--step', number, '-'], input);
    expect(step('1').stdout).toBe('a\nc.d\n');
    expect(step('2').stderr).toContain('has no step 2 now');
    expect(step('2').exit).not.toBe(0);
    const unknown = vtepwatch(['show', 'prod/subject/x', '--hosts', '-'], input);
    expect(unknown.stderr).toBe('vtepwatch: there is no incident prod/subject/x now\n');
  });

  test('prints their ids in Systems Manager, and nothing that is no id', () => {
    const [incident] = recorded.incidents;
    const fix = [{ kind: 'restart', runs: 'on-hosts', commands: [], hosts: ['a', 'b', 'c', 'd'] }];
    const ids = { a: 'i-0123456789abcdef0', b: '$(reboot)', d: 'mi-0123456789abcdef0' };
    const idsIn = (known: object) => {
      const document = {
        ...recorded,
        hosts: { ...recorded.hosts, ...known },
        incidents: [{ ...incident, fix }],
      };
      return vtepwatch(['show', incident?.key ?? '', '--ids', '-'], JSON.stringify(document));
    };
    expect(idsIn({ ids }).stdout).toBe('i-0123456789abcdef0\nmi-0123456789abcdef0\n');
    expect(idsIn({}).stderr).toBe('vtepwatch: no host of that step has such a name or id\n');
  });

  test('says of cells beyond those that a document lists that they may be wrong, too', () => {
    const [incident] = recorded.incidents;
    const [entry] = incident?.entries ?? [];
    const { subject: _, ...row } = incident ?? {};
    const cut = {
      ...row,
      scope: 'observer',
      entries: Array.from({ length: 60 }, () => entry),
    };
    const { stdout } = vtepwatch(['show'], JSON.stringify({ ...recorded, incidents: [cut] }));
    expect(stdout).toMatch(/master3 +N +\* +- +\* +\*/);
    expect(stdout).toContain('* may be wrong');
  });
});

function linkLine(mac: string, local: string): string {
  return `3: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue\\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff\\    vxlan id 1 local ${local} dstport 8472 nolearning\n`;
}

function addressLine(tunnelIp: string): string {
  return `3: flannel.1    inet ${tunnelIp}/32 scope global flannel.1\\       valid_lft forever\n`;
}

describe('a reader that stops early changes no exit status and causes no message', () => {
  const before = path.join(SEED, 'before');

  test.for([
    ['before the first line', ['replay', before, '--json'], 'true', 1],
    ['before the first line of a help', ['--help'], 'true', 0],
    ['of list', ['list'], 'true', 0],
    ['of a completion', ['completion', 'bash'], 'true', 0],
    ['of commands to type', ['capture', '--print'], 'true', 0],
    ['of a document to make', ['check', '--print-document'], 'true', 0],
    ['of the version', ['--version'], 'true', 0],
    ['after one line of many', ['show', '-'], 'head -n 1', 1],
  ] as const)('%s', ([, words, reader, verdict]) => {
    const report: Report = JSON.parse(vtepwatch(['replay', before, '--json']).stdout);
    const problems = Array.from({ length: 20_000 }, () => ({ where: 'node1', message: 'unread' }));
    const script = `{ "$NODE" cli/vtepwatch.ts ${words.join(' ')}; echo $? >&2; } | ${reader}`;
    const { stderr } = spawnSync('sh', ['-c', script], {
      encoding: 'utf8',
      cwd: ROOT,
      env: { ...process.env, NODE: process.execPath },
      input: JSON.stringify({ ...report, problems }),
    });
    expect(stderr).toBe(`${verdict}\n`);
  });
});
