import { spawn } from 'node:child_process';
import { furnish, reprogram } from '../flannel.ts';
import {
  assertOwnPath,
  carryOutBatch,
  type Host,
  type Machine,
  type Machines,
  type RunOptions,
} from '../machine.ts';
import { DEFAULT_RUN_SECONDS, feed, outcomeOf } from '../process-end.ts';
import {
  ROSTER,
  UNDERLAY_DEVICE,
  UNDERLAY_MTU_BYTES,
  UNDERLAY_PREFIX_BITS,
  underlayMac,
} from '../roster.ts';
import { HOST_ENVIRONMENT, makeNamespaces, type Namespaces } from './namespaces.ts';

let labs = 0;

/**
 * Makes the hosts as network namespaces with real VXLAN devices. Needs root on Linux, unshare,
 * nsenter and iproute2, and a kernel with veth, bridge, vxlan and overlay; where one is wanting, the
 * error's chain of causes says what was tried and what it answered.
 */
export async function realMachines(): Promise<Machines> {
  if (process.platform !== 'linux') throw new Error(`this is ${process.platform}, not Linux`);
  if (process.getuid?.() !== 0) throw new Error('only root may make network namespaces');

  labs += 1;
  const title = `vtepwatch-${process.pid}-${labs}`;
  const made: Namespaces[] = [];
  const make = async (name: string): Promise<Namespaces> => {
    const namespaces = await makeNamespaces(`${title}-${name}`, name);
    made.push(namespaces);
    return namespaces;
  };

  // Process exit can wait for nothing, and the holders would outlive this process by a moment.
  const killAll = (): void => made.forEach((namespaces) => namespaces.kill());
  process.once('exit', killAll);
  const close = async (): Promise<void> => {
    await Promise.all(made.map((namespaces) => namespaces.release()));
    process.removeListener('exit', killAll);
  };

  try {
    return { kind: 'real', machines: await bringUp(make), close };
  } catch (cause) {
    await close();
    throw new Error('making real hosts in network namespaces', { cause });
  }
}

async function bringUp(make: (name: string) => Promise<Namespaces>): Promise<readonly Machine[]> {
  const makingLan = make('lan');
  const makingEnds = ROSTER.map(async (host) => ({ host, namespaces: await make(host.name) }));
  // All are waited for, lest one be made after the failure of another has closed the rest.
  await Promise.allSettled([makingLan, ...makingEnds]);

  const ends = await Promise.all(makingEnds);
  await layUnderlay(await makingLan, ends);
  return Promise.all(ends.map(({ host, namespaces }) => programmed(host, namespaces)));
}

async function programmed(host: Host, namespaces: Namespaces): Promise<Machine> {
  const machine = realMachine(host, namespaces);
  await carryOutBatch(machine, 'ip', underlayAddress(host));
  await reprogram(machine);
  await furnish(machine);
  return machine;
}

/** Makes the directories above the file that is its first argument, and the file from its input. */
const WRITE_SCRIPT = 'mkdir -p -- "${1%/*}" && cat >"$1"';

/** A host whose programs run inside its namespaces. */
export function realMachine(host: Host, namespaces: Namespaces): Machine {
  const run = (command: readonly string[], options: RunOptions = {}): ReturnType<Machine['run']> =>
    outcomeOf(namespaces.spawn(command, options), {
      what: `running ${command.join(' ')} on ${host.name}`,
      timeoutSeconds: options.timeoutSeconds ?? DEFAULT_RUN_SECONDS,
    });

  return {
    ...host,
    spawn: (command, options) => namespaces.spawn(command, options),
    run,
    async write(path, text) {
      assertOwnPath(host.name, path);
      const { exit, stderr } = await run(['sh', '-c', WRITE_SCRIPT, 'sh', path], { stdin: text });
      if (exit !== 0) throw new Error(`writing ${path} on ${host.name}: ${stderr.trim()}`);
    },
  };
}

const BRIDGE = 'lan';
const LAY_SECONDS = 10;

/** Joins the hosts by a bridge in the namespaces `lan`, each by its own cable. */
async function layUnderlay(
  lan: Namespaces,
  ends: readonly { readonly host: Host; readonly namespaces: Namespaces }[],
): Promise<void> {
  const cables = ends.flatMap(({ host, namespaces }) => [
    `link add ${host.name} mtu ${UNDERLAY_MTU_BYTES} type veth peer name ${UNDERLAY_DEVICE} address ${underlayMac(host.underlayIp)} mtu ${UNDERLAY_MTU_BYTES} netns ${namespaces.pid}`,
    `link set ${host.name} master ${BRIDGE} up`,
  ]);
  const lines = [`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`, ...cables];
  // Only the network is entered: `netns` takes process ids as they are outside.
  await batchInNetwork(lan, lines, 'joining the hosts by veth pairs and a bridge');
}

/** The commands, for `ip -batch`, that bring a host's end of the cable up. */
function underlayAddress(host: Host): readonly string[] {
  return [
    'link set lo up',
    `addr replace ${host.underlayIp}/${UNDERLAY_PREFIX_BITS} dev ${UNDERLAY_DEVICE}`,
    `link set ${UNDERLAY_DEVICE} up`,
  ];
}

/** Runs the commands of `ip -batch` in these namespaces' network, which alone is entered. */
export async function batchInNetwork(
  namespaces: Namespaces,
  lines: readonly string[],
  what: string,
): Promise<void> {
  const child = spawn(
    'nsenter',
    [`--net=/proc/${namespaces.pid}/ns/net`, '--', 'ip', '-batch', '-'],
    {
      cwd: '/',
      detached: true,
      env: HOST_ENVIRONMENT,
    },
  );
  feed(child, lines.map((line) => `${line}\n`).join(''));
  const { exit, stderr } = await outcomeOf(child, { what, timeoutSeconds: LAY_SECONDS });
  if (exit !== 0) throw new Error(`${what}: exit ${exit}: ${stderr.trim()}`);
}
