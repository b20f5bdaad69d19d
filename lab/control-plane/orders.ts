import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import path from 'node:path';
import * as z from 'zod/mini';

/** What the lab tells a program of the control plane, as one JSON document on its standard input. */

const hostSchema = z.object({
  name: z.string(),
  master: z.boolean(),
  underlayIp: z.string(),
  tunnelIp: z.string(),
  podCidr: z.string(),
  vtepMac: z.string(),
  /** What flannel has published of it. Default: its underlay IP. */
  publicIp: z.optional(z.string()),
  /** Whether flannel has annotated its node. Default: it has. */
  isAnnotated: z.optional(z.boolean()),
  zone: z.optional(z.string()),
});

export type ClusterHost = z.infer<typeof hostSchema>;

const addressSchema = z.object({ host: z.string(), port: z.number() });

export type Address = z.infer<typeof addressSchema>;

const tlsSchema = z.object({ certificate: z.string(), key: z.string() });

export type Tls = z.infer<typeof tlsSchema>;

/** `real`: packets take the overlay. `modelled`: the hosts' tables say whether they would. */
const overlaySchema = z.enum(['real', 'modelled']);

const podSchema = z.object({
  /** The node that it runs on. */
  node: z.string(),
  /** The address that the cluster knows it by. */
  ip: z.string(),
  /** Where it listens: on a modelled overlay, not at its own address. */
  listens: addressSchema,
});

export type Pod = z.infer<typeof podSchema>;

export const apiServerOrderSchema = z.object({
  /** The master that this API server runs on. */
  master: z.string(),
  hosts: z.readonly(z.array(hostSchema)),
  listen: z.array(addressSchema),
  /** A socket by which other network namespaces reach it. */
  socket: z.string(),
  tls: tlsSchema,
  token: z.string(),
  discovery: z.enum(['old', 'aggregated']),
  overlay: overlaySchema,
  pod: podSchema,
  dialSeconds: z.number(),
  /** Milliseconds since the epoch; the cluster's objects are 100 days older. */
  startedAt: z.number(),
  /** The directory that stands for etcd: what the API servers know in common. */
  commonDirectory: z.string(),
});

export type ApiServerOrder = z.infer<typeof apiServerOrderSchema>;

/**
 * How API servers answer discovery. `old`: one request for each group version, as before 1.27.
 * `aggregated`: all in one piece, to a kubectl that asks for it, as from 1.26 on.
 */
export type Discovery = ApiServerOrder['discovery'];

export const metricsPodOrderSchema = z.object({
  hosts: z.readonly(z.array(hostSchema)),
  listen: addressSchema,
  tls: tlsSchema,
  overlay: overlaySchema,
});

export type MetricsPodOrder = z.infer<typeof metricsPodOrderSchema>;

/** What a program answers on its standard output, as one line, once it listens. */
export const readySchema = z.object({ ports: z.array(z.number()) });

const HOSTS_FILE = 'hosts.json';

/** Tells the API servers which hosts are in the cluster from now on. */
export function listHosts(commonDirectory: string, hosts: readonly ClusterHost[]): void {
  const file = path.join(commonDirectory, HOSTS_FILE);
  writeFileSync(`${file}.next`, JSON.stringify(hosts));
  renameSync(`${file}.next`, file);
}

/** The hosts that are in the cluster. */
export function listedHosts({ commonDirectory }: ApiServerOrder): readonly ClusterHost[] {
  const text = readFileSync(path.join(commonDirectory, HOSTS_FILE), 'utf8');
  return z.array(hostSchema).parse(JSON.parse(text));
}

/** How long this API server waits before it lists nodes, in milliseconds. */
export function delayMs({ commonDirectory, master }: ApiServerOrder): number {
  try {
    return Number(readFileSync(delayFile(commonDirectory, master), 'utf8'));
  } catch {
    return 0;
  }
}

/** A master's API server waits so long from now on. */
export function setDelay(commonDirectory: string, master: string, milliseconds: number): void {
  writeFileSync(delayFile(commonDirectory, master), String(milliseconds));
}

function delayFile(commonDirectory: string, master: string): string {
  return path.join(commonDirectory, `delay-of-${master}`);
}

/** Listens at an address, or at a socket's path. Resolves with the port; 0 for a socket. */
export async function listenOn(server: Server, where: Address | string): Promise<number> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where.port, where.host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Tells the lab that this program listens. */
export function sayReady(ports: readonly number[]): void {
  const ready: z.infer<typeof readySchema> = { ports: [...ports] };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
