import { createHash } from 'node:crypto';
import type { Host } from '../machine.ts';

/** So many hosts, of which the first `masters` are masters. All are in one network, 172.16.0.0/12. */
export function simulatedHosts(count: number, masters = 0): readonly Host[] {
  return Array.from({ length: count }, (_, index) => simulatedHost(index, masters));
}

function simulatedHost(index: number, masters: number): Host {
  const [high, low] = [Math.floor(index / 256), index % 256];
  const tunnelIp = `10.${128 + high}.${low}.0`;
  const master = index < masters;
  return {
    name: master ? `master${index + 1}` : `node${index - masters + 1}`,
    instanceId: `mi-${String(index).padStart(17, '0')}`,
    master,
    underlayIp: `172.16.${high}.${low}`,
    tunnelIp,
    podCidr: `${tunnelIp}/24`,
    vtepMac: randomMac(index),
  };
}

/** A MAC as random as those that the kernel makes, and the same for the same seed. */
export function randomMac(seed: number): string {
  const first = scrambled(seed);
  const second = scrambled(first ^ 0x5bd1_e995);
  const octets = [first >>> 24, first >>> 16, first >>> 8, first, second >>> 8, second];
  // Of one station, and administered locally, as every MAC that the kernel makes.
  return octets
    .map((octet, at) => (at === 0 ? (octet & 0xfc) | 2 : octet & 0xff))
    .map((octet) => octet.toString(16).padStart(2, '0'))
    .join(':');
}

/** The MAC that a host's device had in an earlier life, before the last so many boots. */
export function formerMac({ vtepMac }: Host, boots: number): string {
  const now = Number.parseInt(vtepMac.slice(-11).replaceAll(':', ''), 16);
  return randomMac(scrambled(now) + boots);
}

export function bootIdOf({ instanceId }: Host, boots: number): string {
  const digest = createHash('sha256').update(`${instanceId}/${boots}`).digest('hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** A 32-bit hash: https://nullprogram.com/blog/2018/07/31/ (lowbias32). */
export function scrambled(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
