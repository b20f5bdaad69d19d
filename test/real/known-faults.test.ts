import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KNOWN_FAULTS } from './known-faults.ts';

const sources = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(path.join(import.meta.dirname, file), 'utf8'))
  .join('\n');

/** The tests put the flannel's age, and the words before a colon, into the name of a scenario. */
function playedName(scenario: string): string {
  const [played = ''] = scenario.replace(/^fix of: /, '').split(/, (?:older|newer) flannel$/);
  return played;
}

it('every known fault is of a scenario that a test plays', () => {
  const unplayed = KNOWN_FAULTS.filter(({ scenario }) => !sources.includes(playedName(scenario)));
  expect(unplayed).toEqual([]);
});
