import path from 'node:path';
import type { Machine, Machines } from '../machines/machine.ts';
import {
  ADMIN_KUBECONFIG_PATH,
  API_SERVER_MANIFEST_PATH,
  apiServerManifest,
  kubeconfig,
} from './access.ts';
import { ensureKubectl, type Kubectl } from './kubectl-on-masters.ts';
import type { Address, ApiServerOrder } from './orders.ts';
import { type Program, startProgram } from './programs.ts';

/** What all API servers of a cluster have in common. */
export type Cluster = Omit<ApiServerOrder, 'master' | 'listen' | 'socket'>;

interface ApiServer {
  readonly master: Machine;
  readonly program: Program;
  /** Where the masters reach it. */
  readonly address: Address;
  readonly url: string;
  /** The socket by which other network namespaces reach it. */
  readonly socket: string;
}

const API_PORT = 6443;
const LOCALHOST = '127.0.0.1';

/** Starts one API server on each master. All are ended if one cannot be started. */
export async function startApiServers(
  { machines }: Machines,
  cluster: Cluster,
): Promise<readonly ApiServer[]> {
  const masters = machines.filter(({ master }) => master);
  const settled = await Promise.allSettled(
    masters.map((master) => startApiServer(master, cluster)),
  );
  const servers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = settled.find((one) => one.status === 'rejected');
  if (failure !== undefined) {
    await Promise.all(servers.map(({ program }) => program.stop()));
    throw failure.reason;
  }
  return servers;
}

/**
 * Gives each master the files by which kubeadm's are known. Its admin.conf names a load balancer,
 * for which another master stands in; only the manifest tells the master's own API server. Says
 * which kubectl the masters have.
 */
export async function furnishMasters(
  servers: readonly ApiServer[],
  { tls, token }: Pick<Cluster, 'tls' | 'token'>,
): Promise<Kubectl> {
  const kubectls = await Promise.all(
    servers.map(async ({ master, address }, index) => {
      const server = servers[(index + 1) % servers.length]?.url ?? '';
      await master.write(ADMIN_KUBECONFIG_PATH, kubeconfig({ server, tls, token }));
      await master.write(API_SERVER_MANIFEST_PATH, apiServerManifest(address));
      return ensureKubectl(master);
    }),
  );
  return kubectls[0] ?? 'own';
}

async function startApiServer(master: Machine, cluster: Cluster): Promise<ApiServer> {
  const socket = path.join(cluster.commonDirectory, `${master.name}.sock`);
  const real = cluster.overlay === 'real';
  const order: ApiServerOrder = {
    ...cluster,
    master: master.name,
    listen: real
      ? [master.underlayIp, LOCALHOST].map((host) => ({ host, port: API_PORT }))
      : [{ host: LOCALHOST, port: 0 }],
    socket,
  };
  const program = await startProgram(master, 'api-server.ts', order);
  const [port = API_PORT] = program.ports;
  const address = { host: real ? master.underlayIp : LOCALHOST, port };
  return { master, program, address, url: `https://${address.host}:${address.port}`, socket };
}
