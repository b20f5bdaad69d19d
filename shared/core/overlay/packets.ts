import type { IpAddress } from './addresses.ts';

/**
 * What a host tries with packets, over the overlay: an ICMP echo with a small payload, one as large as the
 * device carries, and a TCP connection to kube-proxy's health port.
 */
export const PACKET_TESTS = ['small', 'full', 'tcp'] as const;

export type PacketTest = (typeof PACKET_TESTS)[number];

/**
 * What became of one test. `answered`: the peer said something, a refusal too. `too-big`: this host's kernel
 * knows of a path that carries less. `unreachable`: somebody said so, or the kernel has no neighbour.
 * `untried`: this host has no tool for it, or its own firewall forbids it.
 */
export type Reply = 'answered' | 'lost' | 'too-big' | 'unreachable' | 'untried';

/** A peer that a host sent packets to. */
export interface TriedPeer {
  /** Its tunnel IP. */
  readonly ip: IpAddress;
  readonly replies: Readonly<Record<PacketTest, Reply>>;
  /** Something listens there and has accepted the connection: it was answered by more than a refusal. */
  readonly isConnected?: true;
  /** What this host's kernel thinks that the path carries, bytes; undefined where all tests went their way. */
  readonly pathMtu?: number | undefined;
}

/** How many packets an overlay device received and sent while a host tried its peers. */
export interface DeviceTraffic {
  readonly device: string;
  readonly received: number;
  readonly sent: number;
}

/** What one host says of packets. */
export interface HostPackets {
  readonly tried: readonly TriedPeer[];
  readonly traffic: readonly DeviceTraffic[];
}

/**
 * Which tests a node has ever answered to anybody, and in which anybody has ever answered it. A firewall that
 * always dropped a test says nothing of the overlay when it drops it again.
 */
export interface PacketHistory {
  readonly answers: readonly PacketTest[];
  readonly isAnswered: readonly PacketTest[];
}
