import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * A cause of a plain signature is added to a copy of the project, by the recipe alone: a line in the
 * contract, a row in the core, and a fault in the lab.
 */

const ROOT = path.join(import.meta.dirname, '../../../..');

const COPIED = ['cli', 'infra', 'lab', 'lambda', 'shared', 'test', 'tsconfig.json', 'package.json'];

/** All that knows causes; the deployment and its tests know them by the contract's texts alone. */
const COMPILED = ['cli', 'lab', 'lambda', 'shared', 'test/support'];

/** A compiler needs seconds of a free processor, and the other tests want it too. */
const COMPILING = { timeout: 120_000 };

/** Each new line stands before a line that is there. */
const RECIPE = [
  {
    file: 'shared/contract/causes.ts',
    before: "  'underlay-moved': {",
    line: "  'underlay-and-route-moved': { scopes: CELL, severity: 'critical', pages: true },",
  },
  {
    file: 'shared/core/diagnose/causes.ts',
    before: "  'underlay-moved': {",
    line: `
  'underlay-and-route-moved': {
    signature: { kind: 'cell', patterns: [{ neighbour: 'held', fdb: 'changed', route: 'lost' }] },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ subject, observers }) => \`\${subject} has moved away from \${observers}.\`,
    effect: packetsAreLost,
    fix: AT_OBSERVERS,
  },`,
  },
  {
    file: 'lab/faults/registry.ts',
    before: "  'underlay-moved': underlayMoved,",
    line: `
  'underlay-and-route-moved': {
    ...underlayMoved,
    cause: 'underlay-and-route-moved',
    inject: async (machines) => {
      await underlayMoved.inject(machines);
      await routeMissing.inject(machines);
    },
  },`,
  },
] as const;

const PROGRAM = `
import { cluster } from './test/support/cluster.ts';
import { findings } from './test/support/findings.ts';
import { decisions } from './test/support/runs.ts';
const lost = { subject: 'master1' };
const sees = cluster(6).listed().change('fdb', lost).lose('route', lost);
const [decision] = await decisions([{ sees }]);
console.log(JSON.stringify({ findings: findings(sees), page: decision.pages[0].text }));
`;

const PROJECT = 'tsconfig.copy.json';

let copy = '';

beforeAll(async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'vtepwatch-new-cause-'));
  for (const name of COPIED) {
    await cp(path.join(ROOT, name), path.join(copy, name), {
      recursive: true,
      filter: (source) => path.basename(source) !== 'fixtures',
    });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const project = { extends: './tsconfig.json', include: COMPILED };
  await writeFile(path.join(copy, PROJECT), JSON.stringify(project));
});

afterAll(() => rm(copy, { recursive: true }));

async function insert({ file, before, line }: (typeof RECIPE)[number]): Promise<void> {
  const where = path.join(copy, file);
  const text = await readFile(where, 'utf8');
  expect(text.split(before)).toHaveLength(2);
  await writeFile(
    where,
    text.replace(before, () => `${line}\n${before}`),
  );
}

async function compiled(): Promise<string> {
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', PROJECT], { cwd: copy }).catch(
    (error: { readonly stdout: string }) => error,
  );
  return stdout;
}

describe('a new cause', () => {
  const [line, row, fault] = RECIPE;

  test('does not compile without a row in the core and a fault in the lab', COMPILING, async () => {
    await insert(line);
    const errors = await compiled();
    const files = new Set(
      [...errors.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file]) => file),
    );
    expect(files).toEqual(new Set([row.file, fault.file]));
  });

  test('compiles with them, and nothing else need change', COMPILING, async () => {
    await insert(row);
    await insert(fault);
    expect(await compiled()).toBe('');
  });

  test('is found and paged', async () => {
    await writeFile(path.join(copy, 'program.ts'), PROGRAM);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.ts'], { cwd: copy });
    expect(JSON.parse(stdout)).toEqual({
      findings: ['subject master1 underlay-and-route-moved 5/5 critical'],
      page: expect.stringContaining(
        'underlay-and-route-moved: master1 has moved away from all 5 checked',
      ),
    });
  });
});
