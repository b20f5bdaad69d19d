/**
 * `node bench/node-list.ts [SIZE...]`: what one run's node list costs a master, against a real API server.
 * It needs etcd, and what the tests of real parts have built (`test/real/build/build.sh`).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { checkParameters, readDocument, scriptOf } from '../lab/aws/ssm/document.ts';
import {
  ADMIN_KUBECONFIG_PATH,
  API_SERVER_MANIFEST_PATH,
  apiServerManifest,
  kubeconfig,
  makeCertificate,
} from '../lab/control-plane/access.ts';
import { nodeObjects } from '../lab/control-plane/objects.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { readProbeDocument } from '../lab/probe-script.ts';
import {
  bucketOf,
  leafChecksum,
  leafOf,
  NODE_BUCKETS,
  NODE_LEAVES,
  WHOLE_LIST_NODES,
} from '../shared/contract/node-list.ts';
import { partsToFetch } from '../shared/core/nodes/parts.ts';
import { NO_LIST } from '../shared/core/nodes/remembered-list.ts';
import { usageOf } from './process-usage.ts';

const SIZES = [5, 1000, 5000] as const;
const HOST = '127.0.0.1';
const PORTS = { api: 36_443, etcd: 32_379, peers: 32_380 } as const;
const TOKEN = 'administrator';
/** Node objects of large clusters have some 15 kB, most of it the names of images. */
const IMAGE_BYTES = 12_500;
const REPEATS = 3;

interface Programs {
  readonly etcd: string;
  readonly api: string;
  readonly kubectl: string;
}

/** A master of a cluster of its own. */
interface Master {
  /** Answers with the status; throws where the server refuses. */
  readonly call: (method: string, resource: string, body: object) => Promise<void>;
  readonly script: (action: string, wanted?: string) => Promise<Cost>;
  readonly close: () => Promise<void>;
}

/** What one run of the script costs. */
interface Cost {
  readonly bytes: number;
  readonly hostMilliseconds: number;
  readonly apiMilliseconds: number;
}

async function findPrograms(): Promise<Programs> {
  const build = path.join(import.meta.dirname, '../test/real/build/build.sh');
  const { stdout } = await promisify(execFile)(build);
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const of = (name: string): string => lines.find(([first]) => first === name)?.[2] ?? '';
  return { etcd: of('etcd'), api: of('kube-apiserver'), kubectl: of('kubectl') };
}

async function startMaster(programs: Programs): Promise<Master> {
  const root = await mkdtemp(path.join(tmpdir(), 'vtepwatch-node-list-'));
  const tls = await makeCertificate([HOST]);
  const server = `https://${HOST}:${PORTS.api}`;
  const files = {
    [ADMIN_KUBECONFIG_PATH]: kubeconfig({ server, tls, token: TOKEN }),
    [API_SERVER_MANIFEST_PATH]: apiServerManifest({ host: HOST, port: PORTS.api }),
    '/pki/tls.crt': tls.certificate,
    '/pki/tls.key': tls.key,
    '/pki/accounts.key': accountsKey(),
    '/pki/tokens.csv': `${TOKEN},administrator,1,system:masters\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  await symlink('/proc', path.join(root, 'proc'));
  await mkdir(path.join(root, 'bin'));
  await symlink(programs.kubectl, path.join(root, 'bin/kubectl'));
  const etcd = `http://${HOST}:${PORTS.etcd}`;
  const peers = `http://${HOST}:${PORTS.peers}`;
  const daemons = [
    spawn(
      programs.etcd,
      [
        `--data-dir=${root}/etcd`,
        `--listen-client-urls=${etcd}`,
        `--advertise-client-urls=${etcd}`,
        `--listen-peer-urls=${peers}`,
        '--unsafe-no-fsync',
      ],
      { stdio: 'ignore' },
    ),
    spawn(programs.api, serverOptions(`${root}/pki`, etcd), { stdio: 'ignore' }),
  ] as const;
  const [, api] = daemons;
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: tls.certificate });
  const master: Master = {
    call: async (method, resource, body) => {
      const status = await answer(agent, { method, path: resource, body: JSON.stringify(body) });
      if (status >= 300) throw new Error(`${method} ${resource}: ${status}`);
    },
    script: async (action, wanted = '') => await costOf({ root, api }, action, wanted),
    close: async () => {
      agent.destroy();
      for (const daemon of daemons.toReversed()) await end(daemon);
      await rm(root, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < 300; tries++) {
    const status = await answer(agent, { method: 'GET', path: '/readyz' }).catch(() => 0);
    if (status === 200) return master;
    await sleep(200);
  }
  await master.close();
  throw new Error('the API server was not ready within a minute');
}

function accountsKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function serverOptions(pki: string, etcd: string): readonly string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--advertise-address=${HOST}`,
    `--bind-address=${HOST}`,
    `--secure-port=${PORTS.api}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    `--tls-cert-file=${pki}/tls.crt`,
    `--tls-private-key-file=${pki}/tls.key`,
    `--token-auth-file=${pki}/tokens.csv`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki}/accounts.key`,
    `--service-account-signing-key-file=${pki}/accounts.key`,
    '--disable-admission-plugins=ServiceAccount',
    `--cert-dir=${pki}`,
    '--endpoint-reconciler-type=none',
  ];
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const closed = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), 10_000);
  await closed;
  clearTimeout(timer);
}

async function answer(
  agent: Agent,
  asked: { readonly method: string; readonly path: string; readonly body?: string },
): Promise<number> {
  const type = asked.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
  const { method, path: resource } = asked;
  const sent = request({ agent, host: HOST, port: PORTS.api, method, path: resource, headers });
  sent.end(asked.body);
  const [response] = await once(sent, 'response');
  await text(response);
  return Number(response.statusCode);
}

/** Runs the script as the agent would, and returns what it and the API server have used meanwhile. */
async function costOf(
  { root, api }: { readonly root: string; readonly api: ChildProcess },
  action: string,
  wanted: string,
): Promise<Cost> {
  const document = readDocument('vtepwatch-Probe', await readProbeDocument());
  const parameters = { Action: [action], ...(wanted === '' ? {} : { Wanted: [wanted] }) };
  const script = path.join(root, 'script.sh');
  await writeFile(script, scriptOf(document, checkParameters(document, parameters)));
  const env = {
    PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    VTEPWATCH_ROOT: root,
    LC_ALL: 'C',
  };
  const before = await cpuOf(api);
  const began = performance.now();
  const { stdout } = await promisify(execFile)('sh', ['-c', `sh ${script} >${script}.out; times`], {
    env,
  });
  // The server works on for a moment after its answer.
  await sleep(300);
  const took = performance.now() - began;
  const used = (await cpuOf(api)) - before;
  await sleep(took);
  const idle = (await cpuOf(api)) - before - used;
  const times = stdout.trim().split('\n').at(-1) ?? '';
  const seconds = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return {
    bytes: (await readFile(`${script}.out`)).length,
    hostMilliseconds: seconds.reduce((sum, one) => sum + one, 0) * 1000,
    apiMilliseconds: Math.max(0, used - idle),
  };
}

async function cpuOf({ pid = 0 }: ChildProcess): Promise<number> {
  return (await usageOf(pid))?.cpuMilliseconds ?? 0;
}

async function measure(programs: Programs, size: number): Promise<readonly string[]> {
  const master = await startMaster(programs);
  try {
    const names = await fill(master, size);
    await master.script('nodes');
    const unchanged: Cost[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) unchanged.push(await master.script('nodes'));
    const changed = names.slice(0, Math.max(1, Math.round(size / 100)));
    for (const name of changed) {
      await master.call('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable: true } });
    }
    await sleep(1000);
    const parts = partsOf(names, changed);
    const fetched: Cost[] = [await master.script('nodes')];
    for (const part of parts) fetched.push(await master.script('nodes-part', part));
    // Two of the answer's beginnings, two of what stands behind it, and of each part one to send and to poll.
    const calls = 2 + 2 + parts.length * 4;
    return [
      lineOf(size, 'unchanged', { cost: mean(unchanged), parts: 0, calls: 2 }),
      lineOf(size, `${changed.length} changed`, {
        cost: sumOf(fetched),
        parts: parts.length,
        calls,
      }),
    ];
  } finally {
    await master.close();
  }
}

async function fill(master: Master, size: number): Promise<readonly string[]> {
  const nodes = nodeObjects(simulatedHosts(size, Math.min(3, size)), Date.now(), IMAGE_BYTES);
  const waiting = [...nodes];
  const worker = async (): Promise<void> => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const { name, labels, annotations } = node.metadata;
      const object = { ...node, metadata: { name, labels, annotations } };
      await master.call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', ...object });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return nodes.map(({ metadata }) => metadata.name);
}

/** What the function asks for, which knows the list as it was before these nodes changed. */
function partsOf(names: readonly string[], changed: readonly string[]): readonly string[] {
  const count = names.length;
  if (count <= WHOLE_LIST_NODES) return [];
  const isChanged = new Set(changed);
  const before = linesBy(names, (name) => `node ${name}`);
  const after = linesBy(names, (name) => `node ${name}${isChanged.has(name) ? ' off' : ''}`);
  const from = [{ instanceId: 'master', node: 'master' }];
  const buckets = [...new Set(changed.map(bucketOf))];
  const remembered = {
    ...NO_LIST,
    buckets: NO_LIST.buckets.map((_, bucket) =>
      before.filter(({ leaf }) => leaf % NODE_BUCKETS === bucket).map(({ line }) => line),
    ),
  };
  const leaves = Array.from({ length: NODE_LEAVES }, (_, leaf) =>
    leafChecksum(after.filter((one) => one.leaf === leaf).map(({ line }) => line)),
  );
  return partsToFetch(
    buckets.map((bucket) => ({ bucket, from })),
    remembered,
    { count, leaves: new Map([['master', leaves]]) },
  ).map(({ wanted }) => wanted);
}

type Lines = readonly { readonly leaf: number; readonly line: string }[];

function linesBy(names: readonly string[], write: (name: string) => string): Lines {
  return names.map((name) => ({ leaf: leafOf(name), line: write(name) }));
}

function sumOf(costs: readonly Cost[]): Cost {
  return {
    bytes: costs.reduce((total, { bytes }) => total + bytes, 0),
    hostMilliseconds: costs.reduce((total, one) => total + one.hostMilliseconds, 0),
    apiMilliseconds: costs.reduce((total, one) => total + one.apiMilliseconds, 0),
  };
}

function mean(costs: readonly Cost[]): Cost {
  const { bytes, hostMilliseconds, apiMilliseconds } = sumOf(costs);
  const { length } = costs;
  return {
    bytes: bytes / length,
    hostMilliseconds: hostMilliseconds / length,
    apiMilliseconds: apiMilliseconds / length,
  };
}

function lineOf(
  size: number,
  what: string,
  { cost, parts, calls }: { readonly cost: Cost; readonly parts: number; readonly calls: number },
): string {
  const cells = [
    size,
    what,
    parts,
    calls,
    Math.round(cost.bytes),
    Math.round(cost.hostMilliseconds),
    Math.round(cost.apiMilliseconds),
  ];
  return cells.map((cell) => String(cell).padStart(12)).join('');
}

const sizes = process.argv.slice(2).map(Number);
const built = await findPrograms();
const heading = ['nodes', 'list', 'parts', 'calls', 'bytes', 'host ms', 'API ms'];
process.stdout.write(`${heading.map((cell) => cell.padStart(12)).join('')}\n`);
for (const size of sizes.length === 0 ? SIZES : sizes) {
  for (const one of await measure(built, size)) process.stdout.write(`${one}\n`);
}
