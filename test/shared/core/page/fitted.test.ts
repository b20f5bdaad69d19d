import { expect, test } from 'vitest';
import { type Chunk, fitted } from '../../../../shared/core/page/fitted.ts';
import { pageOf } from '../../../../shared/core/page/page.ts';
import { incidentOf } from '../../../golden/cases.ts';
import { NOW } from '../../../support/cluster.ts';

const shortened = (steps: number): string => `shortened by ${steps} steps`;

const needed: Chunk = { rank: 0, lines: ['who, and what to do'] };

function section(title: string, ...chunks: readonly Chunk[]): readonly Chunk[] {
  const frame = { rank: 3, frames: title } as const;
  return [
    { ...frame, lines: [title] },
    ...chunks.map((chunk) => ({ ...chunk, section: title })),
    { ...frame, lines: [''] },
  ];
}

test('a title goes with the last line that stood under it', () => {
  const long: Chunk = { rank: 4, lines: ['x'.repeat(5000)] };
  const text = fitted([needed, ...section('Why', long)], shortened);
  expect(text).not.toContain('Why');
  expect(text).toContain('who, and what to do');
});

test('lines that fit come back where a long step had to go, and the step is counted', () => {
  const step: Chunk = { rank: 5, whole: true, lines: ['y'.repeat(5000)] };
  const line: Chunk = { rank: 8, lines: ['since when'] };
  const text = fitted([needed, ...section('Fix', step), ...section('Why', line)], shortened);
  expect(text).toContain('since when');
  expect(text).not.toContain('yyy');
  expect(text).toContain('shortened by 1 steps');
});

test('names of 253 characters take no command from a page', async () => {
  const incident = await incidentOf('neighbour-missing', 'many');
  const longNames = (hosts: readonly string[]): string[] =>
    hosts.map((host) => `${host}.${'a'.repeat(60)}.${'b'.repeat(180)}`.slice(0, 253));
  const fix = incident.fix.map((step) => ({ ...step, hosts: longNames(step.hosts) }));
  const { text } = pageOf(
    { kind: 'opened', incident: { ...incident, fix } },
    { cluster: 'prod', now: NOW },
  );
  expect(text).toContain(incident.fix[0]?.remotely?.[0] ?? 'none');
});
