import type { Targets } from '../shared/contract/settings.ts';
import type { Place } from './account.ts';
import { HOST_TAG } from './agreed.ts';

/** The hosts of the trial, as Systems Manager selects them. */
export function hostTargetsOf(name: string): Targets {
  return [{ Key: `tag:${HOST_TAG}`, Values: [name] }];
}

/** What `cdk deploy -c config=FILE` reads: the least that a cluster needs, and a run every minute. */
export function clusterSettings(name: string, { account, region }: Place): object {
  return {
    clusters: [{ name, account, region, tags: { [HOST_TAG]: name }, scheduleMinutes: 1 }],
  };
}
