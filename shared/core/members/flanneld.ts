/** Hosts on which flannel should run as a process of its own, and does not. */
import type { Profile } from '../overlay/profile.ts';
import type { Install } from '../overlay/vtep.ts';
import type { Member } from './member.ts';

/** What runs flannel as `flanneld`. k3s runs it within itself. */
const RUN_FLANNELD: ReadonlySet<Install | undefined> = new Set(['canal', 'flannel', 'rke2']);

/** Until then after a boot it may not have run for the first time, seconds. */
const FIRST_RUN_SECONDS = 360;

/**
 * The nodes whose host has flannel's device and no flanneld: nothing programs it while the cluster changes.
 * Where no host shows one, the script may not see the processes of its hosts, and nobody is said to lack it.
 */
export function nodesWithoutFlanneld(
  members: readonly Member[],
  { agent }: Profile,
): ReadonlySet<string> {
  if (agent !== 'flannel') return new Set();
  const hosts = members.flatMap(({ node, observed, grace }) =>
    grace === undefined && observed !== undefined && RUN_FLANNELD.has(observed.host.install)
      ? [{ node, observed }]
      : [],
  );
  if (hosts.every(({ observed }) => observed.host.flanneldSeconds === undefined)) return new Set();
  const without = hosts.filter(
    ({ observed: { host, tables } }) =>
      host.flanneldSeconds === undefined &&
      (host.uptimeSeconds ?? 0) >= FIRST_RUN_SECONDS &&
      tables.devices?.some(({ name }) => name.startsWith('flannel')),
  );
  return new Set(without.map(({ node }) => node));
}
