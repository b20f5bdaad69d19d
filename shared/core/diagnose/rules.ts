import type { Cause } from '../../contract/causes.ts';
import type { CauseRule } from './cause-rule.ts';
import { deviceMissing } from './causes/device-missing.ts';
import { entriesMissing } from './causes/entries-missing.ts';
import { fdbMissing } from './causes/fdb-missing.ts';
import { macDrift } from './causes/mac-drift.ts';
import { macMismatch } from './causes/mac-mismatch.ts';
import { neighbourMissing } from './causes/neighbour-missing.ts';
import { neighbourNotPermanent } from './causes/neighbour-not-permanent.ts';
import { neighboursAndRoutesLost } from './causes/neighbours-and-routes-lost.ts';
import { neighboursFlushed } from './causes/neighbours-flushed.ts';
import { neverProgrammed } from './causes/never-programmed.ts';
import { partition } from './causes/partition.ts';
import { routeMissing } from './causes/route-missing.ts';
import { staleMac } from './causes/stale-mac.ts';
import { tablesEmpty } from './causes/tables-empty.ts';
import { underlayMoved } from './causes/underlay-moved.ts';

/** Every cause with its rule; one that is missing here does not compile. */
export const RULES = {
  'device-missing': deviceMissing,
  'mac-drift': macDrift,
  partition,
  'tables-empty': tablesEmpty,
  'neighbours-and-routes-lost': neighboursAndRoutesLost,
  'neighbours-flushed': neighboursFlushed,
  'stale-mac': staleMac,
  'mac-mismatch': macMismatch,
  'underlay-moved': underlayMoved,
  'never-programmed': neverProgrammed,
  'entries-missing': entriesMissing,
  'neighbour-missing': neighbourMissing,
  'fdb-missing': fdbMissing,
  'route-missing': routeMissing,
  'neighbour-not-permanent': neighbourNotPermanent,
} satisfies Record<Cause, CauseRule>;
