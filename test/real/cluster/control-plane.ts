import { generateKeyPairSync } from 'node:crypto';
import {
  ADMIN_KUBECONFIG_PATH,
  API_SERVER_MANIFEST_PATH,
  apiServerManifest,
  kubeconfig,
  makeCertificate,
} from '../../../lab/control-plane/access.ts';
import type { Machine } from '../../../lab/machines/machine.ts';
import type { RealPrograms } from '../programs.ts';
import { type Daemon, startDaemon, until } from './daemon.ts';
import { addressIn, GATEWAY, type RealHost } from './host.ts';
import type { Underlay } from './underlay.ts';

/** etcd, and a real API server on each master. */
export interface ControlPlane {
  readonly tls: Tls;
  /** What kubectl prints, as an administrator, on the host `control`. Throws where it fails. */
  readonly kubectl: (words: string, stdin?: string) => Promise<string>;
  /** A kubeconfig for the server of this URL, by default the first master's. */
  readonly kubeconfigFor: (access: Access) => string;
  /** The master's own API server. */
  readonly urlOf: (master: RealHost) => string;
  /** The same as a process, by the master's name. */
  readonly servers: ReadonlyMap<string, Daemon>;
}

interface Access {
  /** Default: an administrator's. */
  readonly token?: string;
  readonly server?: string;
}

type Tls = Awaited<ReturnType<typeof makeCertificate>>;

const API_PORT = 6443;
const ETCD = `http://${addressIn(0, GATEWAY)}:2379`;
const PKI = '/etc/kubernetes/pki';
const ADMIN_TOKEN = 'administrator';

/** So much fits below the file system in memory that a host's files are on. */
const ETCD_BYTES = 100_000_000;

/** The end of the hosts ends all of it. */
export async function startControlPlane(
  { control, machine }: Underlay,
  masters: readonly RealHost[],
  programs: RealPrograms,
): Promise<ControlPlane> {
  const tls = await makeCertificate(['127.0.0.1', ...masters.map(({ underlayIp }) => underlayIp)]);
  const urlOf = ({ underlayIp }: RealHost): string => `https://${underlayIp}:${API_PORT}`;
  const [first] = masters;
  if (first === undefined) throw new Error('a cluster needs a master');
  const kubeconfigFor: ControlPlane['kubeconfigFor'] = ({
    token = ADMIN_TOKEN,
    server = urlOf(first),
  }) => kubeconfig({ server, tls, token });

  await control.write(ADMIN_KUBECONFIG_PATH, kubeconfigFor({}));
  await control.run(['ln', '-s', programs.kubectl, '/usr/local/bin/kubectl']);
  const kubectl: ControlPlane['kubectl'] = async (words, stdin) => {
    const { exit, stdout, stderr } = await control.run(
      ['sh', '-c', `kubectl --kubeconfig=${ADMIN_KUBECONFIG_PATH} ${words}`],
      stdin === undefined ? {} : { stdin },
    );
    if (exit !== 0) throw new Error(`kubectl ${words}: ${stderr.trim()}`);
    return stdout;
  };

  const etcd = startDaemon(control, etcdCommand(programs));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const started = await Promise.all(
    masters.map(async (master) => {
      const host = machine(master.name);
      await furnish(host, programs, {
        [`${PKI}/server.crt`]: tls.certificate,
        [`${PKI}/server.key`]: tls.key,
        [`${PKI}/service-accounts.key`]: key,
        [`${PKI}/tokens.csv`]: `${ADMIN_TOKEN},administrator,1,system:masters\n`,
        // Whatever kubeadm's admin.conf leads to, a load balancer or another master.
        [ADMIN_KUBECONFIG_PATH]: kubeconfigFor({}),
        [API_SERVER_MANIFEST_PATH]: apiServerManifest({ host: master.underlayIp, port: API_PORT }),
      });
      return [master.name, startDaemon(host, apiServerCommand(master, programs))] as const;
    }),
  );
  const servers = new Map(started);
  let startsAgain = API_STARTS;
  for (const master of masters) {
    const isReady = async (): Promise<boolean> => {
      // An API server ends where it could not write its service's address in its first minute; a kubelet
      // starts it again.
      if (servers.get(master.name)?.running === false && startsAgain-- > 0) {
        servers.set(
          master.name,
          startDaemon(machine(master.name), apiServerCommand(master, programs)),
        );
      }
      for (const one of [etcd, ...servers.values()]) assertRuns(one);
      const words = [
        '--request-timeout=2s',
        `--server=${urlOf(master)}`,
        'get',
        '--raw',
        '/readyz',
      ];
      const config = `--kubeconfig=${ADMIN_KUBECONFIG_PATH}`;
      return (await control.run([programs.kubectl, config, ...words])).stdout === 'ok';
    };
    await until(`the API server of ${master.name} is ready`, isReady, READY_SECONDS);
  }
  return { tls, kubectl, kubeconfigFor, urlOf, servers };
}

/** How often API servers that end before they are ready are started again, and how long all that may take. */
const API_STARTS = 2;
const READY_SECONDS = 150;

async function furnish(
  machine: Machine,
  { kubectl }: RealPrograms,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await machine.run(['ln', '-s', kubectl, '/usr/local/bin/kubectl']);
  for (const [path, text] of Object.entries(files)) await machine.write(path, text);
}

function assertRuns({ running, log }: Daemon): void {
  if (!running) throw new Error(`the control plane ended: ${log.slice(-10).join('\n')}`);
}

function etcdCommand({ etcd }: RealPrograms): readonly string[] {
  return [
    etcd,
    '--data-dir=/var/lib/etcd',
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
    `--quota-backend-bytes=${ETCD_BYTES}`,
  ];
}

function apiServerCommand(
  { underlayIp }: RealHost,
  { kubeApiserver }: RealPrograms,
): readonly string[] {
  const certificate = `${PKI}/server.crt`;
  const key = `${PKI}/server.key`;
  return [
    kubeApiserver,
    `--etcd-servers=${ETCD}`,
    `--advertise-address=${underlayIp}`,
    `--secure-port=${API_PORT}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    `--tls-cert-file=${certificate}`,
    `--tls-private-key-file=${key}`,
    '--cert-dir=/var/lib/kube-apiserver',
    `--token-auth-file=${PKI}/tokens.csv`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${PKI}/service-accounts.key`,
    `--service-account-signing-key-file=${PKI}/service-accounts.key`,
    // No pod here needs a token, and nothing would make the service accounts of a new namespace.
    '--disable-admission-plugins=ServiceAccount',
    // What a server needs to pass requests on to an aggregated API.
    `--requestheader-client-ca-file=${certificate}`,
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${certificate}`,
    `--proxy-client-key-file=${key}`,
    // There is no kube-proxy: a service's endpoints are called directly.
    '--enable-aggregator-routing=true',
  ];
}
