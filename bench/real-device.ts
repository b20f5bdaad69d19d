import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { peerCommands } from '../lab/machines/flannel.ts';
import type { Host } from '../lab/machines/machine.ts';
import { UNDERLAY_BITS } from '../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import type { Measurement, Progress } from './measurement.ts';
import {
  type HostCost,
  ratioBound,
  readTimes,
  scriptFor,
  SYSTEM_PATH,
  timing,
} from './shell-times.ts';

const DEVICE_PEERS = [250, 5000] as const;

/** The script on a real device with real entries, in network namespaces that end with it. */
export async function measureDevice(progress: Progress): Promise<readonly Measurement[]> {
  const measured: Measurement[] = [];
  for (const peers of DEVICE_PEERS) {
    progress(`the script on a real device with ${peers} peers`);
    const one = { part: 'device', nodes: peers + 1 } as const;
    const what = 'CPU of the script';
    if (process.platform !== 'linux' || process.getuid?.() !== 0) {
      const note = 'left out: needs root on Linux';
      measured.push({ ...one, what, value: undefined, unit: 'ms', note });
      continue;
    }
    const { cpuMilliseconds, timesReference, answerBytes } = await cost(peers);
    const bound = ratioBound(peers);
    measured.push(
      { ...one, what, value: cpuMilliseconds, unit: 'ms' },
      { ...one, what: `${what} by the reference`, value: timesReference, unit: 'ratio', bound },
      { ...one, what: 'answer of the host', value: answerBytes, unit: 'B', bound: 2500 },
    );
  }
  return measured.toSorted((one, other) => one.what.localeCompare(other.what));
}

async function cost(peers: number): Promise<HostCost> {
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
  try {
    const script = path.join(directory, 'script.sh');
    await writeFile(script, await scriptFor('digest'));
    const layOut = await writeLayOut(directory, peers);
    const commands = `set -e\n${layOut}\nset +e\n${timing(script)}`;
    // With the namespace the device and its entries go, however this ends.
    const args = ['--net', '--mount', 'sh', '-c', commands];
    const { stdout } = await promisify(execFile)('unshare', args, { env: { PATH: SYSTEM_PATH } });
    return readTimes(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes what `ip` and `bridge` are to carry out, and gives the commands that do it all. */
export async function writeLayOut(directory: string, peers: number): Promise<string> {
  const [host, ...others] = simulatedHosts(peers + 1);
  if (host === undefined) throw new Error('A cluster has at least one host.');
  for (const [name, lines] of Object.entries(peerCommands(others))) {
    await writeFile(path.join(directory, name), lines.map((line) => `${line}\n`).join(''));
  }
  return `ip link set lo up
ip link add eth0 type veth peer name cable
ip addr add ${host.underlayIp}/${UNDERLAY_BITS} dev eth0
ip link set cable up
ip link set eth0 up
${addDevice(host)}
ip -batch ${directory}/neighbours
bridge -batch ${directory}/fdb
ip -batch ${directory}/routes`;
}

/** Commands that make a host's own device. */
export function addDevice({ underlayIp, tunnelIp, vtepMac }: Host): string {
  const vxlan = `type vxlan id 1 local ${underlayIp} dev eth0 dstport 8472 nolearning`;
  return `ip link add flannel.1 address ${vtepMac} mtu 1450 ${vxlan}
ip addr add ${tunnelIp}/32 dev flannel.1
ip link set flannel.1 up`;
}
