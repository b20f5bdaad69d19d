import { describe, expect, test } from 'vitest';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';

const SIX = cluster(6);
const LOST = SIX.lose('neighbour', { subject: 'master1' });

async function evidence(sees: Cluster): Promise<readonly string[]> {
  const { reported } = await decided(sees.facts());
  return reported.flatMap((incident) => incident.evidence);
}

describe('what else the evidence fits', () => {
  test.for([
    ['routes', 'ip route show dev flannel.1 (is 10.68.0.0 there?)'],
    ['fdb', 'bridge fdb show dev flannel.1 (is 36:9b:9c:53:00:00 there?)'],
  ] as const)('is a loss in the %s that nobody showed: %s', async ([table, command]) => {
    expect(await evidence(LOST.hide(table))).toContain(
      `It may also be entries-missing. To tell them apart, on master2: ${command}`,
    );
  });

  test('is nothing where every table was read', async () => {
    expect((await evidence(LOST)).join('\n')).not.toContain('may also');
  });

  test('is no doubt where some nodes lack other entries than most', async () => {
    const mixed = LOST.lose('route', { subject: 'master1', observer: 'node2' });
    expect(await evidence(mixed)).toContain(
      'Some of these entries are missing or wrong as in entries-missing.',
    );
  });
});
