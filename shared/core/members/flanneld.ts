/** Hosts on which flannel should run as a process of its own, and does not. */
import type { Profile } from '../overlay/profile.ts';
import type { Install } from '../overlay/vtep.ts';
import type { Member } from './member.ts';

/** What runs flannel as `flanneld`. k3s runs it within itself. */
const RUN_FLANNELD: ReadonlySet<Install | undefined> = new Set(['canal', 'flannel', 'rke2']);

/** Until then after a boot it may not have run for the first time, seconds. */
const FIRST_RUN_SECONDS = 360;

/** What is known of flanneld on the hosts that should run it. */
interface Flanneld {
  /** The nodes whose host has flannel's device and no flanneld: nothing programs it while the cluster changes. */
  readonly without: ReadonlySet<string>;
  /**
   * No host shows one: then none may run, or the script may not see the processes of its hosts. Nobody is said to
   * lack it, and nobody to have it.
   */
  readonly isUnseen: boolean;
}

const NOTHING_KNOWN: Flanneld = { without: new Set(), isUnseen: false };

export function flanneldOn(members: readonly Member[], { agent }: Profile): Flanneld {
  if (agent !== 'flannel') return NOTHING_KNOWN;
  const hosts = members.flatMap(({ node, observed, grace }) =>
    grace === undefined && observed !== undefined && RUN_FLANNELD.has(observed.host.install)
      ? [{ node, observed }]
      : [],
  );
  const without = hosts.filter(
    ({ observed: { host, tables } }) =>
      host.flanneldSeconds === undefined &&
      (host.uptimeSeconds ?? 0) >= FIRST_RUN_SECONDS &&
      tables.devices?.some(({ name }) => name.startsWith('flannel')),
  );
  const isUnseen = hosts.every(({ observed }) => observed.host.flanneldSeconds === undefined);
  return isUnseen
    ? { without: new Set(), isUnseen: without.length > 0 }
    : { without: new Set(without.map(({ node }) => node)), isUnseen };
}
