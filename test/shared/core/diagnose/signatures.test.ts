import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';

const PAIR = { observer: 'node1', subject: 'node2' };
const SIX = cluster(6).listed();

function named(damaged: Cluster): readonly string[] {
  return judge(damaged.facts()).findings.map(({ cause, otherCauses }) =>
    [cause, ...otherCauses].join(' or '),
  );
}

describe('a cause that explains nothing of what was seen lost', () => {
  test('is none where only a route was seen, and is gone', () => {
    const routes = SIX.hide('neighbours').hide('fdb').lose('route', PAIR);
    const [found = ''] = named(routes);
    expect(found).toMatch(/^route-missing/);
    expect(found).not.toMatch(/mac/);
  });

  test('comes after one that does, where only an FDB entry was seen, and is gone', () => {
    const [found = ''] = named(SIX.hide('neighbours').hide('routes').lose('fdb', PAIR));
    expect(found).toMatch(/^fdb-missing or /);
  });

  test('comes after one that does, where only an FDB entry was seen, and leads elsewhere', () => {
    const [found = ''] = named(SIX.hide('neighbours').change('fdb', PAIR));
    expect(found).toMatch(/^underlay-moved/);
  });

  test.for(['stale-mac', 'mac-drift'] as const)('is named beside %s', (cause) => {
    const changed = cause === 'stale-mac' ? SIX.renew('node2') : SIX.drift('node2');
    expect(named(changed.lose('route', { subject: 'node2' }))).toEqual([
      `${cause} or route-missing`,
    ]);
  });

  test('is none where a new MAC address has no FDB entry: the FDB knows nodes by it', () => {
    expect(named(SIX.renew('node2'))).toEqual(['stale-mac']);
  });
});
