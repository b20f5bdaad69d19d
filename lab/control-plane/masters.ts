import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { ApiConduct } from '../damage.ts';
import type { Machine, Machines } from '../machines/machine.ts';
import {
  ADMIN_KUBECONFIG_PATH,
  API_SERVER_MANIFEST_PATH,
  apiServerManifest,
  kubeconfig,
} from './access.ts';
import { ensureKubectl, type Kubectl } from './kubectl-on-masters.ts';
import { type Address, type ApiServerOrder, setDelay } from './orders.ts';
import { type Program, startProgram } from './programs.ts';

/** What all API servers of a cluster have in common. */
export type Cluster = Omit<ApiServerOrder, 'master' | 'listen' | 'socket'>;

interface ApiServer {
  readonly master: Machine;
  /** From now on it does this. */
  behave(conduct: ApiConduct): Promise<void>;
  /** The latest lines of its log; none while it has stopped. */
  log(): readonly string[];
  stop(): Promise<void>;
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
    await Promise.all(servers.map((one) => one.stop()));
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
  const first = await startProgram(master, 'api-server.ts', order);
  const [port = API_PORT] = first.ports;
  const address = { host: real ? master.underlayIp : LOCALHOST, port };
  // Started again, it listens where it did before.
  const again = { ...order, listen: order.listen.map(({ host }) => ({ host, port })) };
  let program: Program | undefined = first;
  const stop = async (): Promise<void> => {
    await program?.stop();
    program = undefined;
    await rm(socket, { force: true });
  };
  return {
    master,
    address,
    url: `https://${address.host}:${address.port}`,
    socket,
    log: () => program?.log() ?? [],
    stop,
    behave: async (conduct) => {
      if (conduct === 'stopped') return await stop();
      const seconds = conduct === 'well' ? 0 : conduct.delaySeconds;
      setDelay(cluster.commonDirectory, master.name, seconds * 1000);
      program ??= await startProgram(master, 'api-server.ts', again);
    },
  };
}
