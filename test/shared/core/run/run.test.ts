import { describe, expect, test } from 'vitest';
import type { Answers } from '../../../../shared/core/run/hosts.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { cluster } from '../../../support/cluster.ts';

const LOST = cluster(6).lose('neighbour', { subject: 'master1' });

/** The problems of a run in which all peers lost master1 and the second look brought this. */
async function problemsAfter(again: Answers): Promise<readonly string[]> {
  const hosts = { ...recorded([]), again: async () => again };
  const { problems, incidents } = reportOf(await run(LOST.facts(), [], hosts));
  expect(incidents.map(({ phase }) => phase)).toEqual(['suspected']);
  // No host of this cluster shows a flanneld, whatever the second look brings.
  return problems
    .filter(({ where }) => where !== 'flannel')
    .map(({ where, message }) => `${where}: ${message}`);
}

describe('a second look', () => {
  test('that the service refused leaves its problem in the report', async () => {
    const problems = [
      { where: 'Systems Manager', message: 'asking for entries: ThrottlingException' },
    ];
    expect(await problemsAfter({ observations: [], problems })).toEqual([
      'Systems Manager: asking for entries: ThrottlingException',
    ]);
  });

  test('that a host did not answer names the host and the reason', async () => {
    const silent = {
      kind: 'unknown',
      instanceId: 'mi-1',
      node: 'node1',
      reason: 'it is no longer registered with Systems Manager',
      error: 'undeliverable',
    } as const;
    expect(await problemsAfter({ observations: [silent], problems: [] })).toEqual([
      'node1: second look: it is no longer registered with Systems Manager',
    ]);
  });
});
