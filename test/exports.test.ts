import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import tsconfig from '../tsconfig.json' with { type: 'json' };

/**
 * An export says that another file depends on it. The compiler finds what a file does not use of its
 * own; what no other file uses only a look at all of them can find.
 */

const ROOT = path.join(import.meta.dirname, '..');

/** Files with exports that no file imports, or only tests. */
const EXCEPTIONS: readonly string[] = [
  // The bundler puts it in place of packages, so only other packages import it.
  'infra/bundle/unused-exporters.ts',
  // What the package offers to other apps.
  'infra/index.ts',
  // Lambda imports it, by the name of the handler.
  'lambda/handler.ts',
  // Vitest calls its `setup` before all tests.
  'test/real/programs.ts',
];

/** Path from the root → text. */
type Sources = ReadonlyMap<string, string>;

let sources: Sources = new Map();

beforeAll(async () => {
  const folders = tsconfig.include.filter((name) => !name.includes('*'));
  const inFolders = await Promise.all(folders.map(filesIn));
  const texts = inFolders
    .flat()
    .filter((file) => !file.startsWith('test/fixtures/'))
    .map(async (file) => [file, await readFile(path.join(ROOT, file), 'utf8')] as const);
  sources = new Map(await Promise.all(texts));
});

async function filesIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(path.join(ROOT, folder), { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => `${folder}/${file}`);
}

describe('the exports of the project', () => {
  test('are all imported by another file', () => {
    expect(exportsIn(sources).length).toBeGreaterThan(800);
    expect(unusedIn(sources).filter(isNoException)).toEqual([]);
  });

  test('keep nothing alive that tests alone use', () => {
    expect(idleIn(sources).filter(isNoException)).toEqual([]);
  });
});

describe('an export', () => {
  const LIBRARY = [
    'export const used = 1;',
    'export interface Shape {}',
    'export async function* stream() {}',
    'const hidden = 2;',
    'export {',
    '  hidden as shown,',
    '};',
  ].join('\n');

  test.for([
    ['nothing', '', ['used', 'Shape', 'stream', 'shown']],
    ['some', "import { type Shape, used as mine } from './lib/a.ts';", ['stream', 'shown']],
    ['types', "import type {\n  Shape,\n} from './lib/a.ts';", ['used', 'stream', 'shown']],
    [
      'a file of the same name',
      "import { used } from './a.ts';",
      ['used', 'Shape', 'stream', 'shown'],
    ],
    ['it again', "export { stream } from './lib/a.ts';", ['used', 'Shape', 'shown', 'b stream']],
    ['later', "const { used } = await import('./lib/a.ts');", ['Shape', 'stream', 'shown']],
    ['one later', "await (await import('./lib/a.ts')).stream();", ['used', 'Shape', 'shown']],
    [
      'all later',
      "const all = await import('./lib/a.ts');\nall.shown();",
      ['used', 'Shape', 'stream'],
    ],
    [
      'all types',
      "import type * as All from './lib/a.ts';\nfunction f({ stream }: typeof All): All.Shape {}",
      ['used', 'shown'],
    ],
    ['all', "import * as all from './lib/a.ts';\nall.used();", ['Shape', 'stream', 'shown']],
  ] as const)('of a library is found where another file imports %s', ([, importer, unused]) => {
    const found = unusedIn(
      new Map([
        ['lib/a.ts', LIBRARY],
        ['b.ts', importer],
      ]),
    );
    expect(found).toEqual(
      unused.map((name) => (name === 'b stream' ? 'b.ts stream' : `lib/a.ts ${name}`)),
    );
  });

  test('of the product that only a test imports must be used where it stands', () => {
    const texts = [
      ['lambda/a.ts', `${LIBRARY}\n// shown\nfunction draw(shape: Shape): void {}`],
      ['test/a.test.ts', "import { used, Shape, stream, shown } from '../lambda/a.ts';"],
      ['lambda/b.ts', "import { stream } from './a.ts';"],
    ] as const;
    expect(idleIn(new Map(texts))).toEqual(['lambda/a.ts used', 'lambda/a.ts shown']);
  });

  test.for(['export default 1;', "export * from './a.ts';", 'export const { a } = b;'])(
    'in another way is refused: %s',
    (text) => {
      expect(() => unusedIn(new Map([['b.ts', text]]))).toThrow('b.ts exports in a way');
    },
  );
});

interface Export {
  readonly file: string;
  readonly name: string;
}

function isNoException(name: string): boolean {
  return !EXCEPTIONS.some((file) => name.startsWith(`${file} `));
}

function nameOf(file: string, name: string): string {
  return `${file} ${name}`;
}

/** `lambda/a.ts b`: what no other file imports. */
function unusedIn(files: Sources): readonly string[] {
  const used = usesIn(files);
  return exportsIn(files)
    .map(({ file, name }) => nameOf(file, name))
    .filter((name) => !used.has(name));
}

/** `lambda/a.ts b`: what only tests import, and what its own file does not use either. */
function idleIn(files: Sources): readonly string[] {
  const used = usesIn(files);
  return exportsIn(files)
    .filter(({ file }) => /^(?:cli|infra|lambda|shared)\//.test(file))
    .filter(({ file, name }) => !isUsedWithin(files.get(file) ?? '', name))
    .map(({ file, name }) => nameOf(file, name))
    .filter((name) => [...(used.get(name) ?? [])].every((user) => user.startsWith('test/')));
}

/** Whether a name stands in its own file more than once, comments left aside. */
function isUsedWithin(text: string, name: string): boolean {
  const code = text.replaceAll(/^\s*\/\*[^]*?\*\/|\/\/.*$/gm, '');
  return matches(code, new RegExp(`\\b(${name})\\b`, 'g')).length > 1;
}

const DECLARATION =
  /^export (?:async )?(?:function\*?|const|let|interface|type|(?:abstract )?class) (\w+)/;
const LIST = /^export (?:type )?\{([^}]*)\}/;

/** The exports of a package's names are the package's. */
const OF_A_PACKAGE = /^export \* from '[^.]/;

/** The exports in a test are those of a program that it writes; a configuration's are a tool's. */
function exportsIn(files: Sources): readonly Export[] {
  const texts = [...files].filter(([file]) => !/\.(?:test|config)\.ts$/.test(file));
  return texts.flatMap(([file, text]) =>
    Array.from(
      text.matchAll(/^export (?:(?:type )?\{[^}]*\}|.*)/gm),
      ([statement]) => statement,
    ).flatMap((statement) => namesIn(file, statement).map((name) => ({ file, name }))),
  );
}

function namesIn(file: string, statement: string): readonly string[] {
  const declared = DECLARATION.exec(statement)?.[1];
  if (declared !== undefined) return [declared];
  const list = LIST.exec(statement)?.[1];
  if (list !== undefined) return listed(list).map(({ outside }) => outside);
  if (OF_A_PACKAGE.test(statement)) return [];
  throw new Error(`${file} exports in a way that this test does not know: ${statement}`);
}

/** `a, type b as c`: each name inside of the file that exports it, and outside. */
function listed(list: string): readonly { readonly inside: string; readonly outside: string }[] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((one) => one !== '')
    .map((one) => {
      const [inside = '', outside = inside] = one.split(/ as |: /);
      return { inside, outside };
    });
}

/** The export → the files that import it. */
function usesIn(files: Sources): ReadonlyMap<string, ReadonlySet<string>> {
  const uses = new Map<string, Set<string>>();
  for (const [user, text] of files) {
    for (const { from, names } of importsIn(text)) {
      const file = path.join(path.dirname(user), from);
      for (const name of names) {
        const users = uses.get(nameOf(file, name)) ?? new Set();
        uses.set(nameOf(file, name), users.add(user));
      }
    }
  }
  return uses;
}

interface Import {
  readonly from: string;
  readonly names: readonly string[];
}

function importsIn(text: string): readonly Import[] {
  const byName = [
    ...matches(text, /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm),
    ...matches(text, /\{([^}]*)\} = await import\('(\.[^']+)'\)/g),
  ];
  const one = matches(text, /\(await import\('(\.[^']+)'\)\)\.(\w+)/g);
  const whole = [
    ...matches(text, /(\w+) = await import\('(\.[^']+)'\)/g),
    ...matches(text, /^import (?:type )?\* as (\w+) from '(\.[^']+)'/gm),
  ];
  return [
    ...byName.map(([list = '', from = '']) => ({ from, names: insideOf(list) })),
    ...one.map(([from = '', name = '']) => ({ from, names: [name] })),
    ...whole.map(([module = '', from = '']) => ({ from, names: membersUsed(text, module) })),
  ];
}

function insideOf(list: string): readonly string[] {
  return listed(list).map(({ inside }) => inside);
}

/** `Client.a` and `{ b }: typeof Client`: what a file takes of a module that it imports as a whole. */
function membersUsed(text: string, module: string): readonly string[] {
  return [
    ...matches(text, new RegExp(`\\b${module}\\.(\\w+)`, 'g')).flat(),
    ...matches(text, new RegExp(`\\{([^}]*)\\}: typeof ${module}\\b`, 'g'))
      .flat()
      .flatMap(insideOf),
  ];
}

/** Of each match its groups. */
function matches(text: string, pattern: RegExp): readonly (readonly string[])[] {
  return Array.from(text.matchAll(pattern), ([, ...groups]) => groups);
}
