import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAUSES } from '../../../../shared/contract/causes.ts';

/**
 * Causes of plain signatures are added to a copy of the project, by the recipe alone: a line in the
 * contract and a row in the core. The lab then asks for a fault.
 */

const ROOT = path.join(import.meta.dirname, '../../../..');

const COPIED = ['cli', 'infra', 'lab', 'lambda', 'shared', 'test', 'tsconfig.json', 'package.json'];

/** All that knows causes; the deployment and its tests know them by the contract's texts alone. */
const COMPILED = ['cli', 'lab', 'lambda', 'shared', 'test/support'];

/** A compiler needs seconds of a free processor, and the other tests want it too. */
const COMPILING = { timeout: 120_000 };

interface Insertion {
  readonly file: string;
  /** The new lines stand before this line, which is there. */
  readonly before: string;
  readonly lines: string;
}

/** In the contract: a cause that a cell shows, and one that a whole row shows. */
const CONTRACT: readonly Insertion[] = [
  {
    file: 'shared/contract/causes.ts',
    before: "  'underlay-moved': {",
    lines: "  'underlay-and-route-moved': { scopes: CELL, severity: 'critical', pages: true },",
  },
  {
    file: 'shared/contract/causes.ts',
    before: "  'neighbours-flushed': {",
    lines: "  'fdb-flushed': { scopes: ROW, severity: 'critical', pages: true },",
  },
];

const ROWS: readonly Insertion[] = [
  {
    file: 'shared/core/diagnose/causes.ts',
    before: "  'underlay-moved': {",
    lines: `
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
    file: 'shared/core/diagnose/causes.ts',
    before: "  'neighbours-flushed': {",
    lines: `
  'fdb-flushed': {
    signature: { kind: 'row', pattern: { neighbour: 'held', fdb: 'lost', route: 'held' } },
    patience: byReach,
    harm: 'unreachable',
    summary: ({ observers }) => \`The FDB of \${observers} is empty.\`,
    effect: podsAreCutOff,
    fix: AT_OBSERVERS,
  },`,
  },
];

const FAULTS: readonly Insertion[] = [
  {
    file: 'lab/faults.ts',
    before: "  'underlay-moved': onPeers(",
    lines: `
  'underlay-and-route-moved': onPeers(
    'It moved.',
    held(['fdb'], { ...SUBJECT, underlayIp: FORMER.underlayIp }),
    lost('route'),
  ),
  'fdb-flushed': onObserver('It was flushed.', {
    kind: 'lost',
    tables: ['fdb'],
    on: [OBSERVER],
    of: 'all',
  }),`,
  },
];

/** One run over a cluster with each fault: what is found, paged, reported and measured. */
const PROGRAM = `
import { reportSchema } from './shared/contract/report.ts';
import { reportOf } from './shared/core/run/report.ts';
import { hostFigures } from './shared/core/telemetry/figures.ts';
import { changeOf, eventOf } from './shared/core/telemetry/events.ts';
import { pointsOf } from './shared/core/telemetry/points.ts';
import { cluster } from './test/support/cluster.ts';
import { findings } from './test/support/findings.ts';
import { decisions } from './test/support/runs.ts';
const lost = { subject: 'master1' };
const seen = [];
for (const sees of [
  cluster(6).listed().change('fdb', lost).lose('route', lost),
  cluster(6).listed().lose('fdb', { observer: 'node1' }),
]) {
  const [decision] = await decisions([{ sees }]);
  const report = reportSchema.parse(JSON.parse(JSON.stringify(reportOf(decision))));
  const figures = { ...hostFigures(decision.judgement, decision.facts.observations), latencies: decision.latencies, durationSeconds: 1, endedAtSeconds: 1 };
  const points = pointsOf(report, figures).filter(({ metric }) => metric === 'vtepwatch.cause.incidents');
  seen.push({
    findings: findings(sees),
    page: decision.pages[0].text,
    reported: report.incidents.map(({ cause }) => cause),
    fix: report.incidents.flatMap(({ fix }) => fix.map(({ kind }) => kind)),
    points: points.map(({ attributes }) => attributes['vtepwatch.cause']),
    events: decision.announcements.map((one) => eventOf('c', changeOf(one, 1)).attributes['vtepwatch.cause']),
  });
}
console.log(JSON.stringify(seen));
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

async function insert(insertions: readonly Insertion[]): Promise<void> {
  for (const { file, before, lines } of insertions) {
    const where = path.join(copy, file);
    const text = await readFile(where, 'utf8');
    expect(text.split(before)).toHaveLength(2);
    await writeFile(
      where,
      text.replace(before, () => `${lines}\n${before}`),
    );
  }
}

/** The files in which the compiler finds an error. */
async function errorFiles(): Promise<readonly string[]> {
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', PROJECT], { cwd: copy }).catch(
    (error: { readonly stdout: string }) => error,
  );
  const files = [...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file = '']) => file);
  return [...new Set(files)].toSorted();
}

describe('a new cause', () => {
  test('needs a line in the contract; then a row in the core is asked for', COMPILING, async () => {
    await insert(CONTRACT);
    expect(await errorFiles()).toEqual(['lab/faults.ts', 'shared/core/diagnose/causes.ts']);
  });

  test('is complete with the two: only the lab asks for its fault', COMPILING, async () => {
    await insert(ROWS);
    expect(await errorFiles()).toEqual(['lab/faults.ts']);
  });

  test('is found, paged, fixed, reported and measured', async () => {
    await writeFile(path.join(copy, 'program.ts'), PROGRAM);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.ts'], { cwd: copy });
    expect(JSON.parse(stdout)).toEqual([
      {
        findings: ['subject master1 underlay-and-route-moved 5/5 critical'],
        page: expect.stringContaining(
          'underlay-and-route-moved: master1 has moved away from all 5 checked',
        ),
        reported: ['underlay-and-route-moved'],
        fix: ['entries', 'restart'],
        points: ['underlay-and-route-moved'],
        events: ['underlay-and-route-moved'],
      },
      {
        findings: ['observer node1 fdb-flushed 5/5 critical'],
        page: expect.stringContaining('fdb-flushed: The FDB of node1 is empty.'),
        reported: ['fdb-flushed'],
        fix: ['entries', 'restart'],
        points: ['fdb-flushed'],
        events: ['fdb-flushed'],
      },
    ]);
  });

  test('can be injected with a fault in the lab', COMPILING, async () => {
    await insert(FAULTS);
    expect(await errorFiles()).toEqual([]);
  });
});

/** The two files in which a cause is written. */
const TABLES = ['shared/contract/causes.ts', 'shared/core/diagnose/causes.ts'];

test('no other file of the product names a cause', async () => {
  const names = new RegExp(`['"\`](?:${CAUSES.join('|')})['"\`]`);
  const naming: string[] = [];
  let read = 0;
  for (const folder of ['cli', 'infra', 'lambda', 'shared']) {
    const entries = await readdir(path.join(ROOT, folder), { recursive: true });
    for (const file of entries.filter((name) => name.endsWith('.ts'))) {
      read++;
      const where = `${folder}/${file}`;
      if (names.test(await readFile(path.join(ROOT, where), 'utf8'))) naming.push(where);
    }
  }
  expect(read).toBeGreaterThan(100);
  expect(naming.toSorted()).toEqual(TABLES);
});
