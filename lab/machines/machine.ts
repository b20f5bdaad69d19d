import type { ChildProcess } from 'node:child_process';

/** What is true of a host of the lab's cluster, whatever it is made of. */
export interface Host {
  /** Its host name and its name in the cluster: `master1`. */
  readonly name: string;
  /** Its SSM managed-node id, `^mi-\w{17}$`. */
  readonly instanceId: string;
  readonly master: boolean;
  readonly underlayIp: string;
  /** The network address of `podCidr`, as flannel has it. */
  readonly tunnelIp: string;
  readonly podCidr: string;
  readonly vtepMac: string;
  /** What flannel has published of it. Default: `underlayIp`. */
  readonly publicIp?: string;
  /** Whether flannel has annotated its node. Default: it has. */
  readonly isAnnotated?: false;
  /** The zone of a cloud that its node is labelled with. */
  readonly zone?: string;
}

/** What a program on a machine is given beside its arguments. */
export interface SpawnOptions {
  /** Added to the machine's own environment; nothing else is inherited from the lab. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is then closed. Without it the input is empty. */
  readonly stdin?: string;
}

export interface RunOptions extends SpawnOptions {
  /** The program and all it started are killed after this long. Default 30. */
  readonly timeoutSeconds?: number;
}

export interface Outcome {
  /** The exit code: 127 where there is no such program, 126 where it may not be run, 128 and the
   * signal's number where a signal ended it. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine extends Host {
  /** Starts a program on this machine as its root: its network, host name and file system. It leads
   * a process group of its own: `process.kill(-child.pid, …)` reaches all it started. Its standard
   * output and error are pipes, its standard input is one if `stdin` is given. */
  spawn(command: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program to its end. One that outlives its time or floods its output is an error; any
   * exit code is an outcome. */
  run(command: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Writes a file on the machine's own file system, and the directories above it. The path is
   * absolute, as the machine sees it, and below `/etc`, `/var/lib` or `/usr/local`: the rest of a
   * real machine's files are those of the computer that the lab runs on. */
  write(path: string, text: string): Promise<void>;
}

/** A host that is simulated: nothing runs on it, and it knows what the script would print. */
export interface SimulatedHost extends Host {
  /** Standard output of a command with these parameters, for each of which there is a value. */
  answer(parameters: ReadonlyMap<string, string>): string;
}

/** The lab's hosts on one underlay. */
export interface Machines {
  /** `real`: Linux hosts in namespaces. `modelled`: directories with fake `ip` and `bridge`. */
  readonly kind: 'real' | 'modelled';
  readonly machines: readonly Machine[];
  /** Ends every program and removes all that was made. May be called again. */
  close(): Promise<void>;
}

export function machineNamed({ machines }: Machines, name: string): Machine {
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`looking for ${name}: no such machine in the lab`);
  return machine;
}

/** Runs a command that must succeed on a machine: what cannot be carried out is an error. Its words
 * are parted by single spaces. */
export async function carryOut(machine: Machine, command: string): Promise<void> {
  const { exit, stderr } = await machine.run(command.split(' '));
  if (exit !== 0) {
    throw new Error(`running ${command} on ${machine.name}: exit ${exit}: ${stderr.trim()}`);
  }
}

/** Carries out many commands of one program as one process, in their order. `ip` and `bridge` stop
 * at the first that fails. */
export async function carryOutBatch(
  machine: Machine,
  program: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> {
  const stdin = lines.map((line) => `${line}\n`).join('');
  const { exit, stderr } = await machine.run([program, '-batch', '-'], { stdin });
  if (exit !== 0) {
    throw new Error(
      `running ${program} -batch on ${machine.name}: exit ${exit}: ${stderr.trim()}`,
      {
        cause: new Error(stdin),
      },
    );
  }
}

/** What of a machine's files is its own. */
const OWN_DIRECTORIES = ['/etc/', '/var/lib/', '/usr/local/'] as const;

/** Refuses a path that is not the machine's own, or that leads out of it. */
export function assertOwnPath(machine: string, path: string): void {
  const own = OWN_DIRECTORIES.some((directory) => path.startsWith(directory));
  if (!own || path.split('/').includes('..')) {
    throw new Error(`writing ${path} on ${machine}: not below ${OWN_DIRECTORIES.join(', ')}`);
  }
}
