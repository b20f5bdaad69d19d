import { expect, test } from 'vitest';
import { SERIES_MAX } from '../../../shared/contract/telemetry.ts';
import { seriesPer } from '../../../infra/monitoring/telemetry-document.ts';

test.for(['node', 'master', 'cluster'] as const)(
  'the table has no more series for a %s than it may',
  (per) => {
    expect(seriesPer(per)).toBeGreaterThan(0);
    expect(seriesPer(per)).toBeLessThanOrEqual(SERIES_MAX[per]);
  },
);
