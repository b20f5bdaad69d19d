#!/usr/bin/env node
/**
 * Changes one operator of the core at a time, runs the unit tests that are near it, and prints the mutants
 * that no test noticed. Works in place, on a checkout of its own: each file is put back at once.
 *
 *     node test/mutation/mutate.ts --minutes 20 --seed 1
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Mutant, mutantsOf, mutated } from './mutants.ts';

/** What is mutated, and the folders whose tests are near it. */
const NEAR = {
  overlay: ['overlay', 'members', 'matrix'],
  digest: ['digest', 'run'],
  matrix: ['matrix', 'digest', 'diagnose'],
  diagnose: ['diagnose', 'page', 'report', 'fix'],
  incident: ['incident', 'run', 'page'],
} as const;

/** They try thousands of inputs, and would take most of the time. */
const SLOW = ['any-history', 'any-matrix', 'same-verdict', 'bound', 'hostile', 'situations'];

/** A mutant that has not ended by then runs for ever, which is noticed, too. */
const ENDLESS_MS = 120_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const until = Date.now() + Number(values.minutes) * 60_000;

const mutants = Object.entries(NEAR).flatMap(([folder, near]) =>
  globSync(`shared/core/${folder}/*.ts`).flatMap((file) =>
    mutantsOf(file, readFileSync(file, 'utf8')).map((mutant) => ({ near, mutant })),
  ),
);
process.stdout.write(`${mutants.length} mutants; a sample in ${values.minutes} minutes\n`);

let killed = 0;
let survived = 0;
for (const { near, mutant } of shuffled(mutants, Number(values.seed))) {
  if (Date.now() > until) break;
  const isNoticed = notices(mutant, near);
  const { file, line, from, to } = mutant;
  const fate = isNoticed ? 'killed' : 'survived';
  process.stdout.write(`${fate} ${file}:${line} "${from.trim()}" as "${to.trim()}"\n`);
  if (isNoticed) killed += 1;
  else survived += 1;
}
process.stdout.write(`${killed + survived} tried: ${killed} killed, ${survived} survived\n`);

function notices(mutant: Mutant, near: readonly string[]): boolean {
  const right = readFileSync(mutant.file, 'utf8');
  const tests = near.map((folder) => `test/shared/core/${folder}/`);
  const skipped = SLOW.flatMap((name) => ['--exclude', `test/**/${name}.test.ts`]);
  const options = ['--project', 'unit', '--bail', '1', '--maxWorkers', '1', ...skipped];
  try {
    writeFileSync(mutant.file, mutated(right, mutant));
    const { status } = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...options, ...tests],
      { stdio: 'ignore', timeout: ENDLESS_MS, killSignal: 'SIGKILL' },
    );
    return status !== 0;
  } finally {
    writeFileSync(mutant.file, right);
  }
}

/** The same order for the same seed: Fisher and Yates, with Lehmer's generator. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const order = [...items];
  let state = seed % 2_147_483_647 || 1;
  for (let left = order.length - 1; left > 0; left -= 1) {
    state = (state * 48_271) % 2_147_483_647;
    const [one, two] = [order[left], order[state % (left + 1)]];
    if (one === undefined || two === undefined) continue;
    order[left] = two;
    order[state % (left + 1)] = one;
  }
  return order;
}
