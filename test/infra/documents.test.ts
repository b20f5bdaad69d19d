import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterSchema } from '../../infra/cluster.ts';
import { CONTEXT_KEY, readClusters } from '../../infra/clusters.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const DEPLOY = readFileSync(path.join(ROOT, 'docs/deploy.md'), 'utf8');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The clusters of every block of JSON that lists some. */
function clustersIn(text: string): readonly unknown[] {
  return Array.from(text.matchAll(/^ *```json\n([^]*?)^ *```$/gm), ([, block = '']) => {
    const parsed = JSON.parse(block);
    return parsed[CONTEXT_KEY] ?? parsed.context?.[CONTEXT_KEY];
  }).filter((clusters) => clusters !== undefined);
}

describe('docs/deploy.md', () => {
  const rows = Array.from(DEPLOY.matchAll(/^\| `(\w+)` +\|/gm), ([, key]) => key);

  test('has a row for every setting, and none for what is no setting', () => {
    expect(new Set(rows)).toEqual(new Set(Object.keys(clusterSchema.shape)));
  });

  test.for(Object.entries(limitsSchema.parse({})))('tells the limit %s (%d)', ([limit, value]) => {
    expect(DEPLOY).toContain(`\`${limit}\` (${value})`);
  });

  test('adds up what a month costs', () => {
    const sums = Array.from(DEPLOY.matchAll(/^\| \*\*sum\*\*.*$/gm), ([line]) => figuresOf(line));
    const every = (title: string): readonly (readonly number[])[] =>
      (DEPLOY.split(title)[1]?.split('\n\n')[0] ?? '')
        .split('\n')
        .filter((line) => /\d\.\d\d +\|$/.test(line))
        .map(figuresOf);
    const added = [every('| every minute '), every('| every five minutes ')].map((lines) =>
      [0, 1, 2].map((at) =>
        lines.reduce((sum, line) => sum + Math.round(100 * (line[at] ?? 0)), 0),
      ),
    );
    expect(added).toEqual(sums.map((line) => line.map((figure) => Math.round(100 * figure))));
  });
});

/** The last three columns of a row. */
function figuresOf(line: string): readonly number[] {
  const columns = line.split('|').slice(-4, -1);
  return columns.map((column) => Number(column.replaceAll('*', '')));
}

test.for([
  ['README.md', README],
  ['docs/deploy.md', DEPLOY],
] as const)("%s's examples are settings that are taken", ([, text]) => {
  const examples = clustersIn(text);
  expect(examples).not.toEqual([]);
  for (const example of examples) expect(readClusters(example)).not.toEqual([]);
});
