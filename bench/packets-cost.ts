import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { peerCommands } from '../lab/machines/flannel.ts';
import type { Host } from '../lab/machines/machine.ts';
import { UNDERLAY_BITS } from '../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { packetRound, TRIED_IN_A_ROUND } from '../shared/contract/probe.ts';
import type { Measurement, Progress } from './measurement.ts';
import { addDevice, writeLayOut } from './real-device.ts';
import {
  type HostCost,
  readTimes,
  REFERENCE_MILLISECONDS,
  scriptFor,
  SYSTEM_PATH,
  timing,
} from './shell-times.ts';

const PEERS = 250;

/** What sending packets may add to a run on a host, milliseconds: CPU of a quiet core, and time. */
const MAX_CPU_MS = 100;
const MAX_WALL_MS = 2000;
const MAX_LOST_WALL_MS = 3000;

/** How long one run of the script takes, seconds: the first without packets. */
const TIME_BOTH = `for script in off on; do
  read -r began _ </proc/uptime
  sh $directory/$script.sh >/dev/null
  read -r ended _ </proc/uptime
  echo "took $began $ended"
done`;

/**
 * What packets add to the script on a host with 250 peers, of which those that it tries are hosts of their own, on
 * a bridge: three by round and one suspect, answering, and lost behind a firewall.
 */
export async function measurePackets(progress: Progress): Promise<readonly Measurement[]> {
  const one = { part: 'device', nodes: PEERS + 1 } as const;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    const note = 'left out: needs root on Linux';
    return [{ ...one, what: 'CPU of packets', value: undefined, unit: 'ms', note }];
  }
  const measured: Measurement[] = [];
  for (const [which, fault, longest] of [
    ['', '', MAX_WALL_MS],
    [', all lost', LOSE_ALL, MAX_LOST_WALL_MS],
  ] as const) {
    progress(`packets of a host to ${TRIED_IN_A_ROUND} peers${which}`);
    const { off, on, wall } = await compare(fault);
    measured.push(
      {
        ...one,
        what: `CPU of packets${which}`,
        value: on.cpuMilliseconds - off.cpuMilliseconds,
        unit: 'ms',
      },
      {
        ...one,
        what: `CPU of packets${which} by the reference`,
        value: on.timesReference - off.timesReference,
        unit: 'ratio',
        bound: MAX_CPU_MS / REFERENCE_MILLISECONDS,
      },
      { ...one, what: `time of packets${which}`, value: wall, unit: 'ms', bound: longest },
    );
  }
  return measured;
}

const LOSE_ALL =
  "nft 'add table inet t; add chain inet t input { type filter hook input priority 0; }; add rule inet t input udp dport 8472 drop'";

interface Compared {
  readonly off: HostCost;
  readonly on: HostCost;
  /** What packets add, milliseconds. */
  readonly wall: number;
}

async function compare(fault: string): Promise<Compared> {
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
  try {
    const [host, ...others] = simulatedHosts(PEERS + 1);
    if (host === undefined) throw new Error('A cluster has at least one host.');
    const tried = others.slice(0, TRIED_IN_A_ROUND);
    const wanted = packetRound(0, [tried.at(-1)?.tunnelIp ?? '']);
    await writeFile(path.join(directory, 'off.sh'), await scriptFor('digest'));
    await writeFile(path.join(directory, 'on.sh'), await scriptFor('digest', wanted));
    const commands = [
      'set -e',
      `directory=${directory}`,
      await writeLayOut(directory, PEERS),
      await writePeers(directory, host, tried),
      fault,
      'set +e',
      // A shell counts from its own beginning.
      `(${timing(`${directory}/off.sh`)})`,
      'echo @',
      `(${timing(`${directory}/on.sh`)})`,
      'echo @',
      TIME_BOTH,
    ].join('\n');
    const args = ['--net', '--mount', 'sh', '-c', commands];
    const { stdout } = await promisify(execFile)('unshare', args, { env: { PATH: SYSTEM_PATH } });
    const [off = '', on = '', took = ''] = stdout.split('@\n');
    return { off: readTimes(off), on: readTimes(on), wall: addedTime(took) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function addedTime(said: string): number {
  const [off = NaN, on = NaN] = [...said.matchAll(/^took (\S+) (\S+)$/gm)].map(
    ([, began, ended]) => (Number(ended) - Number(began)) * 1000,
  );
  return on - off;
}

/** Writes what the tried peers hold of the host, and gives the commands that put them on a bridge with it. */
async function writePeers(directory: string, host: Host, peers: readonly Host[]): Promise<string> {
  for (const [name, lines] of Object.entries(peerCommands([host]))) {
    await writeFile(path.join(directory, `own-${name}`), lines.map((line) => `${line}\n`).join(''));
  }
  const others = peers.map(
    (peer, at) => `ip netns add p${at}
ip link add port${at} type veth peer name eth0 netns p${at}
ip link set port${at} master bridge up
ip netns exec p${at} sh -e -c 'ip link set eth0 up
ip addr add ${peer.underlayIp}/${UNDERLAY_BITS} dev eth0
${addDevice(peer)}
ip -batch ${directory}/own-neighbours
bridge -batch ${directory}/own-fdb
ip -batch ${directory}/own-routes'`,
  );
  return [
    'mount -t tmpfs tmpfs /run',
    'ip link add bridge type bridge',
    'ip link set bridge up',
    'ip link set cable master bridge',
    ...others,
  ].join('\n');
}
