import type { Cause } from '../../shared/contract/causes.ts';
import {
  entriesMissing,
  fdbMissing,
  neighbourMissing,
  neverProgrammed,
  routeMissing,
} from './entries-lost.ts';
import { macMismatch, neighbourNotPermanent, staleMac, underlayMoved } from './entries-wrong.ts';
import type { Fault } from './fault.ts';
import { macDrift } from './mac-drift.ts';
import {
  deviceMissing,
  neighboursAndRoutesLost,
  neighboursFlushed,
  tablesEmpty,
} from './observer-lost.ts';
import { partition } from './partition.ts';

/** Every cause that the product can name, as a fault that can be injected. */
export const FAULTS: Readonly<Record<Cause, Fault>> = {
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
};
