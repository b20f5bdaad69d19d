import type { Host } from '../machines/machine.ts';

/** A host of a crowd, with what tells it from all others. */
export interface CrowdHost extends Host {
  readonly bootId: string;
  /** The kernel's index of its overlay device. */
  readonly deviceIndex: number;
}

/** The length of the prefix of the network that all hosts are in. */
export const UNDERLAY_LENGTH = 12;

/** The first `masters` of them are masters. */
export function crowdHosts(count: number, masters: number): readonly CrowdHost[] {
  return Array.from({ length: count }, (_, index) =>
    index < masters
      ? crowdHost(index, `master${index + 1}`, true)
      : crowdHost(index, `node${index - masters + 1}`, false),
  );
}

function crowdHost(index: number, name: string, master: boolean): CrowdHost {
  const [high, low] = [Math.floor(index / 256), index % 256];
  const tunnelIp = `10.${128 + high}.${low}.0`;
  const hex = index.toString(16).padStart(12, '0');
  return {
    name,
    instanceId: `mi-${String(index).padStart(17, '0')}`,
    master,
    underlayIp: `172.16.${high}.${low}`,
    tunnelIp,
    podCidr: `${tunnelIp}/24`,
    vtepMac: macOf(index),
    bootId: `b0070000-0000-4000-8000-${hex}`,
    deviceIndex: 4,
  };
}

/**
 * A MAC as random as those that the kernel makes, and the same in each run. Each generation of a
 * host's device has another.
 */
export function macOf(index: number, generation = 0): string {
  const first = scrambled(index + 65_536 * generation);
  const second = scrambled(first ^ 0x5bd1_e995);
  const octets = [first >>> 24, first >>> 16, first >>> 8, first, second >>> 8, second];
  // Of one station, and administered locally, as every MAC that the kernel makes.
  return octets
    .map((octet, at) => (at === 0 ? (octet & 0xfc) | 2 : octet & 0xff))
    .map((octet) => octet.toString(16).padStart(2, '0'))
    .join(':');
}

/** A 32-bit hash: https://nullprogram.com/blog/2018/07/31/ (lowbias32). */
export function scrambled(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
