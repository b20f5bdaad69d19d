import { expect, test } from 'vitest';
import { SERIES_MAX } from '../../../shared/contract/telemetry.ts';
import { seriesPer } from '../../../infra/monitoring/telemetry-document.ts';

test('a cluster has at most 7 series a node, 2 a master and 60', () => {
  expect(SERIES_MAX).toEqual({ node: 7, master: 2, cluster: 60 });
});

test.for(['node', 'master', 'cluster'] as const)(
  'the table has no more series for a %s than it may',
  (per) => {
    expect(seriesPer(per)).toBeGreaterThan(0);
    expect(seriesPer(per)).toBeLessThanOrEqual(SERIES_MAX[per]);
  },
);
