import { between, chance } from '../chance.ts';
import { entriesOf } from './entries.ts';
import { Agenda } from './agenda.ts';
import { ClusterApi, leaseOf, type NodeObject } from './cluster-api.ts';
import { boot, type Host, type Lease, newHost, stopFlanneld } from './host.ts';

/** What is wrong with services, until when (epoch milliseconds). */
interface ServiceTroubles {
  throttled: { readonly share: number; readonly until: number };
  listFailsUntil: number;
  /** By name of the master. */
  readonly stale: Map<string, { readonly lagMs: number; readonly until: number }>;
}

/** How long a caller of the API waits before the next try. */
const API_RETRY_SECONDS = 5;

/**
 * The modelled truth: hosts with their kernels, what flannel does on them, and the nodes of Kubernetes.
 * It follows flannel's own code: a lease is programmed when flanneld starts and when it hears of a
 * change, and never again.
 */
export class World {
  readonly agenda: Agenda;
  readonly api = new ClusterApi();
  readonly troubles: ServiceTroubles = {
    throttled: { share: 0, until: 0 },
    listFailsUntil: 0,
    stale: new Map(),
  };
  readonly #keepsMac: boolean;
  #hosts: readonly Host[] = [];

  constructor(start: number, options: { readonly keepsMac: boolean }) {
    this.agenda = new Agenda(start);
    this.#keepsMac = options.keepsMac;
  }

  get now(): number {
    return this.agenda.now;
  }

  /** All that ever were. */
  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** The running host of a node of the cluster. */
  member(name: string): Host | undefined {
    const node = this.api.now().get(name);
    return this.#hosts.find(
      ({ instanceId, bootedAt }) => instanceId === node?.instanceId && bootedAt !== undefined,
    );
  }

  members(): readonly Host[] {
    return [...this.api.now().keys()].flatMap((name) => this.member(name) ?? []);
  }

  isMember(host: Host): boolean {
    return this.member(host.name) === host;
  }

  /** Does what needs an API server once a master runs. */
  withApi(act: () => void): void {
    if (this.#isApiUp()) act();
    else this.after(API_RETRY_SECONDS, () => this.withApi(act));
  }

  #isApiUp(): boolean {
    return this.#hosts.some(({ master, bootedAt }) => master && bootedAt !== undefined);
  }

  after(seconds: number, happen: () => void): void {
    this.agenda.at(this.now + seconds * 1000, happen);
  }

  /** How far an API server's cache is behind, milliseconds. */
  lagOf(master: string): number {
    const stale = this.troubles.stale.get(master);
    if (stale !== undefined && stale.until > this.now) return stale.lagMs;
    return between([20, 1500], 'lag', master, this.now);
  }

  /** A host that has not booted yet. */
  addHost(name: string, address: number): Host {
    const serial = this.#hosts.length.toString(16).padStart(17, '0');
    const host = newHost({
      instanceId: `i-${serial}`,
      name,
      underlayIp: addressOf(address),
      master: name.startsWith('master'),
    });
    this.#hosts = [...this.#hosts, host];
    return host;
  }

  bootHost(host: Host): void {
    boot(host, this.now);
    host.registered = true;
  }

  register(host: Host, cidr: number): void {
    const serial = `${host.instanceId.slice(-8)}${this.now.toString(16).slice(-4)}`;
    this.api.put(
      {
        name: host.name,
        uid: `00000000-0000-4000-8000-${serial.padStart(12, '0')}`,
        instanceId: host.instanceId,
        internalIp: host.underlayIp,
        podCidr: podCidrOf(cidr),
        master: host.master,
        createdAt: this.now,
        published: undefined,
      },
      this.now,
    );
  }

  deleteNode(name: string): void {
    if (!this.api.now().has(name)) return;
    this.api.delete(name, this.now);
    this.#tellPeers(name, (host) => {
      forget(host, name);
    });
  }

  /** Deletes the object of a node that flannel has annotated, and makes it again as the kubelet does: without annotations. */
  remakeNode(name: string): boolean {
    const node = this.api.now().get(name);
    if (node?.published === undefined) return false;
    this.deleteNode(name);
    const serial = `${node.uid.slice(-8)}${this.now.toString(16).slice(-4)}`;
    const uid = `00000000-0000-4000-9000-${serial.padStart(12, '0')}`;
    this.api.put({ ...node, uid, createdAt: this.now, published: undefined }, this.now);
    return true;
  }

  /** As flanneld starts: device, annotations, every peer. It removes nothing. */
  startFlanneld(host: Host, options: { readonly newDevice: boolean }): void {
    if (host.bootedAt === undefined) return;
    const node = this.api.now().get(host.name);
    if (node?.instanceId !== host.instanceId) {
      const boots = host.boots;
      // The kubelet has not registered its node yet.
      this.after(API_RETRY_SECONDS, () => {
        if (host.boots === boots && this.#isRegistering(host)) this.startFlanneld(host, options);
      });
      return;
    }
    stopFlanneld(host);
    host.flanneldSince = this.now;
    const { device } = host.kernel;
    if (device === undefined || options.newDevice) this.#makeDevice(host, node);
    host.kernel.setUp(true);
    this.publish(host, node);
    for (const lease of this.#leasesFor(host)) program(host, ...lease);
  }

  /** Writes the device's MAC on the node. Peers in `deaf` do not hear of it. */
  publish(host: Host, node: NodeObject, deaf: ReadonlySet<Host> = new Set()): void {
    const { device } = host.kernel;
    if (device === undefined) return;
    const published = { mac: device.mac, publicIp: host.underlayIp };
    const known = node.published;
    if (known?.mac === published.mac && known.publicIp === published.publicIp) return;
    const next = { ...node, published };
    this.api.put(next, this.now);
    const lease = leaseOf(next);
    this.#tellPeers(host.name, (peer) => {
      if (lease !== undefined && !deaf.has(peer)) program(peer, host.name, lease);
    });
  }

  /** Deleted and made again, as an upgrade does it that changes the device. */
  #makeDevice(host: Host, node: NodeObject): void {
    host.devices += 1;
    const kept = this.#keepsMac ? node.published?.mac : undefined;
    host.kernel.setDevice({
      index: 3 + host.devices,
      mac: kept ?? macOf(host.instanceId, host.devices),
      tunnelIp: node.podCidr.replace(/\/.*$/, ''),
    });
  }

  #isRegistering(host: Host): boolean {
    return host.bootedAt !== undefined && host.flanneldSince === undefined;
  }

  #leasesFor(host: Host): readonly (readonly [string, Lease])[] {
    return [...this.api.now().values()].flatMap((node) => {
      const lease = node.name === host.name ? undefined : leaseOf(node);
      return lease === undefined ? [] : [[node.name, lease] as const];
    });
  }

  /** Each flanneld hears of a change in its own time; one that starts later has read it already. */
  #tellPeers(name: string, hear: (host: Host) => void): void {
    const changedAt = this.now;
    for (const host of this.#hosts) {
      if (host.name === name) continue;
      this.agenda.at(changedAt + watchDelayMs(host), () => {
        if ((host.flanneldSince ?? Infinity) <= changedAt) hear(host);
      });
    }
  }
}

/** Sets the entries of a lease on this host's device, unless flanneld knows the lease already. */
function program(host: Host, name: string, lease: Lease): void {
  const known = host.leases.get(name);
  if (JSON.stringify(known) === JSON.stringify(lease)) return;
  host.leases.set(name, lease);
  // flannel logs an error, and goes on.
  if (host.kernel.device === undefined) return;
  for (const entry of entriesOf(lease)) host.kernel.set(entry);
}

function forget(host: Host, name: string): void {
  const lease = host.leases.get(name);
  if (lease === undefined) return;
  host.leases.delete(name);
  host.kernel.remove('neighbour', lease.tunnelIp);
  host.kernel.remove('fdb', lease.mac);
  host.kernel.remove('route', lease.podCidr);
}

/** Most watches deliver within two seconds, and some hosts are behind a busy API server. */
function watchDelayMs({ instanceId }: Host): number {
  const drawn = chance('watch', instanceId);
  return drawn < 0.1 ? 3000 + drawn * 90_000 : 100 + drawn * 2000;
}

function addressOf(address: number): string {
  return `172.16.${Math.floor(address / 200)}.${10 + (address % 200)}`;
}

function podCidrOf(cidr: number): string {
  return `10.${128 + Math.floor(cidr / 256)}.${cidr % 256}.0/24`;
}

/** Of one station, and administered locally, as every MAC that the kernel makes. */
export function macOf(instanceId: string, generation: number): string {
  const octets = Array.from({ length: 6 }, (_, at) =>
    Math.floor(chance('mac', instanceId, generation, at) * 256),
  );
  return octets
    .map((octet, at) => (at === 0 ? (octet & 0xfc) | 2 : octet))
    .map((octet) => octet.toString(16).padStart(2, '0'))
    .join(':');
}
