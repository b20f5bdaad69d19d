/**
 * Thousands of hosts that answer from memory what the script would print on them: its own, second
 * reading of the contract. Each answer costs the lab well below a millisecond, and no shell runs.
 */
import type { AnsweringHost } from '../aws/ssm/nodes.ts';
import { answer } from './answers.ts';
import { UNDAMAGED } from './damage.ts';
import { createDigests } from './digest.ts';
import { type CrowdFault, type Damages, damagesBy } from './faults.ts';
import { crowdHosts } from './host.ts';

export interface Crowd {
  /** For the lab's Systems Manager. */
  readonly hosts: readonly AnsweringHost[];
  /** From now on these faults are there, and no others. */
  suffer(...faults: readonly CrowdFault[]): void;
}

export interface CrowdOptions {
  readonly size: number;
  /** How many of the hosts are masters. Default 0. */
  readonly masters?: number;
}

/** Old enough that no host is freshly booted. */
const UPTIME_SECONDS = 864_000;

export function createCrowd({ size, masters = 0 }: CrowdOptions): Crowd {
  const crowd = crowdHosts(size, masters);
  const digests = createDigests(crowd);
  const bootedAt = Date.now() - UPTIME_SECONDS * 1000;
  let damages: Damages = new Map();
  return {
    hosts: crowd.map((host) => ({
      ...host,
      answer: (parameters) => {
        const uptimeSeconds = (Date.now() - bootedAt) / 1000;
        const damage = damages.get(host) ?? UNDAMAGED;
        const [action = '', wanted = ''] = [parameters.get('Action'), parameters.get('Wanted')];
        return answer({ crowd, digests, host, damage, uptimeSeconds }, action, wanted);
      },
    })),
    suffer: (...faults) => {
      damages = damagesBy(faults, crowd);
    },
  };
}
