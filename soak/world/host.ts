import type { PacketLoss } from '../story.ts';
import { Kernel } from './kernel.ts';

/** What keeps a host's answer from Systems Manager, or spoils it. */
export type AgentTrouble =
  | { readonly kind: 'offline' }
  /** The answer comes so much later. */
  | { readonly kind: 'slow'; readonly seconds: number }
  /** Half of the answer is missing. */
  | { readonly kind: 'cut' }
  /** "Success" with nothing, as from a host whose disk is full. */
  | { readonly kind: 'empty' };

/** A machine. Its successor under the same name or the same address is another one. */
export interface Host {
  readonly instanceId: string;
  readonly name: string;
  readonly underlayIp: string;
  readonly master: boolean;
  /** Epoch milliseconds; undefined while it is off. */
  bootedAt: number | undefined;
  boots: number;
  kernel: Kernel;
  /** When flanneld last started; undefined while none runs. */
  flanneldSince: number | undefined;
  /** What flanneld was last told of each other node, by name. It ends with flanneld. */
  leases: Map<string, Lease>;
  trouble: AgentTrouble | undefined;
  /** Since when nothing reaches it, epoch milliseconds; undefined while something does. */
  quietSince: number | undefined;
  /** Whether Systems Manager knows it. */
  registered: boolean;
  /** How many devices it has had. */
  devices: number;
  /** What loses its packets, whatever its tables hold. */
  losses: readonly PacketLoss[];
}

/** What a node publishes of its end of the overlay, as flannel reads it from the node's annotations. */
export interface Lease {
  readonly podCidr: string;
  readonly tunnelIp: string;
  readonly mac: string;
  readonly publicIp: string;
}

export function newHost(
  identity: Pick<Host, 'instanceId' | 'name' | 'underlayIp' | 'master'>,
): Host {
  return {
    ...identity,
    bootedAt: undefined,
    boots: 0,
    kernel: new Kernel(),
    flanneldSince: undefined,
    leases: new Map(),
    trouble: undefined,
    quietSince: undefined,
    registered: false,
    devices: 0,
    losses: [],
  };
}

export function boot(host: Host, now: number): void {
  host.bootedAt = now;
  host.boots += 1;
  host.kernel = new Kernel();
  host.quietSince = undefined;
}

export function shutDown(host: Host, now: number): void {
  host.bootedAt = undefined;
  host.quietSince ??= now;
  stopFlanneld(host);
}

export function stopFlanneld(host: Host): void {
  host.flanneldSince = undefined;
  host.leases = new Map();
}

/** For as long as it lasts, the host's answers are late, spoilt, or do not come. */
export function befall(host: Host, trouble: AgentTrouble, now: number): void {
  host.trouble = trouble;
  if (trouble.kind === 'offline') host.quietSince ??= now;
}

export function recover(host: Host): void {
  host.trouble = undefined;
  if (host.bootedAt !== undefined) host.quietSince = undefined;
}
