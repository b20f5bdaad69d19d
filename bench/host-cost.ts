import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { programmed } from '../lab/machines/flannel.ts';
import type { Host } from '../lab/machines/machine.ts';
import { DEVICE_INDEX } from '../lab/machines/simulated/answers.ts';
import { UNDERLAY_BITS } from '../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { printed } from '../lab/machines/simulated/records.ts';
import { type Table, TABLES } from '../shared/contract/causes.ts';
import type { Measurement, Progress } from './measurement.ts';
import {
  type HostCost,
  ratioBound,
  readTimes,
  scriptFor,
  SYSTEM_PATH,
  timing,
} from './shell-times.ts';

/** What `ListCommandInvocations` has room for of each host. */
const ANSWER_BYTES = 2500;

/** The script on a host whose `ip` and `bridge` print from files what so many peers make. */
export async function measureHost(
  nodes: number,
  progress: Progress,
): Promise<readonly Measurement[]> {
  progress(`the script on a host of ${nodes} nodes`);
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
  try {
    const tools = await furnish(directory, nodes);
    const digest = await cost(directory, tools);
    const one = { part: 'scale', nodes } as const;
    return [
      {
        ...one,
        what: 'answer of a host',
        value: digest.answerBytes,
        unit: 'B',
        bound: ANSWER_BYTES,
      },
      {
        ...one,
        what: 'CPU of the script',
        value: digest.cpuMilliseconds,
        unit: 'ms',
      },
      {
        ...one,
        what: 'CPU of the script by the reference',
        value: digest.timesReference,
        unit: 'ratio',
        bound: ratioBound(nodes - 1),
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function cost(directory: string, tools: string): Promise<HostCost> {
  const script = path.join(directory, 'digest.sh');
  await writeFile(script, await scriptFor('digest'));
  const env = { PATH: `${tools}:${SYSTEM_PATH}` };
  const { stdout } = await promisify(execFile)('sh', ['-c', timing(script)], { env });
  return readTimes(stdout);
}

/** Writes what the host's tables print, and gives the directory of the programs that print it. */
async function furnish(directory: string, nodes: number): Promise<string> {
  const [host, ...peers] = simulatedHosts(nodes);
  if (host === undefined) throw new Error('A cluster has at least one host.');
  const texts = {
    ...Object.fromEntries(TABLES.map((table) => [table, tableText(table, peers)])),
    link: linkText(host),
    address: addressText(host),
  };
  for (const [name, text] of Object.entries(texts))
    await writeFile(path.join(directory, name), text);
  const tools = path.join(directory, 'tools');
  await mkdir(tools);
  await writeProgram(path.join(tools, 'ip'), ipProgram(directory));
  await writeProgram(path.join(tools, 'bridge'), bridgeProgram(directory));
  return tools;
}

function tableText(table: Table, peers: readonly Host[]): string {
  return peers.map((peer) => `${printed(programmed[table](peer))}\n`).join('');
}

function linkText({ vtepMac, underlayIp }: Host): string {
  return (
    `${DEVICE_INDEX}: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue ` +
    `\\    link/ether ${vtepMac} brd ff:ff:ff:ff:ff:ff vxlan id 1 local ${underlayIp} ` +
    'dev eth0 srcport 0 0 dstport 8472 nolearning\n'
  );
}

function addressText({ underlayIp, tunnelIp }: Host): string {
  return (
    `2: eth0    inet ${underlayIp}/${UNDERLAY_BITS} scope global eth0\n` +
    `${DEVICE_INDEX}: flannel.1    inet ${tunnelIp}/32 scope global flannel.1\n`
  );
}

function ipProgram(directory: string): string {
  return `case "$*" in
-V) echo 'ip utility, iproute2-6.1.0, libbpf 1.1.2' ;;
*link*) exec cat ${directory}/link ;;
*addr*) exec cat ${directory}/address ;;
*neigh*) exec cat ${directory}/neighbour ;;
*-4*) exec cat ${directory}/route ;;
esac`;
}

function bridgeProgram(directory: string): string {
  return `case "$*" in
-V) echo 'bridge utility, 6.1.0' ;;
*) exec cat ${directory}/fdb ;;
esac`;
}

async function writeProgram(file: string, text: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
}
